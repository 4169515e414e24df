"""What the demo page does, without the page."""
import threading
from typing import List, Optional, Tuple

import numpy as np

from dearli_mm.apis import DEARLiInferencer
from dearli_mm.apis.vocabulary import parse_vocabulary

HEADERS = ['class', 'kind', 'score', 'share of pixels']


class Demo:
    """One network that several visitors ask in turn.

    Args:
        inferencer (DEARLiInferencer): The network.
    """

    def __init__(self, inferencer: DEARLiInferencer) -> None:
        self.inferencer = inferencer
        # Classes and numbers belong to a question, but sit in the network.
        self._lock = threading.Lock()

    def segment(self, image: Optional[np.ndarray], classes: str, alpha: float,
                score_thr: float) -> Tuple[np.ndarray, List[list]]:
        """Answer one question.

        Args:
            image (np.ndarray | None): uint8 RGB ``[H, W, 3]``.
            classes (str): See :func:`parse_vocabulary`; empty for those of
                the checkpoint.
            alpha (float): Weight of CLIP's zero-shot opinion, 0..1.
            score_thr (float): Segments must score above it, 0..1.

        Returns:
            tuple: The picture (uint8 RGB) and a row of ``HEADERS`` for each
            segment, the largest first.

        Raises:
            ValueError: If there is no image, or the text is no list of
                classes.
        """
        if image is None:
            raise ValueError('choose an image first')
        with self._lock:
            self._set_classes(classes)
            self.inferencer.configure(alpha, score_thr)
            prediction, = self.inferencer(image[..., ::-1], workers=0)
        names = prediction.class_names
        shares = prediction.areas / prediction.seg_map.size
        rows = [[
            names[k], 'thing' if prediction.is_thing[k] else 'stuff',
            f'{prediction.scores[k]:.2f}', f'{shares[k]:.1%}'
        ] for k in np.argsort(-shares, kind='stable')]
        return prediction.draw(), rows

    def _set_classes(self, classes: str) -> None:
        vocabulary = self.inferencer.original_vocabulary
        # A text that was not edited keeps names and colours of the dataset.
        if classes.strip() and classes.strip() != vocabulary.text:
            # Never the path of a file: whoever sees the page writes here.
            vocabulary = parse_vocabulary(' '.join(classes.split()))
        if vocabulary.text != self.inferencer.vocabulary.text:
            self.inferencer.set_classes(vocabulary)
