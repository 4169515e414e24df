"""A checkpoint of a very small network, and images for it."""
from pathlib import Path

import cv2
import numpy as np
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

import dearli_mm  # noqa: F401

CONFIG = (Path(__file__).parents[1] /
          'configs/quickstart/dear_tiny-clip_toy-world.py')
SMALLER = {
    'model.detector.panoptic_head.num_queries': 8,
    'model.detector.panoptic_head.transformer_decoder.num_layers': 1,
    'model.detector.panoptic_head.pixel_decoder.encoder.num_layers': 1,
    # Of random masks no more than a small share is left.
    'model.detector.test_cfg.overlap_thr': 0.0,
}


def write_checkpoint(folder: Path) -> Path:
    """As training writes it: config and classes travel in it."""
    config = Config.fromfile(CONFIG)
    config.merge_from_dict(SMALLER)
    text = config.model.detector.panoptic_head.text_classifier
    text.cache_dir = str(folder / 'text')
    init_default_scope('mmdet')
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    model.init_weights()
    for parameter in model.teacher.parameters():  # not the student's opinion
        parameter.data += 0.05 * torch.randn_like(parameter)
    object.__setattr__(config, '_format_python_code', False)
    path = folder / 'iter_1.pth'
    torch.save(
        dict(
            state_dict=model.state_dict(),
            meta=dict(
                cfg=config.pretty_text, dataset_meta=dict(config.metainfo))),
        path)
    return path


def write_images(folder: Path) -> Path:
    """Three images, of different sizes and types, and a file that is none."""
    (folder / 'sub').mkdir(parents=True)
    random = np.random.default_rng(0)
    for name, size in (('a.png', (48, 64)), ('sub/a.jpg', (64, 64)),
                       ('sub/c.bmp', (70, 50))):
        blobs = random.integers(0, 255, (4, 4, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / name), cv2.resize(blobs, size[::-1]))
    (folder / 'readme.md').write_text('no image')
    return folder
