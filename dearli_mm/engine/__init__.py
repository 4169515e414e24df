from . import hooks, log_processor, loops, optim, runner

__all__ = ['hooks', 'log_processor', 'loops', 'optim', 'runner']
