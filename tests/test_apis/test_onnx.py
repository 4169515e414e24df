"""An exported network gives what PyTorch gives."""
import copy

import numpy as np
import pytest
from mmdet.structures import DetDataSample

from dearli_mm.apis import DEARLiInferencer
from dearli_mm.apis.onnx_network import (ONNXNetwork, panoptic_segments,
                                         semantic_map)

pytest.importorskip('onnxruntime')
pytest.importorskip('onnxscript')


@pytest.fixture(scope='module')
def exported(tmp_path_factory):
    from pathlib import Path

    from dearli_mm.apis.onnx_export import export_onnx
    root = Path(__file__).parents[2]
    inferencer = DEARLiInferencer(
        str(root / 'projects/toy_world/dearli_student.pth'), device='cpu')
    path = tmp_path_factory.mktemp('onnx') / 'student.onnx'
    assert export_onnx(inferencer, str(path)) < 1e-4
    with pytest.raises(FileExistsError, match='student.onnx is there'):
        export_onnx(inferencer, str(path))
    return inferencer, ONNXNetwork(path)


def scenes(tmp_path):
    from projects.toy_world.dataset import write_toy_world
    write_toy_world(str(tmp_path), train=1, val=4, labeled=1, size=128, seed=3)
    return sorted((tmp_path / 'val/images').iterdir())


def test_panoptic_maps_are_those_of_pytorch(exported, tmp_path):
    inferencer, network = exported
    assert network.names == inferencer.vocabulary.names
    for expected in inferencer([str(path) for path in scenes(tmp_path)]):
        found, labels, scores = network(expected.image)
        assert (found == expected.seg_map).mean() > 0.999  # but for ties
        assert labels.tolist() == expected.labels.tolist()
        np.testing.assert_allclose(scores, expected.scores, atol=1e-4)


def test_other_sizes_are_padded(exported, tmp_path):
    inferencer, network = exported
    image = inferencer(str(scenes(tmp_path)[0]))[0].image[:100, :90]
    sample = DetDataSample(metainfo=dict(
        img_shape=(100, 90), ori_shape=(100, 90)))
    import torch
    result, = inferencer.model.test_step(dict(
        inputs=[torch.from_numpy(
            np.ascontiguousarray(image[..., ::-1].transpose(2, 0, 1)))],
        data_samples=[sample]))
    expected = result.pred_panoptic_seg.sem_seg[0].numpy()
    found, labels, _ = network(np.ascontiguousarray(image))
    codes = np.r_[len(network.names), labels + 1000 * np.arange(
        1, len(labels) + 1)]
    assert (codes[found] == expected).mean() > 0.999


def test_packages_that_are_missing(exported, tmp_path, monkeypatch):
    from dearli_mm.apis import onnx_export
    monkeypatch.setattr(onnx_export, 'PACKAGES', ('onnx', 'no_such_package'))
    with pytest.raises(ImportError, match='needs no_such_package: pip inst'):
        onnx_export.export_onnx(exported[0], str(tmp_path / 'x.onnx'))


def test_post_processing_by_hand():
    # Queries: a thing, another that loses its pixels, void, two of one stuff.
    probs = np.array([[.9, 0, .1], [.6, 0, .4], [.2, .2, .6],
                      [0, .7, .3], [0, .8, .2]], np.float32)
    left, right = np.array([[5., 5, -5, -5]] * 2), np.array([[-5, -5, 5., -5]])
    masks = np.stack([left, left, left, np.repeat(right, 2, 0),
                      np.full((2, 4), -5.)]).astype(np.float32)
    masks[4, :, 3] = 5
    found, labels, scores = panoptic_segments(probs, masks, num_things=1)
    assert found.tolist() == [[1, 1, 2, 2]] * 2
    assert labels.tolist() == [0, 1]
    assert scores.tolist() == [np.float32(.9), np.float32(.8)]
    nothing, labels, _ = panoptic_segments(probs, masks, 1, score_thr=.95)
    assert not nothing.any() and len(labels) == 0
    assert semantic_map(probs, masks).tolist() == [[0, 0, 1, 1]] * 2


def test_inferencer_of_an_onnx_file(exported, tmp_path):
    inferencer, network = exported
    by_onnx = DEARLiInferencer(network.path)
    images = [str(image) for image in scenes(tmp_path / 'data')]
    pairs = zip(by_onnx(images, tmp_path / 'out', 3, return_semantic=True),
                inferencer(images, return_semantic=True))
    for found, expected in pairs:
        assert found.name == expected.name
        assert (found.seg_map == expected.seg_map).mean() > 0.999
        assert (found.semantic == expected.semantic).mean() > 0.999
        assert found.class_names == expected.class_names
    assert by_onnx.alpha == inferencer.alpha
    assert by_onnx.vocabulary.prompts == inferencer.vocabulary.prompts
    assert len(list((tmp_path / 'out/overlay').iterdir())) == 4
    nothing, = DEARLiInferencer(network.path, score_thr=1.0)(images[0])
    assert not nothing.seg_map.any()


@pytest.mark.parametrize('late', [
    dict(classes='cat;sky'), dict(network='teacher'), dict(alpha=0.1),
    dict(cfg_options={'a': 1})
])
def test_what_an_export_has_fixed(exported, late):
    with pytest.raises(ValueError, match=f'{list(late)[0]}: fixed when'):
        DEARLiInferencer(exported[1].path, **late)


def test_what_an_onnx_inferencer_refuses(exported):
    path = exported[1].path
    inferencer = DEARLiInferencer(path)
    with pytest.raises(ValueError, match='tools/export.py --classes'):
        inferencer.set_classes('cat;sky')
    with pytest.raises(ValueError, match='exported with 0.4'):
        inferencer.configure(alpha=0.3)
    with pytest.raises(ValueError, match='score_thr=2'):
        DEARLiInferencer(path, score_thr=2)
    with pytest.raises(ValueError, match="device='tpu'.*take 'cpu'"):
        DEARLiInferencer(path, device='tpu')


def test_copies_and_subclasses(exported):
    class Mine(DEARLiInferencer):
        pass

    for inferencer in (exported[0], DEARLiInferencer(exported[1].path)):
        assert copy.copy(inferencer).vocabulary is inferencer.vocabulary
    with pytest.raises(ValueError):  # one that knows of checkpoints alone
        Mine(exported[1].path)
