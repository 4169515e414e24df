"""Measures what one loader worker makes per second, transform by transform."""
import argparse


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='its training pipelines are measured, '
                        'on its data')
    parser.add_argument('--images', type=int, default=16)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--out', help='also write JSON, to this file')
    return parser.parse_args()


def main(args: argparse.Namespace) -> None:
    from dearli_mm.diagnostics.loader_speed import (measure_loader_speed,
                                                    speed_table)
    from dearli_mm.utils.atomic import write_text
    result = measure_loader_speed(args.config, args.images, args.rounds)
    print(speed_table(result))
    if args.out:
        write_text(args.out, result.reset_index().to_json(
            orient='records', indent=1))
        print(f'wrote {args.out}')


if __name__ == '__main__':
    arguments = parse_args()
    # Only now: this takes seconds, for which --help need not wait.
    from dearli_mm.utils.command_line import command_line
    with command_line():
        main(arguments)
