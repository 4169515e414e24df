from . import hooks, loops, optim, runner

__all__ = ['hooks', 'loops', 'optim', 'runner']
