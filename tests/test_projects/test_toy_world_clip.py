"""The tiny CLIP: complete, small, and a fair judge of masks."""
import json

import numpy as np
import open_clip
import pytest
import torch
from safetensors import safe_open

from projects.toy_world import CLIP_NAME, CLIP_WEIGHTS
from projects.toy_world.clip_data import normalise
from projects.toy_world.clip_training import (HELD_OUT_SET, class_texts,
                                              classify_regions,
                                              contrastive_loss)
from projects.toy_world.scenes import render_scene


@pytest.fixture(scope='module')
def model():
    return open_clip.create_model(
        CLIP_NAME, pretrained=str(CLIP_WEIGHTS), force_custom_text=True).eval()


def test_weights_are_small_half_precision_and_complete(model):
    assert CLIP_WEIGHTS.stat().st_size < 4e6
    with safe_open(str(CLIP_WEIGHTS), 'pt') as file:
        assert set(file.keys()) == set(model.state_dict())
        for key in file.keys():
            weight = file.get_tensor(key)
            assert weight.dtype == torch.float16
            assert weight.isfinite().all()


def test_config_is_read_by_open_clip():
    assert CLIP_NAME in open_clip.list_models()
    config = json.loads(CLIP_WEIGHTS.with_suffix('.json').read_text())
    assert open_clip.get_model_config(CLIP_NAME)['embed_dim'] == config[
        'embed_dim']


def test_true_masks_of_unseen_scenes_are_recognised(model):
    scenes = [render_scene(HELD_OUT_SET + 1, index) for index in range(40)]
    truth = torch.from_numpy(np.concatenate([s.labels for s in scenes]))
    guess = classify_regions(
        model, class_texts(str(CLIP_WEIGHTS)),
        normalise([s.image for s in scenes]),
        [torch.from_numpy(s.masks) for s in scenes])
    right = (guess == truth).float()
    # Chance is 1/13; measured: 0.85 in all, 0.76 for things (some of which no
    # cell of the 4x4 feature lies in), 0.97 for stuff.
    assert right.mean() > 0.75
    assert right[truth < 8].mean() > 0.62
    assert right[truth >= 8].mean() > 0.9


def test_loss_takes_captions_of_one_class_as_positives():
    axes = torch.eye(3)
    texts, text_labels = axes[[0, 0, 1, 2]], torch.tensor([0, 0, 1, 2])
    regions, labels = axes[[0, 1, 1]], torch.tensor([0, 1, 1])
    scale = torch.tensor(4.6)
    good = contrastive_loss(regions, labels, texts, text_labels, scale)
    # What remains is ln 2 for the one of three regions with two captions, and
    # for the one of three shown captions with two regions.
    assert good.item() == pytest.approx(np.log(2) / 3, abs=1e-3)
    bad = contrastive_loss(regions, labels.flip(0), texts, text_labels, scale)
    assert bad > 10 * good
