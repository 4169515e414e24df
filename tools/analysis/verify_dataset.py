"""Checks all data of a config: one line per problem, exit code 1 if any."""
import argparse

from dearli_mm.diagnostics.verify import summary, verify_dataset
from dearli_mm.utils.command_line import command_line


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config')
    parser.add_argument('--workers', type=int, default=4, help='processes')
    return parser.parse_args()


@command_line()
def main() -> None:
    args = parse_args()
    problems = verify_dataset(args.config, args.workers)
    for problem in problems:
        print(f'PROBLEM {problem}')
    print(summary(problems))
    raise SystemExit(1 if problems else 0)


if __name__ == '__main__':
    main()
