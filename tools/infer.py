"""Segment images, folders, lists of images or a video with a checkpoint.

Stops and starts at will: a second run does what is left.
"""
import argparse
import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from network_flags import add_network_flags, network_arguments  # noqa: E402

OUTPUTS = ('panoptic', 'overlay', 'semantic')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'checkpoint', help='.pth of a training, or .onnx of tools/export.py')
    parser.add_argument(
        'inputs', nargs='+',
        help='images, folders, patterns, .txt lists with one path per line, '
        'or one video')
    parser.add_argument('--out', required=True, help='folder to write')
    parser.add_argument(
        '--save', nargs='+', choices=OUTPUTS,
        help='what to write (default: panoptic overlay; of videos, overlay)')
    parser.add_argument(
        '--batch-size', type=int, default=1, help='default: 1')
    parser.add_argument(
        '--workers', type=int, default=2,
        help='threads that read images (default: 2)')
    add_network_flags(parser)
    args = parser.parse_args()
    if not Path(args.checkpoint).expanduser().is_file():
        raise SystemExit(f'error: checkpoint={args.checkpoint!r}: no such '
                         'file; give a .pth file that a training wrote into '
                         'its --work-dir')
    return args


def main(args: argparse.Namespace) -> int:
    from dearli_mm.apis import DEARLiInferencer, read_vocabulary
    from dearli_mm.apis.inputs import Video, find_inputs, is_video
    from dearli_mm.apis.loading import check_loading
    from dearli_mm.apis.run import infer_images, infer_video
    warnings.filterwarnings('ignore', 'torch.meshgrid')  # of mmdet
    options = dict(batch_size=args.batch_size, workers=args.workers)
    if args.save:
        options['outputs'] = args.save
    check_loading(args.batch_size, args.workers)
    if args.classes:
        args.classes = read_vocabulary(args.classes)
    if len(args.inputs) == 1 and is_video(args.inputs[0]):
        video = Video(args.inputs[0])
        infer_video(
            DEARLiInferencer(**network_arguments(args)), video, args.out,
            **options)
        return 0
    images = find_inputs(
        args.inputs if len(args.inputs) > 1 else args.inputs[0])
    failures = infer_images(
        DEARLiInferencer(**network_arguments(args)), images, args.out,
        **options)
    if failures:
        print(f'{len(failures)} of {len(images)} images were skipped:',
              *(f'  {failure.error}' for failure in failures), sep='\n',
              file=sys.stderr)
    return int(bool(failures))


if __name__ == '__main__':
    arguments = parse_args()
    # Only now: this takes seconds, for which --help need not wait.
    from dearli_mm.utils.command_line import command_line
    with command_line('the same command goes on'):
        sys.exit(main(arguments))
