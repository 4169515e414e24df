from .amp_optim_wrapper import AmpOptimWrapper
from .grouped_constructor import GroupedOptimWrapperConstructor

__all__ = ['AmpOptimWrapper', 'GroupedOptimWrapperConstructor']
