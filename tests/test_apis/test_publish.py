"""Checkpoints to give away."""
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from dearli_mm.apis import DEARLiInferencer
from dearli_mm.apis.publish import publish_model
from projects.toy_world.scenes import render_scene

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize('network', ['student', 'teacher'])
def test_it_predicts_as_the_network_does(checkpoint, images, tmp_path,
                                         network):
    path = publish_model(str(checkpoint), str(tmp_path / 'small.pth'), network,
                         half=False)
    theirs = DEARLiInferencer(str(checkpoint), network=network)(images)
    ours = DEARLiInferencer(str(path))(images)
    for one, other in zip(ours, theirs):
        assert_array_equal(one.seg_map, other.seg_map)
        np.testing.assert_allclose(one.scores, other.scores, rtol=1e-5)
        assert one.class_names == other.class_names


def test_it_is_small_and_plain(checkpoint, tmp_path, monkeypatch):
    whole = torch.load(checkpoint, weights_only=True)
    root = whole['meta']['cfg'].split('projects/toy_world')[0].split("'")[-1]
    monkeypatch.chdir(root)
    path = publish_model(str(checkpoint), str(tmp_path / 'small.pth'))
    content = torch.load(path, weights_only=True)
    assert {v.dtype for v in content['state_dict'].values()} == {torch.half}
    assert path.stat().st_size < checkpoint.stat().st_size / 2
    text = content['meta']['cfg']
    assert root not in text and 'optim_wrapper' not in text
    assert "pretrained='projects/toy_world/dearli_tiny.safetensors'" in text
    assert len(DEARLiInferencer(str(path)).vocabulary.names) == 13
    with pytest.raises(FileExistsError, match='choose another name'):
        publish_model(str(checkpoint), str(path))
    with pytest.raises(ValueError, match='has no teacher'):
        publish_model(str(path), str(tmp_path / 'b.pth'), 'teacher')


def test_the_student_that_comes_with_the_project(monkeypatch):
    monkeypatch.chdir(ROOT)  # where its text tower lies
    path = ROOT / 'projects/toy_world/dearli_student.pth'
    assert path.stat().st_size < 6e6
    scene = render_scene(2**21, 3, 128)  # of a set that nobody trains on
    prediction, = DEARLiInferencer(str(path))(scene.image[..., ::-1].copy())
    found = prediction.seg_map[None] == np.arange(
        1, len(prediction.labels) + 1)[:, None, None]
    joint = np.einsum('nhw,mhw->nm', found.astype(int),
                      scene.masks.astype(int))
    union = found.sum((1, 2))[:, None] + scene.masks.sum((1, 2)) - joint
    same = prediction.labels[:, None] == np.array(scene.labels)
    assert (same & (joint / union > 0.5)).sum() >= 2
