"""Normalisation, taken back and applied anew."""
import pytest
import torch
from mmdet.models import DetDataPreprocessor
from mmengine.model import BaseDataPreprocessor
from mmseg.models import SegDataPreProcessor
from torch.testing import assert_close

from dearli_mm.models.pixel_norm import (PixelNorm, norm_of_preprocessor,
                                         renormalize)

CLIP = PixelNorm([10., 20., 30.], [2., 4., 8.])


@pytest.mark.parametrize('kind', [DetDataPreprocessor, SegDataPreProcessor])
@pytest.mark.parametrize('rgb', [True, False])
def test_clip_gets_what_it_would_have_made_of_the_pixels(kind, rgb):
    preprocessor = kind(
        mean=[103.5, 116.3, 123.7], std=[1., 57.1, 3.], bgr_to_rgb=rgb)
    bgr = torch.randint(0, 256, (3, 5, 4)).float()
    batch = preprocessor(dict(inputs=[bgr], data_samples=None))['inputs']
    found = renormalize(batch, norm_of_preprocessor(preprocessor), CLIP)
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in CLIP[:2])
    assert_close(found[0], (bgr.flip(0) - mean) / std, rtol=1e-5, atol=1e-4)


def test_pixels_that_nothing_normalised():
    assert norm_of_preprocessor(BaseDataPreprocessor()) == PixelNorm(rgb=False)
    pixels = torch.tensor([30., 20., 10.]).view(1, 3, 1, 1)  # BGR
    assert_close(
        renormalize(pixels, PixelNorm(rgb=False), CLIP),
        torch.zeros(1, 3, 1, 1))
