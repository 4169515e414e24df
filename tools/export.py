"""Write a checkpoint's network, with fixed classes, as an ONNX file.

The ensemble with CLIP is in it; batch and image size are free. What it gives
is compared with PyTorch before the file is kept. ONNX Runtime, OpenCV and
NumPy are enough to use it (docs/inference.md). Needs the packages onnx,
onnxscript and onnxruntime.
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from network_flags import add_network_flags, network_arguments  # noqa: E402


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('checkpoint')
    parser.add_argument('out', help='.onnx file to write')
    add_network_flags(parser)
    args = parser.parse_args()
    for path in (args.checkpoint, args.config):
        if path and not Path(path).expanduser().is_file():
            raise SystemExit(f'error: {path}: no such file')
    if args.checkpoint.endswith('.onnx'):
        raise SystemExit(f'error: {args.checkpoint} is an export already; '
                         'give the .pth file that it was made of')
    if not args.out.endswith('.onnx'):
        raise SystemExit(f'error: {args.out} does not end in .onnx, by which '
                         'infer.py knows an export')
    if Path(args.out).expanduser().exists():
        raise SystemExit(f'error: {args.out} is there; choose another name')
    return args


def main(args: argparse.Namespace) -> None:
    from dearli_mm.apis import DEARLiInferencer
    from dearli_mm.apis.onnx_export import check_packages, export_onnx
    from dearli_mm.utils.command_line import ensure_writable
    check_packages()
    ensure_writable(str(Path(args.out).parent), 'OUT')  # before the minute
    args.device = 'cpu'
    inferencer = DEARLiInferencer(**network_arguments(args))
    print(f'exporting {len(inferencer.vocabulary.names)} classes; this takes '
          'a minute or more ...')
    difference = export_onnx(inferencer, args.out)
    size = Path(args.out).expanduser().stat().st_size / 2**20
    print(f'{args.out}: {size:.1f} MiB; class probabilities differ by at most '
          f'{difference:.1g} from those of PyTorch')


if __name__ == '__main__':
    arguments = parse_args()
    # Only now: this takes seconds, for which --help need not wait.
    from dearli_mm.utils.command_line import command_line
    with command_line():
        main(arguments)
