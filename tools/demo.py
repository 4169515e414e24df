"""A web page for trying images and vocabularies on a checkpoint."""
import argparse
import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from network_flags import add_network_flags, network_arguments  # noqa: E402


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('checkpoint')
    parser.add_argument(
        '--host', default='127.0.0.1',
        help='address to listen at, 0.0.0.0 for all (default: %(default)s)')
    parser.add_argument('--port', type=int, default=7860,
                        help='default: %(default)s')
    add_network_flags(parser)
    return parser.parse_args()


def main(args: argparse.Namespace) -> None:
    # Projects are not installed: they are found in the checkout.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from dearli_mm.apis import DEARLiInferencer
    from projects.demo.demo import Demo
    from projects.demo.page import check_port, import_gradio, launch_page
    warnings.filterwarnings('ignore', 'torch.meshgrid')  # of mmdet
    import_gradio()  # its lack is told before the network is loaded
    check_port(args.host, args.port)
    demo = Demo(DEARLiInferencer(**network_arguments(args)))
    launch_page(demo, args.host, args.port)


if __name__ == '__main__':
    arguments = parse_args()
    # Only now: this takes seconds, for which --help need not wait.
    from dearli_mm.utils.command_line import command_line
    with command_line():
        main(arguments)
