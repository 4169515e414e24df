"""Parity of decoder, pixel decoder and the whole student."""
import pytest
import torch
from golden_clip import golden_detector, pixel_decoder, register_golden_clip
from mmdet.models.layers import SinePositionalEncoding
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.config import ConfigDict
from torch.testing import assert_close

import dearli_mm  # noqa: F401
from dearli_mm.conversion.official_checkpoint import convert_state_dict
from dearli_mm.conversion.official_names import rename
from dearli_mm.functional import mask_pool, semantic_inference
from dearli_mm.functional.resizing import resize_logits

THINGS_FIRST = [1, 3, 5, 0, 2, 4]  # of the reference vocabulary


def _renamed(state, prefix):
    return {rename(prefix + key): value for key, value in state.items()}


def _close(actual, expected, rtol=5e-5):
    scale = expected.abs().max().item()
    assert_close(actual, expected, rtol=0, atol=rtol * scale)


def test_pixel_decoder(golden):
    ref = golden('k_pixel_decoder')
    module = MODELS.build(
        ConfigDict(
            pixel_decoder(64),
            in_channels=[8, 16, 32, 64],
            feat_channels=32,
            out_channels=32))
    prefix = 'panoptic_head.pixel_decoder.'
    state = _renamed(ref.group('state:'), 'sem_seg_head.pixel_decoder.')
    module.load_state_dict({k[len(prefix):]: v for k, v in state.items()})
    mask_features, scales = module([ref[f'res{i}'] for i in range(2, 6)])
    _close(mask_features.detach(), ref['mask_features'])
    for index, scale in enumerate(scales):
        _close(scale.detach(), ref[f'ms{index}'])


def test_position_encoding(golden):
    ref = golden('k2_msdeform_core_and_posenc')
    encoding = SinePositionalEncoding(num_feats=16, normalize=True)
    mask = torch.zeros(1, *ref['posenc'].shape[-2:], dtype=torch.bool)
    _close(encoding(mask), ref['posenc'], 1e-6)


@pytest.fixture
def head(tmp_path):
    register_golden_clip(tmp_path)
    names = ['wall,walls,brick wall', 'person,child,girl', 'sky,clouds',
             'car,cars', 'grass', 'traffic light,traffic lights,stop light']
    return MODELS.build(golden_detector(names, 3, 3)).panoptic_head


def test_mask_decoder(golden, head):
    ref = golden('j_decoder')
    prefix = 'panoptic_head.'
    state = _renamed(ref.group('state:'), 'sem_seg_head.predictor.')
    missing, unexpected = head.load_state_dict(
        {k[len(prefix):]: v for k, v in state.items()}, strict=False)
    assert not unexpected
    assert all(k.startswith(('pixel_decoder', 'void')) for k in missing)
    head.pixel_decoder.forward = lambda x: (ref['mask_features'],
                                            [ref[f'x{i}'] for i in range(3)])
    rows = ref['text_classifier']  # void included
    head.text_classifier.embeddings = rows[:-1]
    head.void_embedding.weight.data = rows[-1:]
    head.text_classifier.num_synonyms = ref['num_templates'].tolist()
    logits, masks = head([ref['x0']])
    for layer in range(4):
        _close(logits[layer].detach(), ref['pred_logits'][layer])
        _close(masks[layer].detach(), ref['pred_masks'][layer])


@pytest.fixture
def student(golden, tmp_path):
    """The whole student, through CLIP file and converter."""
    register_golden_clip(tmp_path)
    official = {
        key: golden('l_student_state')[key]
        for key in golden('l_student_state').arrays.files
    }
    clip = {
        key[len('backbone.clip_model.'):]: value
        for key, value in official.items()
        if key.startswith('backbone.clip_model.')
    }
    weights = tmp_path / 'clip.pt'
    torch.save(clip, weights)
    ref = golden('l_student_vocabA')
    classes = [ref['class_names'][index] for index in THINGS_FIRST]
    model = MODELS.build(golden_detector(classes, 3, 3, str(weights)))
    converted = convert_state_dict(official)
    missing, unexpected = model.load_state_dict(
        converted.state_dict, strict=False)
    assert not missing and not unexpected
    return model.eval()


def _normalised(image):
    mean = torch.tensor([122.7709383, 116.7460125, 104.09373615])
    std = torch.tensor([68.5005327, 66.6321579, 70.32316305])
    image = (image.float() - mean.view(3, 1, 1)) / std.view(3, 1, 1)
    return torch.nn.functional.pad(image, (0, 16, 0, 16))[None]


@torch.no_grad()
def test_student(golden, student):
    ref = golden('l_student_vocabA')
    head, order = student.panoptic_head, THINGS_FIRST + [6]
    inputs = _normalised(ref['image'])

    stages = student.backbone(inputs)
    for stage, name in zip(stages, ('res2', 'res3', 'res4', 'res5')):
        _close(stage, ref[name])
    dense = student.backbone.dense_features(stages[-1])
    _close(dense, ref['clip_vis_dense'])

    rows = ref['text_classifier_with_void']
    synonyms = rows[:-1].split(ref['num_templates'].tolist())
    ours = head._text_rows()
    _close(ours[:-1], torch.cat([synonyms[i] for i in THINGS_FIRST]))
    _close(ours[-1], rows[-1])

    logits, masks = head(stages)
    _close(logits[-1], ref['pred_logits'][..., order])
    _close(masks[-1], ref['pred_masks'])
    pooled = student.backbone.embed(mask_pool(dense, masks[-1]))
    _close(pooled, ref['pooled_clip_embed'])
    zero_shot = head._zero_shot_logits(student.backbone, dense, masks[-1])
    _close(zero_shot, ref['out_vocab_logits'][..., order])
    final, _ = student.predict_queries(inputs)
    _close(final[0], ref['final_log_probs'][:, order])


@torch.no_grad()
def test_student_results(golden, student):
    ref = golden('l_student_vocabA')
    inputs = _normalised(ref['image'])
    sample = DetDataSample(
        metainfo=dict(
            batch_input_shape=(96, 128),
            img_shape=(80, 112),
            ori_shape=(100, 140)))
    student.predict(inputs, [sample])
    panoptic = sample.pred_panoptic_seg.sem_seg[0]
    expected = torch.full_like(panoptic, 6)
    for seg_id, category in zip(ref['seg_ids'], ref['seg_category']):
        label = THINGS_FIRST.index(category)
        expected[ref['panoptic_seg'] == seg_id] = label + 1000 * seg_id
    assert (panoptic != expected).sum() <= 5  # gaps down to 5e-8

    final, masks = student.predict_queries(inputs)
    masks = resize_logits(masks, (96, 128))[..., :80, :112]
    scores = semantic_inference(final[0], resize_logits(masks, (100, 140))[0])
    _close(scores, ref['sem_seg'][THINGS_FIRST])
    agree = sample.pred_sem_seg.sem_seg[0] == scores.argmax(0)
    assert agree.all()
