"""Writes the configs that differ in nothing but data and split.

    make_split_configs.py           # writes what is missing or differs
    make_split_configs.py --check   # says what differs, changes nothing

One table of data and published splits, one template a family.
"""
import argparse
from pathlib import Path
from typing import Dict, Iterator, NamedTuple, Tuple

from dearli_mm.conversion.splits import PUBLISHED
from dearli_mm.utils.atomic import write_text


class Data(NamedTuple):
    """A dataset, and its published splits.

    Attributes:
        title (str): As comments call it.
        name (str): In the names of configs.
        base (str): Its config in ``_base_/datasets``.
        root (str): Folder.
        warm_up (str): Images of its warm-up, in names of runtimes.
        crop (int): Side of the crop.
        splits (dict[str, int]): Labelled images of each fraction.
        lists (str): Folder of the public list of a split; ``{folder}`` is
            the fraction, ``{number}`` the labelled images.
    """
    title: str
    name: str
    base: str
    root: str
    warm_up: str
    crop: int
    splits: Dict[str, int]
    lists: str = '{folder}'


ADE20K, COCO, CITYSCAPES, VOC = (
    {name.replace('/', '-'): number for number, name in splits.items()}
    for splits in PUBLISHED.values())
TABLE = (
    Data('ADE20K', 'ade20k', 'ade20k_panoptic', 'data/ADEChallengeData2016',
         'ade20k', 640, ADE20K),
    Data('COCO panoptic', 'coco-panoptic', 'coco_panoptic', 'data/coco',
         'coco', 512, COCO),
    Data('COCO-Objects', 'coco-objects', 'coco_objects', 'data/coco', 'coco',
         512, COCO),
    Data('Cityscapes', 'cityscapes', 'cityscapes_panoptic', 'data/cityscapes',
         'cityscapes', 768, CITYSCAPES),
    Data('VOC 2012', 'voc2012', 'voc2012_panoptic',
         'data/VOCdevkit/VOC2012', 'voc2012', 512, VOC, '{number}'),
)
# What the paper reports of a config.
CLAIMS = {('ade20k', '1-128'): '; the paper claims 29.9 PQ and 38.9 mIoU'}

TEMPLATES = {
    '_base_/datasets/{base}_{fraction}.py':
    '''\
# {count} labelled images, {share}.
_base_ = './{base}.py'

part = dict(
    dataset=dict(split='{root}/splits/{folder}/labeled.txt'))
train_dataloader = dict(labeled=part, unlabeled=part)
del part
''',
    'dearli/dearli_clip-convnext-b_1xb8+8-80k_{data}.py':
    '''\
# DEARLi: recognition by CLIP, localization by the warm-up on SAM masks.
# {title}, {count} labelled images{claim}.
# Total batch 8 labelled + 8 unlabelled (1 GPU), 80 000 steps.
# On disk: what DEAR needs, and the warm-up's checkpoint (docs/warm-up.md).
_base_ = [
    '../_base_/models/dearli_clip-convnext-b.py',
    '../_base_/datasets/{base}_{fraction}.py',
    '../_base_/schedules/adamw_poly_80k.py',
    '../_base_/warmed-up_runtime_clip-convnext-b_{warm_up}.py'
]

model = dict(detector=_base_.vocabulary)
''',
    'dear/dear_clip-convnext-b_1xb8+8-80k_{data}.py':
    '''\
# DEAR: recognition by CLIP, no warm-up. {title}, {count} labelled images.
# Total batch 8 labelled + 8 unlabelled (1 GPU), 80 000 steps.
# On disk: {root} (docs/data.md) and the CLIP weights
# named in _base_/models/dearli_clip-convnext-b.py (docs/install.md).
_base_ = [
    '../_base_/models/dearli_clip-convnext-b.py',
    '../_base_/datasets/{base}_{fraction}.py',
    '../_base_/schedules/adamw_poly_80k.py', '../_base_/default_runtime.py'
]

model = dict(detector=_base_.vocabulary)
''',
    'baselines/mean-teacher_clip-convnext-b_1xb8+8-80k_{data}.py':
    '''\
# Mean teacher without zero-shot branch. {title}, {count} labelled images.
_base_ = '../dear/dear_clip-convnext-b_1xb8+8-80k_{data}.py'  # noqa: E501

model = dict(
    detector=dict(test_cfg=dict(alpha=0.0)),
    semi_train_cfg=dict(pseudo_label=dict(alpha=0.0)))
''',
    'baselines/mean-teacher_r50_1xb8+8-80k_{data}.py':
    '''\
# Mean teacher on a trainable ResNet-50. {title}, {count} labelled images.
_base_ = [
    '../_base_/models/mean-teacher_r50.py',
    '../_base_/datasets/{base}_{fraction}.py',
    '../_base_/schedules/adamw_poly_80k_backbone-x0.1.py',
    '../_base_/default_runtime.py'
]

model = dict(detector=_base_.vocabulary)
''',
    'baselines/supervised_clip-convnext-b_1xb8-80k_{data}.py':
    '''\
# Labelled images alone: no teacher. {title}, {count} of them.
_base_ = [
    '../_base_/models/supervised_clip-convnext-b.py',
    '../_base_/datasets/{base}_{fraction}.py',
    '../_base_/schedules/supervised_80k.py', '../_base_/one_network_runtime.py'
]

model = _base_.vocabulary
train_dataloader = dict(_base_.train_dataloader.labeled, _delete_=True)
val_evaluator = _base_.val_evaluator[:1]  # one network
test_evaluator = val_evaluator
''',
}


def split_configs() -> Iterator[Tuple[str, str]]:
    """Path under ``configs/`` and text of each config."""
    for data in TABLE:
        for fraction, count in data.splits.items():
            values = dict(
                data._asdict(),
                data=f'{data.name}-{fraction}-{data.crop}x{data.crop}',
                fraction=fraction,
                share=fraction.replace('-', '/'),
                folder=data.lists.format(
                    folder=fraction.replace('-', '_'), number=count),
                count=f'{count:,}'.replace(',', ' '),
                claim=CLAIMS.get((data.name, fraction), ''))
            for path, text in TEMPLATES.items():
                yield path.format(**values), text.format(**values)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--check', action='store_true', help='change nothing')
    parser.add_argument(
        '--out',
        type=Path,
        default=Path(__file__).resolve().parents[1] / 'configs',
        help='folder of the configs (default: configs)')
    args = parser.parse_args()
    differing = [
        (args.out / path, text) for path, text in split_configs()
        if not (args.out / path).is_file() or
        (args.out / path).read_text(encoding='utf-8') != text
    ]
    for path, text in differing:
        print(path)
        if not args.check:
            write_text(path, text)
    if args.check and differing:
        raise SystemExit(f'{len(differing)} configs differ from the table')


if __name__ == '__main__':
    main()
