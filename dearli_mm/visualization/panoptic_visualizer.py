"""mmdet's pictures of panoptic results."""
from typing import List, Optional

import numpy as np
from mmdet.registry import VISUALIZERS
from mmdet.visualization import DetLocalVisualizer
from mmengine.structures import PixelData


@VISUALIZERS.register_module()
class PanopticVisualizer(DetLocalVisualizer):
    """mmdet's ``DetLocalVisualizer``, also of images without a segment."""

    def _draw_panoptic_seg(self, image: np.ndarray, panoptic_seg: PixelData,
                           classes: Optional[List[str]],
                           palette: Optional[List]) -> np.ndarray:
        if (panoptic_seg.sem_seg == len(classes)).all():  # void
            return image
        return super()._draw_panoptic_seg(image, panoptic_seg, classes,
                                          palette)
