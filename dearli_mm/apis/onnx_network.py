"""An exported network, by ONNX Runtime and NumPy."""
import json
from pathlib import Path
from typing import Tuple

import cv2
import numpy as np

METADATA = 'dearli_mm'  # key of the file's metadata
STRIDE = 32  # height and width are multiples


class ONNXNetwork:
    """What ``tools/export.py`` wrote, ready to segment.

    This file needs ONNX Runtime, OpenCV and NumPy alone, and may be taken
    elsewhere. ::

        network = ONNXNetwork('student.onnx')
        segment_map, labels, scores = network(rgb)
        [network.names[label] for label in labels]

    Args:
        path (str | Path): File.
        device (str): ``'cpu'`` (default) or ``'cuda'``.

    Attributes:
        path (Path): The file.
        names (list[str]): Of the classes, things first.
        num_things (int): How many of them are things.

    Raises:
        ValueError: If another tool wrote the file, or ONNX Runtime does not
            know the device.
    """

    def __init__(self, path, device: str = 'cpu') -> None:
        import onnxruntime
        self.path = Path(path).expanduser()
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # errors alone
        provider = f'{device.split(":")[0].upper()}ExecutionProvider'
        if provider not in onnxruntime.get_available_providers():
            raise ValueError(
                f'device={device!r}: this ONNX Runtime has '
                f"{onnxruntime.get_available_providers()}; take 'cpu', or "
                'for an NVIDIA GPU: pip install onnxruntime-gpu')
        self._session = onnxruntime.InferenceSession(
            str(self.path), options, providers=[provider])
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
        return panoptic_segments(
            *self.queries(rgb, size), self.num_things,
            self.settings['score_thr'], self.settings['overlap_thr'])

    def queries(self, rgb: np.ndarray, size: Tuple[int, int],
                void: bool = False) -> Tuple[np.ndarray, np.ndarray]:
        """What the queries find in one image.

        Args:
            rgb (np.ndarray): uint8 [h, w, 3], as the network is to see it.
            size (tuple[int, int]): Height and width of the result.
            void (bool): Whether queries that are most likely void are among
                them; a semantic map needs these. Defaults to False.

        Returns:
            tuple[np.ndarray, np.ndarray]: Class probabilities [Q, C+1], void
            last, and mask logits [Q, H, W].
        """
        height, width = rgb.shape[:2]
        # Padded to the lower right, with the mean that is subtracted.
        image = np.empty((3, -(-height // STRIDE) * STRIDE,
                          -(-width // STRIDE) * STRIDE), np.float32)
        image[:] = np.reshape(self.settings['mean'], (3, 1, 1))
        image[:, :height, :width] = rgb.transpose(2, 0, 1)
        (probs, ), (masks, ) = self.run(image[None])
        if not void:
            found = probs.argmax(1) < len(self.names)
            probs, masks = probs[found], masks[found]
        full = np.empty((len(masks), *size), np.float32)
        for out, mask in zip(full, masks):
            out[:] = _resize(_resize(mask, image.shape[1:])[:height, :width],
                             size)
        return probs, full


def panoptic_segments(class_probs: np.ndarray,
                      mask_logits: np.ndarray,
                      num_things: int,
                      score_thr: float = 0.0,
                      overlap_thr: float = 0.8
                      ) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Disjoint segments of one image; what ``panoptic_inference`` does.

    Args:
        class_probs (np.ndarray): [Q, C+1], void last.
        mask_logits (np.ndarray): [Q, H, W].
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
    segment_map = np.zeros(mask_logits.shape[1:], np.int32)
    if len(kept) == 0:
        return segment_map, labels[:0], scores[:0]
    masks = mask_logits[kept]
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


def semantic_map(class_probs: np.ndarray,
                 mask_logits: np.ndarray) -> np.ndarray:
    """The best class of every pixel, summed over queries.

    Args:
        class_probs (np.ndarray): [Q, C+1], void last.
        mask_logits (np.ndarray): [Q, H, W].

    Returns:
        np.ndarray: int64 [H, W].
    """
    masks = 1 / (1 + np.exp(-mask_logits))
    return np.tensordot(class_probs[:, :-1].T, masks, 1).argmax(0)


def _resize(mask: np.ndarray, size: Tuple[int, int]) -> np.ndarray:
    if mask.shape == tuple(size):
        return mask
    return cv2.resize(mask, size[::-1], interpolation=cv2.INTER_LINEAR)
