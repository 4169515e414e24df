"""Run a grid of trainings (methods x label fractions x seeds) and report.

Stops and starts at will: finished runs are not repeated, broken ones go on
from their checkpoint, a failed one does not stop the others. docs/benchmark.md
describes the grid file.
"""
import argparse
import signal
import sys
from pathlib import Path


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('grid', help='the grid file')
    parser.add_argument('--work-dir', help="in place of the grid's own")
    parser.add_argument(
        '--only', nargs='+', default=[], metavar='PATTERN',
        help="jobs to run, such as 'dear*/12/*'; steps that they need run too")
    parser.add_argument('--jobs', type=int, help='how many runs at once '
                        '(default: one per GPU of --gpus, else 1)')
    parser.add_argument('--gpus', help='numbers of GPUs that the runs are '
                        'given in turn, such as 0,1')
    parser.add_argument(
        '--slurm', metavar='OPTIONS', help='submit to SLURM instead; options '
        "of sbatch, such as 'PARTITION --gres=gpu:1 --time=2-0'")
    parser.add_argument('--every', type=float, default=60, metavar='SECONDS',
                        help='between lines of progress (default: 60)')
    parser.add_argument('--pictures', type=int, default=4, metavar='N',
                        help='images in the report; 0 for none (default: 4)')
    what = parser.add_mutually_exclusive_group()
    what.add_argument('--dry-run', action='store_true',
                      help='print the jobs and their states, and check '
                      'all that they name')
    what.add_argument('--report-only', action='store_true')
    what.add_argument('--no-report', action='store_true')
    args = parser.parse_args()
    if args.jobs is not None and args.jobs < 1:
        parser.error(f'--jobs {args.jobs}: at least one')
    return args


def main(args: argparse.Namespace) -> int:
    from dearli_mm.benchmark import (examine, read_grid, run_benchmark,
                                     select_jobs, state_table, write_report)
    # A cluster ends jobs so; Ctrl-C is handled already.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    script = Path(__file__).resolve()
    trainer = [sys.executable, str(script.with_name('train.py'))]
    grid = read_grid(args.grid, trainer, args.work_dir)
    jobs = select_jobs(grid, args.only)
    if args.dry_run:
        print(state_table(jobs))
        examine(grid, jobs)
        return 0
    gpus = args.gpus.split(',') if args.gpus else []
    runner = [sys.executable, str(script), args.grid, '--work-dir',
              str(grid.work_dir), '--no-report']
    well = args.report_only or run_benchmark(
        grid, jobs, args.jobs or max(1, len(gpus)), gpus, args.slurm, runner,
        args.every)
    if not args.no_report and args.slurm is None:
        print(f'report: {write_report(grid, args.pictures)}')
    return int(not well)


if __name__ == '__main__':
    arguments = parse_args()
    # Only now: this takes seconds, for which --help need not wait.
    from dearli_mm.utils.command_line import command_line
    with command_line('the same command goes on'):
        sys.exit(main(arguments))
