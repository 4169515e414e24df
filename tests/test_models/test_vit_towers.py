"""ViTs of CLIPs as recognisers, small ones of the real classes."""
import json

import open_clip
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from torch import nn
from torch.testing import assert_close

from dearli_mm.engine.preflight import find_lacks
from dearli_mm.models import CLIPTextClassifier, OpenCLIPBackbone
from dearli_mm.models.clip.loading import build_tokenizer

TEXT = dict(context_length=77, vocab_size=49408, width=16, heads=2, layers=1)
OPENAI, SIGLIP, EVA = 'vits_openai', 'vits_map', 'vits_eva'
KINDS = {
    OPENAI: dict(layers=3, width=64, head_width=32, patch_size=16,
                 image_size=64),
    'vits_average': dict(layers=2, width=64, head_width=32, patch_size=32,
                         image_size=64, pool_type='avg',
                         final_ln_after_pool=True),
    # Attention pooling and no class token, as SigLIP.
    SIGLIP: dict(timm_model_name='test_vit2', timm_pool='map',
                 timm_proj='none', image_size=64),
    # Rotary positions, patches of 14, a class token.
    EVA: dict(timm_model_name='eva02_tiny_patch14_224', timm_pool='token',
              timm_proj='linear', image_size=224)
}


@pytest.fixture(scope='module', autouse=True)
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp('clips')
    for name, vision in {
            **KINDS, 'vits_coca': dict(KINDS[OPENAI], attentional_pool=True)
    }.items():
        path = folder / f'{name}.json'
        path.write_text(json.dumps(dict(
            embed_dim=64 if name == SIGLIP else 16, vision_cfg=vision,
            text_cfg=dict(TEXT, heads=2))))
        open_clip.add_model_config(path)


@pytest.fixture
def build():

    def build(name):
        torch.manual_seed(0)
        backbone = OpenCLIPBackbone(name)
        for parameter in backbone.visual.parameters():  # none that is 0 or 1
            if parameter.ndim < 2:
                nn.init.normal_(parameter, std=0.5)
        return backbone

    return build


@pytest.mark.parametrize('name', KINDS)
@torch.no_grad()
def test_one_map_of_stride_16_whatever_the_patches(name, build):
    backbone = build(name)
    maps, = backbone(torch.randn(2, 3, 64, 96))
    assert maps.shape == (2, *backbone.out_channels, 4, 6)
    dense = backbone.dense_features(maps)
    assert dense.shape == maps.shape
    masks = torch.randn(2, 3, 16, 24)
    assert backbone.embed_masks(dense, masks).shape == (
        2, 3, backbone.embed_dims)


@pytest.mark.parametrize('name', [OPENAI, SIGLIP])
@torch.no_grad()
def test_at_its_own_size_the_map_is_the_networks(name, build):
    backbone = build(name)
    network = backbone.visual if name == OPENAI else backbone.visual.trunk
    size = 64 if name == OPENAI else network.patch_embed.img_size[0]
    images = torch.randn(2, 3, size, size)
    blocks = 3 if name == OPENAI else len(network.blocks)
    expected = network.forward_intermediates(images, indices=[blocks - 2])
    expected = expected['image_intermediates'] if name == OPENAI \
        else expected[1]
    assert_close(backbone(images), tuple(expected))


