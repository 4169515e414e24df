"""Measures a training step: CPU time of its phases, and memory."""
import argparse
import json
import logging
from dataclasses import fields
from pathlib import Path

import torch
from mmengine.config import Config

from dearli_mm.diagnostics.sizes import StepSizes
from dearli_mm.diagnostics.step_cost import cost_table, measure_step
from dearli_mm.utils.atomic import write_text
from dearli_mm.utils.command_line import command_line

CONFIGS = Path(__file__).resolve().parents[2] / 'configs' / '_base_'


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='Data are made in memory and weights are random. Every size '
        'has the default of the first column of docs/performance.md.')
    parser.add_argument(
        '--config',
        nargs='+',
        default=[
            CONFIGS / 'models' / 'dearli_clip-convnext-b.py',
            CONFIGS / 'schedules' / 'adamw_poly_80k.py'
        ],
        help='with model and optim_wrapper; sizes are changed by the flags')
    for size in fields(StepSizes):
        parser.add_argument(
            f'--{size.name.replace("_", "-")}',
            type=size.type,
            default=size.default)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--steps', type=int, default=7, help='measured ones')
    parser.add_argument('--warm-up', type=int, default=2)
    parser.add_argument('--no-yardstick', action='store_true')
    parser.add_argument('--out', help='also write JSON, to this file')
    return parser.parse_args()


@command_line()
def main() -> None:
    args = parse_args()
    torch.set_num_threads(args.threads)
    logging.disable(logging.WARNING)  # of weights that are not loaded
    sizes = StepSizes(**{
        size.name: getattr(args, size.name)
        for size in fields(StepSizes)
    })
    config = Config()
    for path in args.config:
        config.merge_from_dict(Config.fromfile(path).to_dict())
    result = measure_step(config, sizes, args.steps, args.warm_up,
                          not args.no_yardstick)
    print(cost_table(result))
    if args.out:
        write_text(args.out, json.dumps(result, indent=2))
        print(f'wrote {args.out}')


if __name__ == '__main__':
    main()
