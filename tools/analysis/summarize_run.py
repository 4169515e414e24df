"""Print the validation results of a run, one line per iteration."""
import argparse

from dearli_mm.benchmark.run_logs import summarize_run
from dearli_mm.utils.command_line import command_line


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('work_dir', help='the --work-dir of the run')
    parser.add_argument(
        '--metrics',
        nargs='+',
        default=['PQ', 'mIoU'],
        help='names without prefix (default: PQ mIoU)')
    return parser.parse_args()


@command_line()
def main() -> None:
    args = parse_args()
    print(summarize_run(args.work_dir, args.metrics))


if __name__ == '__main__':
    main()
