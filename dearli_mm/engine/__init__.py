from . import (checkpoint_loading, hooks, log_processor, loops, optim,
               runner)

__all__ = ['checkpoint_loading', 'hooks', 'log_processor', 'loops', 'optim',
           'runner']
