"""Checks the device at hand: right results, speed and memory of a step.

    python tools/analysis/device_check.py configs/dearli/X.py

Weights are random and images are made in memory. On a GPU the step has the
sizes of the config, on a CPU small ones; every size has a flag.
"""
import argparse
import json
import logging
from dataclasses import fields
from pathlib import Path

import torch
from mmengine.config import Config

from dearli_mm.diagnostics.device_check import check_device
from dearli_mm.diagnostics.device_report import device_table
from dearli_mm.diagnostics.loader_speed import measure_loader_speed
from dearli_mm.diagnostics.sizes import StepSizes
from dearli_mm.utils.atomic import write_text
from dearli_mm.utils.command_line import command_line

PAPER = (Path(__file__).resolve().parents[2] / 'configs' / 'dearli' /
         'dearli_clip-convnext-b_1xb8+8-80k_ade20k-1-128-640x640.py')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', nargs='?', default=str(PAPER),
                        help='of a DEARLi model (default: the paper\'s)')
    parser.add_argument('--device', help='default: a GPU if there is one')
    parser.add_argument('--steps', type=int, default=7, help='measured ones')
    parser.add_argument('--warm-up', type=int, default=3)
    parser.add_argument('--threads', type=int, help='of PyTorch on a CPU')
    parser.add_argument('--no-yardstick', action='store_true')
    parser.add_argument('--loader', action='store_true',
                        help='measure the training pipelines on the data of '
                        'the config, too')
    parser.add_argument('--out', help='also write JSON, to this file')
    for size in fields(StepSizes):
        parser.add_argument(f'--{size.name.replace("_", "-")}',
                            type=size.type)
    return parser.parse_args()


@command_line()
def main() -> None:
    args = parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    device = args.device or ('cuda' if torch.cuda.is_available() else 'cpu')
    config = Config.fromfile(args.config)
    given = {size.name: getattr(args, size.name) for size in fields(StepSizes)
             if getattr(args, size.name) is not None}
    sizes = StepSizes(**given) if torch.device(device).type == 'cpu' else \
        StepSizes.of_config(config, **given)
    # Before the measurement, which takes longer: the data may not be there.
    loader = measure_loader_speed(args.config) if args.loader else None
    logging.disable(logging.WARNING)  # of weights that are not loaded
    result = check_device(config, sizes, device, args.steps, args.warm_up,
                          not args.no_yardstick)
    if loader is not None:
        spent = loader.ms.groupby('part').sum()
        result['loader'] = (1000 / spent).to_dict()
    print('\n' + device_table(result))
    if args.out:
        write_text(args.out, json.dumps(result, indent=1))
        print(f'wrote {args.out}')
    if not result['results']['agree']:
        raise SystemExit('error: results differ from those of the CPU')


if __name__ == '__main__':
    main()
