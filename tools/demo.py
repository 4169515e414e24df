"""A web page for trying images and vocabularies on a checkpoint."""
import argparse
import sys
import warnings
from pathlib import Path

# Projects are not installed: they are found in the checkout.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import dearli_mm  # noqa: E402, F401  (before mmdet, for mmcv-lite)
from dearli_mm.apis import DEARLiInferencer  # noqa: E402
from dearli_mm.apis.command_line import (add_network_flags,  # noqa: E402
                                         network_arguments)
from dearli_mm.utils.command_line import command_line  # noqa: E402
from projects.demo.demo import Demo  # noqa: E402
from projects.demo.page import (check_port, import_gradio,  # noqa: E402
                                launch_page)


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


@command_line()
def main() -> None:
    args = parse_args()
    warnings.filterwarnings('ignore', 'torch.meshgrid')  # of mmdet
    import_gradio()  # its lack is told before the network is loaded
    check_port(args.host, args.port)
    demo = Demo(DEARLiInferencer(**network_arguments(args)))
    launch_page(demo, args.host, args.port)


if __name__ == '__main__':
    main()
