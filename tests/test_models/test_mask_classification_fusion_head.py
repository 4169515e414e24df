"""Inference of mask classification, with void and without."""
import pytest
import torch
from golden_clip import golden_detector, register_golden_clip
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample

import dearli_mm  # noqa: F401


def _sample(size):
    return DetDataSample(
        metainfo=dict(img_shape=size, ori_shape=size, batch_input_shape=size))


@pytest.mark.parametrize('void_on, expected', [
    (True, [[2, 2, 1001, 1001]] * 2),  # the first query is void
    (False, [[1000, 1000, 2001, 2001]] * 2),
])
def test_void_can_be_left_out(void_on, expected):
    head = MODELS.build(
        dict(
            type='MaskClassificationFusionHead',
            num_things_classes=1,
            num_stuff_classes=1,
            test_cfg=dict(void_on=void_on)))
    logits = torch.tensor([[[2., 1., 9.], [0., 3., 1.]]])  # class 0, 1, void
    masks = torch.full((1, 2, 2, 4), -9.)
    masks[0, 0, :, :2] = masks[0, 1, :, 2:] = 9.
    result, = head.predict(logits, masks, [_sample((2, 4))])
    assert result['panoptic_seg'].sem_seg[0].tolist() == expected
    assert logits[0, 0, 2] == 9.  # of the caller


@torch.no_grad()
def test_zero_shot_results_do_not_depend_on_what_is_untrained(tmp_path):
    """alpha 1 and void_on=False: CLIP and the masks alone decide."""
    register_golden_clip(tmp_path)
    model = MODELS.build(
        golden_detector(['car', 'person', 'sky', 'grass'], 2, 2, alpha=1.0,
                        void_on=False, overlap_thr=0.0)).eval()
    image = torch.randn(1, 3, 64, 96)

    def results():
        sample, = model.predict(image, [_sample((64, 96))])
        return [getattr(sample, f'pred_{kind}').sem_seg
                for kind in ('panoptic_seg', 'sem_seg')]

    before = results()
    head = model.panoptic_head
    for parameter in (*head.cls_embed.parameters(), head.logit_scale,
                      head.void_embedding.weight):
        parameter.copy_(torch.randn_like(parameter))
    after = results()
    assert before[0].unique().numel() > 1
    assert all(map(torch.equal, before, after))

    model.panoptic_fusion_head.test_cfg['void_on'] = True
    head.void_embedding.weight.copy_(-head.void_embedding.weight)
    model.panoptic_head.logit_scale.fill_(4.)
    assert not torch.equal(results()[0], before[0])
