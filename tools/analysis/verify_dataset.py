"""Checks all data of a config: one line per problem, exit code 1 if any."""
import argparse

from dearli_mm.diagnostics.verify import summary, verify_dataset


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config')
    parser.add_argument('--workers', type=int, default=4, help='processes')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    try:
        problems = verify_dataset(args.config, args.workers)
    except (OSError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None
    for problem in problems:
        print(f'PROBLEM {problem}')
    print(summary(problems))
    raise SystemExit(1 if problems else 0)


if __name__ == '__main__':
    main()
