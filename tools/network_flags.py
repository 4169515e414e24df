"""Flags that infer.py and demo.py share."""
import argparse
from typing import Any, Dict

_NETWORK = ('checkpoint', 'classes', 'config', 'cfg_options', 'network',
            'device', 'alpha', 'score_thr')


class ConfigValues(argparse.Action):
    """mmengine's ``DictAction``, which is imported once it is needed."""

    def __call__(self, *args) -> None:
        from mmengine.config import DictAction
        DictAction(self.option_strings, self.dest)(*args)


def add_network_flags(parser: argparse.ArgumentParser) -> None:
    """Add what :class:`DEARLiInferencer` is built of, but the checkpoint."""
    parser.add_argument(
        '--classes', metavar='"a|synonym,b;c"',
        help='other classes than those of the checkpoint: things, then, '
        'after a semicolon, stuff; | between synonyms; or a text file with '
        'one class per line and a line ";" between things and stuff')
    parser.add_argument(
        '--network', choices=('student', 'teacher'), default='student',
        help='default: student')
    parser.add_argument(
        '--device', help="such as 'cpu', 'cuda:1' (default: a GPU if there "
        'is one)')
    parser.add_argument(
        '--alpha', type=float,
        help="weight of CLIP's zero-shot opinion, 0..1 (default: the "
        "config's)")
    parser.add_argument(
        '--score-thr', type=float,
        help="segments must score above it, 0..1 (default: the config's)")
    parser.add_argument(
        '--config', help='config file (default: the one in the checkpoint)')
    parser.add_argument(
        '--cfg-options', nargs='+', action=ConfigValues, metavar='KEY=VALUE',
        help='values of the config to set')


def network_arguments(args: argparse.Namespace) -> Dict[str, Any]:
    """Arguments of :class:`DEARLiInferencer`."""
    return {name: getattr(args, name) for name in _NETWORK}
