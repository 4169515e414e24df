"""Tells recognition and localization apart, for trained checkpoints.

    analyse.py work_dirs/mini_benchmark          all finished runs of the grid
    analyse.py a.pth b.pth --alpha 0 0.4

`named`: class accuracy of the predicted segments that match a true one
(IoU > 0.5, whatever their class). `found`: share of true segments with such a
match. `PQ of masks`: panoptic quality, all classes taken for one. `AR`:
class-agnostic average recall of the masks of all queries.
"""
import argparse
import json
from pathlib import Path
from typing import Dict, List

import dearli_mm  # noqa: F401  (before mmdet, for mmcv-lite)
from dearli_mm.utils.atomic import write_text
from mini_benchmark.analysis import analyse, analysis_table


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('sources', nargs='+',
                        help='checkpoints, or folders of runs')
    parser.add_argument('--alpha', type=float, nargs='+', default=[None],
                        help="weights of CLIP's opinion (default: the run's)")
    parser.add_argument('--network', choices=('student', 'teacher'),
                        default='student')
    parser.add_argument('--max-images', type=int)
    parser.add_argument('--out', help='JSON file to write')
    return parser.parse_args()


def find_checkpoints(sources: List[str]) -> Dict[str, str]:
    """Name and path of each checkpoint; of a folder, the last of each run."""
    found = {}
    for source in map(Path, sources):
        if not source.is_dir():
            found[str(source)] = str(source)
            continue
        for pointer in sorted(source.rglob('last_checkpoint')):
            name = str(pointer.parent.relative_to(source))
            if not name.startswith('prepare'):
                found[name] = pointer.read_text().strip()
    if not found:
        raise SystemExit(f'error: no checkpoint in {sources}')
    return found


def main() -> None:
    args = parse_args()
    rows = {}
    for name, path in find_checkpoints(args.sources).items():
        for row in analyse(path, args.network, args.alpha, args.max_images):
            rows[f'{name}, alpha {row["alpha"]:g}'] = row
            print(f'{name}, alpha {row["alpha"]:g}: '
                  f'PQ {row["panoptic/PQ"]:.1f}', flush=True)
    print(analysis_table(rows))
    if args.out:
        write_text(args.out, json.dumps(rows, indent=1))


if __name__ == '__main__':
    main()
