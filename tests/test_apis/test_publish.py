"""Checkpoints to give away."""
import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from dearli_mm.apis import DEARLiInferencer
from dearli_mm.apis.publish import publish_model


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
