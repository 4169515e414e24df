import pytest
import torch

from dearli_mm.functional import (PanopticSegments, cutmix_box,
                                  cutmix_panoptic)


def _segments(group: dict, prefix: str) -> PanopticSegments:
    labels = group[f'{prefix}seg_category']
    return PanopticSegments(group[f'{prefix}pan_seg'], labels,
                            group[f'{prefix}seg_isthing'],
                            torch.ones(len(labels)))


@pytest.mark.parametrize('case', ['main', 'novictim', 'nopaste', 'bothempty'])
def test_parity(golden, case):
    ref = golden('e_cutmix').group(f'{case}_')
    inside = ref['cutmix_box'].nonzero()
    y0, x0 = inside.min(0).values.tolist()
    y1, x1 = (inside.max(0).values + 1).tolist()
    base, partner = _segments(ref, 'base_'), _segments(ref, 'cut_')
    before = base.seg_map.clone()
    out = cutmix_panoptic(base, partner, (y0, x0, y1, x1))
    assert out.labels.tolist() == ref['out_gt_classes'].tolist()
    assert torch.equal(out.masks(), ref['out_gt_masks'].bool())
    assert torch.equal(base.seg_map, before)


def _one_row(ids, labels, is_thing):
    return PanopticSegments(
        torch.tensor([ids], dtype=torch.int32), torch.tensor(labels),
        torch.tensor(is_thing), torch.tensor([.1 * i for i in labels]))


def test_on_paper():
    # base: thing 3, stuff 5, void; partner: stuff 5, thing 3 of its own.
    base = _one_row([1, 1, 2, 0], [3, 5], [True, False])
    partner = _one_row([1, 2, 0, 1], [5, 3], [False, True])
    out = cutmix_panoptic(base, partner, (0, 1, 1, 4))
    # Nothing is left of the base's stuff 5: the partner's own takes its place.
    assert out.seg_map.tolist() == [[1, 3, 0, 2]]
    assert out.labels.tolist() == [3, 5, 3]
    assert out.is_thing.tolist() == [True, False, True]
    merged = cutmix_panoptic(base, partner, (0, 3, 1, 4))
    assert merged.seg_map.tolist() == [[1, 1, 2, 2]]
    assert merged.labels.tolist() == [3, 5]


@pytest.mark.parametrize('size', [(128, 128), (640, 640), (40, 400), (9, 300)])
def test_box_is_inside_and_of_the_asked_area(size):
    generator = torch.Generator().manual_seed(1)
    height, width = size
    shares, aspects = [], []
    for _ in range(300):
        y0, x0, y1, x1 = cutmix_box(size, generator=generator)
        assert 0 <= y0 < y1 <= height and 0 <= x0 < x1 <= width
        share = (y1 - y0) * (x1 - x0) / (height * width)
        assert 0.02 <= share <= 0.4
        shares.append(share)
        aspects.append((y1 - y0) / (x1 - x0))
    assert min(shares) < 0.05 and max(shares) > 0.35
    if height == width:
        assert 0.3 * 0.9 <= min(aspects) < 0.6
        assert 2 < max(aspects) <= 1.1 / 0.3


def test_box_is_reproducible():
    boxes = [
        cutmix_box((64, 64), generator=torch.Generator().manual_seed(seed))
        for seed in (1, 1, 2)
    ]
    assert boxes[0] == boxes[1] != boxes[2]
