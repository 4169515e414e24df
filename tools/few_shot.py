"""From a folder of photos, a few of them labelled, to a trained network.

    few_shot.py PHOTOS/ LABELS/ --things mug spoon --stuff table wall \\
        --clip WEIGHTS --out OUT

Converts and checks the labels, makes masks and the warm-up on them if there
is a SAM, trains, and writes OUT/report.html. Each stage is a command that is
printed and can be typed instead. Stops and starts at will: the same command
goes on. OUT/config.py may be changed between --config-only and the rest.
"""
import argparse
import os
import sys
from importlib import import_module
from pathlib import Path


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('photos', help='folder of all photos')
    parser.add_argument(
        'labels', help='folder of labelme files or of semantic PNG files, or '
        'a COCO panoptic JSON')
    parser.add_argument('--out', required=True, help='folder to write')
    parser.add_argument(
        '--dry-run', action='store_true', help='print the plan, and stop')
    parser.add_argument(
        '--config-only', action='store_true',
        help='convert the labels, write the config and stop')
    parser.add_argument(
        '--accept-problems', action='store_true',
        help='go on without what cannot be read: the files '
        'are not checked, and masks of broken ones are left out')
    parser.add_argument(
        '--pictures', type=int, default=8, help='in the report (default: 8)')
    _add_labels(parser.add_argument_group('labels'))
    _add_network(parser.add_argument_group('network'))
    _add_training(parser.add_argument_group('training'))
    return parser.parse_args()


def _add_labels(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        '--format', default='', choices=('labelme', 'semantic', 'panoptic'),
        help='of the labels (default: what is found)')
    group.add_argument(
        '--things', nargs='+', default=[], metavar='"NAME,SYNONYM"',
        help='labels of countable objects; CLIP reads synonyms, too')
    group.add_argument(
        '--stuff', nargs='+', default=[], metavar='"NAME,SYNONYM"',
        help='labels of the rest')
    group.add_argument(
        '--classes', nargs='+', default=[], metavar='"NAME,SYNONYM"',
        help='of semantic PNG files: what the values 0, 1, 2, ... are')
    group.add_argument(
        '--ignore', nargs='+', default=[], help='labels (of PNG files: '
        'values) without a class')
    group.add_argument(
        '--val-labels', default='', metavar='LABELS',
        help='labels of photos that measure and are not trained on')
    group.add_argument(
        '--val-photos', default='', metavar='FOLDER',
        help='their photos (default: PHOTOS)')


def _add_network(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        '--clip', required=True, metavar='WEIGHTS',
        help='weights file of the CLIP')
    group.add_argument(
        '--clip-model', default='convnext_base_w_320', metavar='NAME',
        help="open_clip's name of it (default: %(default)s)")
    group.add_argument(
        '--import', dest='modules', nargs='+', default=[], metavar='MODULE',
        help='modules that make other CLIPs known')
    group.add_argument(
        '--base', default='', metavar='CONFIG', help='model config to '
        'inherit from (default: the one for --clip-model)')
    group.add_argument(
        '--alpha', type=float, default=0.4, help="weight of CLIP's opinion; "
        '0 for a CLIP that does not know such images (default: 0.4)')


def _add_training(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        '--sam', default='', metavar='WEIGHTS', help='weights of SAM: its '
        'masks are learnt first; without them there is no warm-up')
    group.add_argument('--sam-type', default='vit_h', help='default: vit_h')
    group.add_argument(
        '--masks', default='', choices=('none', 'sam', 'felzenszwalb'),
        help='of the warm-up (default: sam with --sam, else none)')
    group.add_argument('--steps', type=int, default=20000,
                       help='default: 20000')
    group.add_argument('--warm-up-steps', type=int, default=20000,
                       help='default: 20000')
    group.add_argument(
        '--batch-size', type=int, default=8, help='labelled photos per step, '
        'and as many unlabelled ones (default: 8)')
    group.add_argument('--crop', type=int, default=640,
                       help='side in pixels (default: 640)')
    group.add_argument('--workers', type=int, default=4,
                       help='processes that read files (default: 4)')
    group.add_argument(
        '--cfg-options', nargs='+', default=[], metavar='KEY=VALUE',
        help='values of the config to set in training')


def main(args: argparse.Namespace) -> None:
    from dearli_mm.few_shot.options import Options, find_lacks
    from dearli_mm.few_shot.report import write_report
    from dearli_mm.few_shot.run import is_done, prepare, run_stages
    from dearli_mm.few_shot.stages import find_stages
    options = Options(**{
        key: tuple(value) if isinstance(value, list) else value
        for key, value in vars(args).items()
        if key not in ('dry_run', 'config_only', 'accept_problems')})
    sys.path.append(os.getcwd())  # of --import
    for module in args.modules:
        import_module(module)
    lacks = find_lacks(options)
    if args.dry_run and options.format:
        for stage in find_stages(options):
            state = ' (done)' if is_done(stage, Path(args.out)) else ''
            print(f'{stage.name}: {stage.why}{state}', *(
                f'  $ {command}' for command in stage.shown), sep='\n')
    if lacks:
        raise ValueError('\n'.join([
            f'{len(lacks)} {"thing is" if len(lacks) == 1 else "things are"} '
            'lacking:', *(f'- {text}' for text in lacks)]))
    if args.dry_run:
        return
    for name in prepare(options):
        print(f'{args.out}/{name} has been changed, and is kept so')
    stages = [stage for stage in find_stages(options)
              if stage.name != 'verify' or not args.accept_problems]
    if args.config_only:  # with the files that it names
        names = [stage.name for stage in stages]
        stages = stages[:names.index('split') + 1]
    run_stages(stages, options, Path(__file__).resolve().parent,
               args.accept_problems)
    if args.config_only:
        print(f'{args.out}/config.py is written; the same command without '
              '--config-only goes on')
    else:
        print(f'\nreport: {write_report(options, stages)}')


if __name__ == '__main__':
    arguments = parse_args()
    # Only now: this takes seconds, for which --help need not wait.
    from dearli_mm.utils.command_line import command_line
    with command_line('the same command goes on'):
        sys.exit(main(arguments))
