"""The dataset of stored masks, its pipeline and its limits."""
import cv2
import numpy as np
import pytest
import torch
from mmdet.registry import DATASETS, TRANSFORMS
from mmdet.structures.mask import BitmapMasks
from torch.utils.data import DataLoader

from dearli_mm.datasets.masks import MaskFolder, PackedMasks
from dearli_mm.datasets.samplers import SeededIndex
from dearli_mm.masks import coco_instances, encode_masks

SETTINGS = dict(generator='Hand')
PIPELINE = [
    dict(type='LoadAnyImage'),
    dict(type='LoadSAMMasks'),
    dict(type='RandomScaleCropFlip', size=32),
    dict(type='LimitMasks'),
    dict(type='SSDColorAugment'),
    dict(type='PackDetInputs')
]


def instances(masks):
    masks = np.asarray(masks)
    box = (0, 0, masks.shape[2], masks.shape[1])
    count = len(masks)
    return coco_instances(
        encode_masks(masks), [0.9] * count, [1] * count, [box] * count,
        [(0, 0)] * count)


def write(root, name, masks, shape=(40, 50)):
    """An image that is white where its first mask is."""
    folder = MaskFolder(root / 'masks')
    folder.prepare(SETTINGS)
    masks = np.asarray(masks, dtype=bool).reshape(-1, *shape)
    folder.write(name, *shape, instances(masks))
    image = np.zeros((*shape, 3), np.uint8)
    if len(masks):
        image[masks[0]] = 255
    path = root / 'images' / name
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image)


@pytest.fixture
def root(tmp_path):
    masks = np.zeros((3, 40, 50), bool)
    masks[0, 5:25, 8:40], masks[1, :, :25], masks[2, 39, 49] = True, True, True
    write(tmp_path, 'a.png', masks)
    write(tmp_path, 'deeper/b.png', masks[1:])
    return tmp_path


def build(root, pipeline=PIPELINE, **kwargs):
    return DATASETS.build(
        dict(
            type='SAMSegmentsDataset',
            data_root=str(root),
            data_prefix=dict(img='images', masks='masks'),
            pipeline=pipeline,
            **kwargs))


def test_items(root):
    dataset = build(root)
    assert len(dataset) == 2
    assert dataset.metainfo['classes'] == ('object', )
    for index in range(20):
        item = dataset[index % 2]
        assert item['inputs'].shape == (3, 32, 32)
        gt = item['data_samples'].gt_instances
        assert isinstance(gt.masks, PackedMasks)
        assert (gt.masks.height, gt.masks.width) == (32, 32)
        assert len(gt.masks) == len(gt.labels) == len(gt.bboxes)
        assert gt.masks.areas.all()
        assert not gt.labels.any()


def test_masks_move_with_the_image(root):
    dataset = build(root, PIPELINE[:4])
    seen = 0
    for _ in range(20):
        results = dataset[0]
        height, width = results['img_shape']
        white = results['img'][:height, :width, 0] > 127
        masks = results['gt_masks'].to_ndarray()[:, :height, :width] > 0
        seen += bool((masks == white).mean((1, 2)).max(initial=0) > 0.95)
    assert seen == 20  # of every crop's masks one is where the image is white


def test_a_draw_gives_the_same_item(root):
    dataset = build(root)
    first, second = (dataset[SeededIndex(0, seed=5)] for _ in range(2))
    assert torch.equal(first['inputs'], second['inputs'])
    masks = [item['data_samples'].gt_instances.masks.to_ndarray()
             for item in (first, second)]
    assert (masks[0] == masks[1]).all()


def test_image_without_masks_is_replaced(root):
    write(root, 'c.png', [])
    dataset = build(root)
    assert len(dataset) == 3
    assert dataset[1]['data_samples'].img_id != 'c.png'


def test_workers_hand_masks_over(root):
    loader = DataLoader(
        build(root), batch_size=2, num_workers=1, collate_fn=list)
    first, second = next(iter(loader))
    masks = first['data_samples'].gt_instances.masks
    assert masks.to_tensor(torch.bool, 'cpu').shape[1:] == (32, 32)


def squares(sides):
    masks = np.zeros((len(sides), 9, 9), np.uint8)
    for mask, side in zip(masks, sides):
        mask[:side, :side] = 1
    packed = PackedMasks.from_rle(
        [i['segmentation'] for i in instances(masks > 0)], 9, 9)
    return packed, BitmapMasks(masks, 9, 9)


@pytest.mark.parametrize('options, expected', [
    (dict(), [3, 1, 5, 2, 4]),
    (dict(max_masks=2, keep='largest'), [5, 4]),
    (dict(max_masks=9, keep='largest'), [3, 1, 5, 2, 4]),
])
def test_limit(options, expected):
    limit = TRANSFORMS.build(dict(type='LimitMasks', **options))
    for masks in squares([3, 0, 1, 5, 2, 4]):
        results = limit(dict(gt_masks=masks, gt_bboxes_labels=np.arange(6)))
        areas = results['gt_masks'].areas
        assert areas.tolist() == [side**2 for side in expected]
        assert len(results['gt_bboxes_labels']) == len(expected)


def test_random_limit():
    limit = TRANSFORMS.build(
        dict(type='LimitMasks', max_masks=2, keep='random'))
    masks, _ = squares([3, 0, 1, 5])
    kept = [limit(dict(gt_masks=masks))['gt_masks'].areas.tolist()
            for _ in range(50)]
    assert {tuple(k) for k in kept} == {(9, 1), (9, 25), (1, 25)}


@pytest.mark.parametrize('options', [dict(keep='best'), dict(max_masks=0)])
def test_bad_limits(options):
    with pytest.raises(ValueError, match='LimitMasks: '):
        TRANSFORMS.build(dict(type='LimitMasks', **options))


def test_errors_name_what_is_wrong(root):
    with pytest.raises(FileNotFoundError, match='tools/sam_masks.py'):
        build(root / 'images')
    with pytest.raises(ValueError, match="folders 'img' and 'masks'"):
        DATASETS.build(dict(type='SAMSegmentsDataset', data_prefix=dict()))
    with pytest.raises(FileNotFoundError, match=r"data_prefix\['img'\]"):
        DATASETS.build(
            dict(type='SAMSegmentsDataset', data_root=str(root),
                 data_prefix=dict(img='elsewhere', masks='masks')))
    cv2.imwrite(str(root / 'images' / 'a.png'), np.zeros((41, 50, 3)))
    with pytest.raises(ValueError, match='a.png.json does not fit its image'):
        build(root)[0]
    path = root / 'masks' / 'deeper' / 'b.png.json'
    path.write_text(path.read_text()[:-20])
    with pytest.raises(ValueError, match='no complete mask file'):
        build(root)[1]
