"""Tells what memory a training step needs, without a GPU and any images."""
import argparse
import json
import logging


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='with a model of type DEARLi')
    parser.add_argument('--crop', type=int, help="default: the config's")
    parser.add_argument(
        '--labeled', type=int, help="images per step; default: the config's")
    parser.add_argument(
        '--unlabeled', type=int, help="default: the config's")
    parser.add_argument(
        '--segments', type=int, default=12,
        help='per image, on average (default: 12)')
    parser.add_argument('--bf16', action='store_true', help='as with --amp')
    parser.add_argument(
        '--checkpointing', action='store_true', help='panoptic_head.with_cp')
    parser.add_argument('--out', help='also write JSON, to this file')
    return parser.parse_args()


def main(args: argparse.Namespace) -> None:
    from mmengine.config import Config

    from dearli_mm.diagnostics.memory_plan import plan_memory, plan_table
    from dearli_mm.diagnostics.sizes import StepSizes
    from dearli_mm.utils.atomic import write_text
    logging.disable(logging.WARNING)  # of weights that are not loaded
    config = Config.fromfile(args.config)
    given = {name: getattr(args, name)
             for name in ('crop', 'labeled', 'unlabeled', 'segments')}
    sizes = StepSizes.of_config(config, **{
        name: value for name, value in given.items() if value is not None})
    plan = plan_memory(config, sizes, args.bf16, args.checkpointing)
    print(plan_table(plan, sizes))
    if args.out:
        write_text(args.out, json.dumps(plan, indent=2))
        print(f'wrote {args.out}')


if __name__ == '__main__':
    arguments = parse_args()
    # Only now: this takes seconds, for which --help need not wait.
    from dearli_mm.utils.command_line import command_line
    with command_line():
        main(arguments)
