"""Print the validation results of a run, one line per iteration."""
import argparse


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('work_dir', help='the --work-dir of the run')
    parser.add_argument(
        '--metrics',
        nargs='+',
        default=['PQ', 'mIoU'],
        help='names without prefix (default: PQ mIoU)')
    return parser.parse_args()


def main(args: argparse.Namespace) -> None:
    from dearli_mm.benchmark.run_logs import summarize_run
    print(summarize_run(args.work_dir, args.metrics))


if __name__ == '__main__':
    arguments = parse_args()
    # Only now: this takes seconds, for which --help need not wait.
    from dearli_mm.utils.command_line import command_line
    with command_line():
        main(arguments)
