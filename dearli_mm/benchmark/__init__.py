"""Benchmarks: methods x label fractions x seeds, run and reported."""
from .checks import examine
from .grid import GridError, read_grid
from .jobs import Grid, Job
from .report import write_report
from .run import run_benchmark, select_jobs, state_table

__all__ = [
    'Grid', 'GridError', 'Job', 'examine', 'read_grid', 'run_benchmark',
    'select_jobs', 'state_table', 'write_report'
]
