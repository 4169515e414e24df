"""An exported network, by ONNX Runtime and NumPy."""
import json
from pathlib import Path
from typing import Tuple

import cv2
import numpy as np

METADATA = 'dearli_mm'  # key of the file's metadata
STRIDE = 32


class ONNXNetwork:
    """What ``tools/export.py`` wrote, ready to segment.

    This file needs ONNX Runtime, OpenCV and NumPy alone, and may be taken
    elsewhere. ::

        network = ONNXNetwork('student.onnx')
        segment_map, labels, scores = network(rgb)
        [network.names[label] for label in labels]

    Args:
        path (str | Path): File.

    Attributes:
        names (list[str]): Of the classes, things first.
        num_things (int): How many of them are things.

    Raises:
        ValueError: If another tool wrote the file.
    """

    def __init__(self, path) -> None:
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # errors alone
        self._session = onnxruntime.InferenceSession(
            str(Path(path).expanduser()), options,
            providers=['CPUExecutionProvider'])
        stored = self._session.get_modelmeta().custom_metadata_map
        if METADATA not in stored:
            raise ValueError(f'{path} was not written by tools/export.py')
        self.settings = json.loads(stored[METADATA])
        self.names = self.settings['names']
        self.num_things = self.settings['num_things']

    def run(self, images: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """The network alone.

        Args:
            images (np.ndarray): RGB, float32 [B, 3, H, W] of 0..255, H and W
                multiples of 32.

        Returns:
            tuple[np.ndarray, np.ndarray]: Class probabilities [B, Q, C+1],
            void last, and mask logits [B, Q, H/4, W/4].
        """
        return tuple(self._session.run(None, {'images': images}))

    def __call__(self, rgb: np.ndarray, short_side: int = 0
                 ) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Segment one image.

        Args:
            rgb (np.ndarray): uint8 [H, W, 3].
            short_side (int): Pixels that it is resized to first; 0 leaves it
                as it is. Networks want the size that they were trained with.

        Returns:
            tuple[np.ndarray, np.ndarray, np.ndarray]: See
            :func:`panoptic_segments`.
        """
        size = rgb.shape[:2]
        if short_side:
            scale = short_side / min(size)
            rgb = cv2.resize(rgb, None, fx=scale, fy=scale,
                             interpolation=cv2.INTER_AREA
                             if scale < 1 else cv2.INTER_LINEAR)
        height, width = rgb.shape[:2]
        # Padded to the lower right, with the mean that is subtracted.
        image = np.empty((3, -(-height // STRIDE) * STRIDE,
                          -(-width // STRIDE) * STRIDE), np.float32)
        image[:] = np.reshape(self.settings['mean'], (3, 1, 1))
        image[:, :height, :width] = rgb.transpose(2, 0, 1)
        probs, masks = self.run(image[None])
        return panoptic_segments(
            probs[0], masks[0], image.shape[1:], (height, width), size,
            self.num_things, self.settings['score_thr'],
            self.settings['overlap_thr'])


def panoptic_segments(class_probs: np.ndarray,
                      mask_logits: np.ndarray,
                      input_size: Tuple[int, int],
                      valid_size: Tuple[int, int],
                      size: Tuple[int, int],
                      num_things: int,
                      score_thr: float = 0.0,
                      overlap_thr: float = 0.8
                      ) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Disjoint segments of one image; what ``panoptic_inference`` does.

    Args:
        class_probs (np.ndarray): [Q, C+1], void last.
        mask_logits (np.ndarray): [Q, h, w].
        input_size (tuple[int, int]): Height and width of the padded input.
        valid_size (tuple[int, int]): Of its part that is image.
        size (tuple[int, int]): Of the result.
        num_things (int): Classes below this are things.
        score_thr (float): Queries must score above it. Defaults to 0.0.
        overlap_thr (float): Least share of a mask that must be left.
            Defaults to 0.8.

    Returns:
        tuple[np.ndarray, np.ndarray, np.ndarray]: Segment map int32 [H, W]
        (0 is void), labels int64 [n] and scores float32 [n] of segments 1..n.
    """
    labels, scores = class_probs.argmax(1), class_probs.max(1)
    kept = np.flatnonzero((labels < class_probs.shape[1] - 1)
                          & (scores > score_thr))
    segment_map = np.zeros(size, np.int32)
    if len(kept) == 0:
        return segment_map, labels[:0], scores[:0]
    masks = np.stack([_resize(_resize(mask, input_size)[
        :valid_size[0], :valid_size[1]], size) for mask in mask_logits[kept]])
    inside = masks >= 0  # probability at least one half
    owner = (scores[kept][:, None, None] / (1 + np.exp(-masks))).argmax(0)
    found_labels, found_scores, stuff = [], [], {}
    for k, query in enumerate(kept):
        own = owner == k
        held = own & inside[k]
        if not held.any() or own.sum() < overlap_thr * inside[k].sum():
            continue
        label = int(labels[query])
        if label in stuff:
            number = stuff[label]
            found_scores[number - 1] = max(found_scores[number - 1],
                                           scores[query])
        else:
            found_labels.append(label)
            found_scores.append(scores[query])
            number = len(found_labels)
            if label >= num_things:
                stuff[label] = number
        segment_map[held] = number
    return (segment_map, np.asarray(found_labels, np.int64),
            np.asarray(found_scores, np.float32))


def _resize(mask: np.ndarray, size: Tuple[int, int]) -> np.ndarray:
    if mask.shape == tuple(size):
        return mask
    return cv2.resize(mask, size[::-1], interpolation=cv2.INTER_LINEAR)
