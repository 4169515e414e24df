"""A web page for trying images and vocabularies on a checkpoint."""
import argparse
import warnings

import dearli_mm  # noqa: F401  (before mmdet, for mmcv-lite)
from dearli_mm.apis.inference import DEARLiInferencer
from dearli_mm.apis.inference.command_line import (add_network_flags,
                                                   network_arguments)
from dearli_mm.apis.inference.demo import Demo
from dearli_mm.apis.inference.page import (check_port, import_gradio,
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


def main() -> None:
    args = parse_args()
    warnings.filterwarnings('ignore', 'torch.meshgrid')  # of mmdet
    try:
        import_gradio()  # its lack is told before the network is loaded
        check_port(args.host, args.port)
        demo = Demo(DEARLiInferencer(**network_arguments(args)))
        launch_page(demo, args.host, args.port)
    except (ImportError, OSError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None


if __name__ == '__main__':
    main()
