"""A generator of two masks per image, for tests: slow, and fails at will."""
import dataclasses
import time

import numpy as np

from dearli_mm.masks import (MASK_GENERATORS, MaskGenerator, coco_instances,
                             encode_masks, option)


@MASK_GENERATORS.register_module(name='stripes')
@dataclasses.dataclass
class Stripes(MaskGenerator):
    width: int = option(2, help='of a stripe')
    seconds: float = option(0.0, help='to wait', affects_masks=False)

    def generate(self, image: np.ndarray):
        time.sleep(self.seconds)
        height, width = image.shape[:2]
        if height < 16:
            raise RuntimeError('too flat')
        if height > 60:
            return []
        masks = np.zeros((2, height, width), bool)
        masks[0, :, :self.width] = True
        masks[1, 3:5] = True
        return coco_instances(
            encode_masks(masks), [0.9, 0.8], [1.0, 0.95],
            [(0, 0, width, height)] * 2, [(0, 1), (5, 4)])
