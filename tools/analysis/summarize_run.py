"""Print the validation results of a run, one line per iteration."""
import argparse

from dearli_mm.benchmark.run_logs import summarize_run


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('work_dir', help='the --work-dir of the run')
    parser.add_argument(
        '--metrics',
        nargs='+',
        default=['PQ', 'mIoU'],
        help='names without prefix (default: PQ mIoU)')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    try:
        print(summarize_run(args.work_dir, args.metrics))
    except FileNotFoundError as error:
        raise SystemExit(f'error: {error}') from None


if __name__ == '__main__':
    main()
