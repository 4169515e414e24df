"""mmdet's names for inference, on a config of this package."""
import json
import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmdet.apis import inference_detector
from mmdet.apis import init_detector as mmdet_init_detector
from mmengine.config import Config

from dearli_mm.apis import DetInferencer, init_detector
from dearli_mm.apis.checkpoint import load_checkpoint
from dearli_mm.functional.panoptic_ids import rgb2id

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / 'configs/quickstart/dearli_tiny-clip_toy-world.py'
CHECKPOINT = ROOT / 'projects/toy_world/dearli_student.pth'


@pytest.fixture
def detector():
    return init_detector(CONFIG, str(CHECKPOINT), device='cpu')


@pytest.fixture
def image(tmp_path):
    path = tmp_path / 'scene.png'
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (4, 6, 3), np.uint8)
    cv2.imwrite(str(path), cv2.resize(coarse, (96, 64)))
    return str(path)


def panoptic(sample):
    return sample.pred_panoptic_seg.sem_seg[0].numpy()


def test_init_detector_and_inference_detector(detector, image):
    from_file, = inference_detector(detector, [image])
    from_array = inference_detector(detector, cv2.imread(image))
    assert panoptic(from_file).shape == (64, 96)
    assert (panoptic(from_file) == panoptic(from_array)).all()
    assert detector.dataset_meta['classes'][0] == 'ball'
    # The config names no colours: those of the dataset class, far apart.
    assert len(set(detector.dataset_meta['palette'])) == 13


def test_det_inferencer_writes_segments(detector, image, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # a visualizer without a folder
        inferencer = DetInferencer(str(CONFIG), str(CHECKPOINT), device='cpu',
                                   show_progress=False)
    result, = inferencer(image)['predictions']
    ids = rgb2id(result['panoptic_seg'])
    expected = panoptic(inference_detector(detector, image))
    assert (ids == np.where(expected % 1000 == 13, 0, expected)).all()
    assert (expected % 1000 < 13).any()

    result, = inferencer(image, out_dir=str(tmp_path / 'out'),
                         no_save_pred=False)['predictions']
    written = cv2.imread(result['panoptic_seg_path'])[..., ::-1]
    assert (rgb2id(written) == ids).all()
    entry = json.loads((tmp_path / 'out/preds/scene.json').read_text())
    assert entry == result
    assert (tmp_path / 'out/vis/scene.png').is_file()


def test_a_published_checkpoint_is_enough(image, tmp_path, monkeypatch):
    """Also for an image in which nothing is found."""
    monkeypatch.chdir(ROOT)  # where its text tower lies
    config = Config.fromstring(
        load_checkpoint(str(CHECKPOINT))['meta']['cfg'], '.py')
    network = mmdet_init_detector(config, str(CHECKPOINT), device='cpu')
    assert len(network.dataset_meta['palette']) == 13
    assert panoptic(inference_detector(network, image)).shape == (64, 96)
    inferencer = DetInferencer(weights=str(CHECKPOINT), device='cpu',
                               show_progress=False)
    inferencer.model.test_cfg['score_thr'] = 1.1
    inferencer(image, out_dir=str(tmp_path / 'out'))
    assert (tmp_path / 'out/vis/scene.png').is_file()
