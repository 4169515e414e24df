"""Checks all data of a config: one line per problem, exit code 1 if any."""
import argparse


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config')
    parser.add_argument('--workers', type=int, default=4, help='processes')
    return parser.parse_args()


def main(args: argparse.Namespace) -> None:
    from dearli_mm.diagnostics.verify import summary, verify_dataset
    problems = verify_dataset(args.config, args.workers)
    for problem in problems:
        print(f'PROBLEM {problem}')
    print(summary(problems))
    raise SystemExit(1 if problems else 0)


if __name__ == '__main__':
    arguments = parse_args()
    # Only now: this takes seconds, for which --help need not wait.
    from dearli_mm.utils.command_line import command_line
    with command_line():
        main(arguments)
