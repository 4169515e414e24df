"""The result of one image."""
from dataclasses import dataclass, field
from typing import List, Optional

import numpy as np

from ..visualization import (NO_SEGMENT, draw_segments, enlarge,
                             label_segments, legend, panel_size)
from .vocabulary import Vocabulary

# Smaller pictures are enlarged to be looked at, larger ones are shrunk.
_MIN_WIDTH, _MAX_WIDTH = 480, 1920


@dataclass
class PanopticPrediction:
    """Panoptic segmentation of one image.

    Attributes:
        name (str): Name of the image, relative to the folder it came from.
        image (np.ndarray): uint8 RGB ``[H, W, 3]``.
        seg_map (np.ndarray): int32 ``[H, W]``; 0 is void, 1..n the segments.
        labels (np.ndarray): int64 ``[n]``, class indices.
        scores (np.ndarray): float32 ``[n]``, class probabilities.
        is_thing (np.ndarray): bool ``[n]``.
        vocabulary (Vocabulary): The classes.
        semantic (np.ndarray, optional): int64 ``[H, W]``, class index of
            every pixel, if it was asked for.
        vis (np.ndarray, optional): Picture of :meth:`draw`, if it was asked
            for.
    """
    name: str
    image: np.ndarray = field(repr=False)
    seg_map: np.ndarray = field(repr=False)
    labels: np.ndarray
    scores: np.ndarray
    is_thing: np.ndarray
    vocabulary: Vocabulary = field(repr=False)
    semantic: Optional[np.ndarray] = field(default=None, repr=False)
    vis: Optional[np.ndarray] = field(default=None, repr=False)

    @property
    def class_names(self) -> List[str]:
        """list[str]: ``[n]``, name of each segment's class."""
        return [self.vocabulary.names[label] for label in self.labels]

    @property
    def areas(self) -> np.ndarray:
        """np.ndarray: int64 ``[n]``, pixels of each segment."""
        return np.bincount(
            self.seg_map.ravel(), minlength=len(self.labels) + 1)[1:]

    def draw(self, with_legend: bool = True) -> np.ndarray:
        """Segments over the image, with names.

        Args:
            with_legend (bool): Whether to list the classes below; small
                segments have no name in them. Defaults to True.

        Returns:
            np.ndarray: uint8 RGB. Images that are narrower than 480 pixels
            are enlarged by an integer, those wider than 1920 shrunk.
        """
        size = panel_size(*self.seg_map.shape, _MIN_WIDTH, _MAX_WIDTH)
        seg_map = enlarge(self.seg_map, size)
        colors = self.vocabulary.palette
        picture = label_segments(
            draw_segments(
                enlarge(self.image, size), seg_map, self.labels, colors),
            seg_map, self.class_names)
        if not with_legend:
            return picture
        present = np.unique(self.labels)
        names = [self.vocabulary.names[label] for label in present]
        void = (self.seg_map == 0).mean()
        return np.concatenate([
            picture,
            legend(names, colors[present], size[1],
                   void=f'{NO_SEGMENT} ({void:.0%})' if void else '')
        ])