@pytest.mark.parametrize('name', KINDS)
@torch.no_grad()
def test_equal_tokens_are_an_image_of_equal_tokens(name, build):
    """Attention changes nothing then, so the network itself is the measure."""
    backbone, visual = build(name), build(name).visual
    token = torch.randn(1, 1, *backbone.out_channels)
    tokens = token.expand(1, 17, -1)  # a class token and 16 patches
    if hasattr(visual, 'trunk'):
        trunk = visual.trunk
        expected = visual.head(trunk.forward_head(
            trunk.norm(trunk.blocks[-1](tokens))))
    else:
        pooled, _ = visual._pool(visual.transformer.resblocks[-1](tokens))
        expected = pooled @ visual.proj
    dense = backbone.dense_features(token.movedim(-1, 1)[..., None].expand(
        1, -1, 4, 4))
    found = backbone.embed_masks(dense, torch.ones(1, 1, 4, 4))
    assert_close(found[0], expected, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_a_token_hears_nothing_of_the_others(build):
    backbone = build(OPENAI)
    maps = torch.randn(1, 64, 2, 3)
    block = backbone.visual.transformer.resblocks[-1]
    tokens = maps.flatten(2)[0].T
    weight, bias = (p[128:] for p in (block.attn.in_proj_weight,
                                      block.attn.in_proj_bias))
    value = block.ln_1(tokens) @ weight.T + bias
    tokens = tokens + block.attn.out_proj(value)
    tokens = tokens + block.mlp(block.ln_2(tokens))
    assert_close(backbone.dense_features(maps).flatten(2)[0].T,
                 backbone.visual.ln_post(tokens), rtol=1e-4, atol=1e-5)


def test_what_cannot_be_had_is_named():
    with pytest.raises(ValueError, match='frozen=False.*take TimmViT'):
        OpenCLIPBackbone(OPENAI, frozen=False)
    with pytest.raises(ValueError, match='VisionTransformer.*pools tokens'):
        OpenCLIPBackbone('vits_coca')


@pytest.fixture
def config():
    config = Config.fromfile('configs/quickstart/dear_tiny-clip_toy-world.py')
    detector = config.model.detector
    detector.train_cfg.num_points = 64
    detector.panoptic_head.text_classifier.update(
        model_name=SIGLIP, pretrained=None, templates='plain')
    return config


@pytest.mark.parametrize('alone', [False, True])
def test_student_and_teacher_with_a_vit(config, alone):
    """Beside a trunk, and as the trunk itself behind a pyramid."""
    detector = config.model.detector
    vit = dict(type='OpenCLIPBackbone', model_name=SIGLIP)
    if alone:
        detector.backbone = vit
        detector.neck = dict(type='SimpleFeaturePyramid', in_channels=64,
                             out_channels=16)
        detector.panoptic_head.in_channels = [16] * 4
    else:
        detector.zero_shot_clip = vit
    model = MODELS.build(config.model)
    assert model.teacher.clip is model.student.clip
    images, seen = torch.randn(1, 3, 64, 64), []
    model.student.clip.register_forward_hook(lambda *_: seen.append(1))
    logits, masks = model.eval().student.predict_queries(images, stages={})
    assert len(seen) == 1
    assert logits.shape[-1] == model.student.panoptic_head.num_classes + 1
    masks.sum().backward()


def test_images_as_the_published_weights_had_them(monkeypatch):
    """A file of SigLIP's does not tell that its mean is not OpenAI's."""
    monkeypatch.setattr(open_clip, 'list_pretrained_tags_by_model',
                        lambda name: ['webli'])
    monkeypatch.setattr(
        open_clip, 'get_pretrained_cfg', lambda name, tag:
        open_clip.pretrained.get_pretrained_cfg('ViT-B-16-SigLIP2', tag))
    norm = OpenCLIPBackbone(SIGLIP).pixel_norm
    assert norm.mean == norm.std == [127.5] * 3
    assert OpenCLIPBackbone(SIGLIP, mean=[1, 2, 3]).pixel_norm.mean == [
        1, 2, 3]


def test_a_tokenizer_of_files(tmp_path):
    """As SigLIP's, from a folder that a model config of one's own names."""
    pytest.importorskip('transformers')
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast
    words = Tokenizer(models.WordLevel(
        {'<pad>': 0, '<unk>': 1, 'cat': 2, 'dog': 3}, '<unk>'))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token='<pad>',
        unk_token='<unk>').save_pretrained(tmp_path / 'tokenizer')
    published = open_clip.get_model_config('ViT-B-16-SigLIP2-256')
    path = tmp_path / 'vits_siglip2.json'
    path.write_text(json.dumps(dict(
        published, embed_dim=64, vision_cfg=KINDS[SIGLIP],
        text_cfg=dict(
            published['text_cfg'], width=64, heads=2, layers=1, vocab_size=4,
            hf_tokenizer_name=str(tmp_path / 'tokenizer')))))
    open_clip.add_model_config(path)
    assert build_tokenizer('vits_siglip2')(['cat dog'])[0, :3].tolist() == [
        2, 3, 0]
    classifier = CLIPTextClassifier(['cat', 'dog'], 'vits_siglip2')
    classifier.prepare()
    assert_close(classifier.embeddings.norm(dim=1), torch.ones(2))


def test_a_missing_tokenizer_is_told_before_training():
    config = Config(dict(model=dict(detector=dict(
        zero_shot_clip=dict(model_name='ViT-B-16-SigLIP2-256'),
        panoptic_head=dict(text_classifier=dict())))))
    lack, = find_lacks(config)
    assert "'timm/ViT-B-16-SigLIP2-256'" in lack.text
    config.model.detector.zero_shot_clip.model_name = 'ViT-B-16'
    assert not find_lacks(config)
