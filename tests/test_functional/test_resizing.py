"""Masks at full size, all at once and in bands of rows."""
import pytest
import torch

from dearli_mm.functional import panoptic_inference
from dearli_mm.functional.inference import (kept_queries,
                                            panoptic_inference_of_bands)
from dearli_mm.functional.resizing import resize_in_bands, resize_logits


@pytest.mark.parametrize('size', [(31, 45), (9, 7), (20, 28), (1, 5)])
@pytest.mark.parametrize('rows', [1, 2, 7])
def test_bands_are_parts_of_the_whole(size, rows):
    masks = torch.randn(3, 6, 8, generator=torch.manual_seed(0))
    frame, valid = (24, 32), (20, 29)
    whole, = resize_in_bands(masks, frame, valid, size)
    expected = resize_logits(
        resize_logits(masks[None], frame)[..., :20, :29], size)[0]
    torch.testing.assert_close(whole, expected, rtol=0, atol=0)
    bands = list(
        resize_in_bands(masks, frame, valid, size,
                        max_values=3 * size[1] * rows))
    assert [len(band[0]) for band in bands[:-1]] == \
        [rows] * ((size[0] - 1) // rows)
    torch.testing.assert_close(torch.cat(bands, 1), whole, atol=1e-5, rtol=0)


def test_no_queries():
    band, = resize_in_bands(torch.zeros(0, 4, 4), (16, 16), (16, 16), (9, 9))
    assert band.shape == (0, 9, 9)


def test_segments_do_not_depend_on_bands():
    generator = torch.manual_seed(1)
    logits = torch.randn(12, 5, generator=generator) * 3
    masks = torch.randn(12, 17, 11, generator=generator) * 4
    is_thing = torch.tensor([True, True, False, False])
    whole = panoptic_inference(logits, masks, is_thing, overlap_thr=0.1)
    assert whole.num_segments > 2
    keep = kept_queries(logits)
    banded = panoptic_inference_of_bands(
        logits[keep], masks[keep].split(5, 1), is_thing, overlap_thr=0.1)
    for one, other in zip(whole, banded):
        assert torch.equal(one, other)
