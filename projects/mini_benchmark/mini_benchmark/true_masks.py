"""True segments as masks of a warm-up: the most that masks can give."""
from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
from pycocotools import mask as coco_mask
from tqdm import tqdm

from dearli_mm.datasets.masks import MaskFolder
from dearli_mm.functional.panoptic_ids import rgb2id
from dearli_mm.masks import coco_instances


def write_true_masks(subset: str, out: str) -> int:
    """Write the segments of a COCO panoptic subset, without their classes.

    Args:
        subset (str): Folder with ``panoptic.json`` and ``panoptic/``.
        out (str): Folder of masks to write, as ``tools/sam_masks.py`` does.

    Returns:
        int: Number of images.

    Raises:
        FileNotFoundError: If there is no ``panoptic.json``.
    """
    content = json.loads((Path(subset) / 'panoptic.json').read_text('utf-8'))
    names = {image['id']: image['file_name'] for image in content['images']}
    settings = dict(generator='true segments', subset=Path(subset).name)
    folder = MaskFolder(out)
    folder.prepare(settings)
    for annotation in tqdm(content['annotations'], desc='masks'):
        path = Path(subset) / 'panoptic' / annotation['file_name']
        ids = rgb2id(np.ascontiguousarray(cv2.imread(str(path))[..., ::-1]))
        masks = np.stack([ids == segment['id']
                          for segment in annotation['segments_info']], -1)
        rles = coco_mask.encode(np.asfortranarray(masks, np.uint8))
        height, width = ids.shape
        count = len(rles)
        folder.write(
            names[annotation['image_id']], height, width,
            coco_instances(rles, [1.] * count, [1.] * count,
                           [(0, 0, width, height)] * count,
                           [np.argwhere(masks[..., k])[0][::-1]
                            for k in range(count)]))
    return len(names)
