"""The inferencer of an exported network."""
import zlib
from pathlib import Path
from typing import List, Optional, Union

from mmengine.registry import init_default_scope

from .inferencer import DEARLiInferencer, check_share
from .loading import ImageLoader, LoadedImage
from .onnx_network import ONNXNetwork, panoptic_segments, semantic_map
from .prediction import PanopticPrediction
from .vocabulary import Vocabulary, make_vocabulary


class ONNXInferencer(DEARLiInferencer):
    """What :class:`DEARLiInferencer` makes of a file ``model.onnx``.

    Its classes, network and ``alpha`` are those of the export; no model is
    built. Results are those of PyTorch but for ties.

    Args:
        checkpoint (str): File that ``tools/export.py`` wrote.
        device (str): ``'cpu'`` (default) or ``'cuda'``.
        score_thr (float, optional): Segments must score above it. Defaults
            to that of the export.
        fixed: What an export has decided; must be left out.

    Raises:
        ImportError: If ONNX Runtime is missing.
        ValueError: If an argument is out of range or comes too late.
    """

    def __init__(self,
                 checkpoint: str,
                 classes: None = None,
                 device: Optional[str] = None,
                 *,
                 network: Optional[str] = None,
                 score_thr: Optional[float] = None,
                 **fixed) -> None:
        self._file = Path(checkpoint).expanduser()
        self._onnx = ONNXNetwork(self._file, device or 'cpu')
        settings = self._onnx.settings
        if network not in (None, 'student', settings['network']):
            fixed['network'] = network
        late = [name for name, value in dict(classes=classes, **fixed).items()
                if value is not None]
        if late:
            raise ValueError(
                f'{", ".join(late)}: fixed when {self._file.name} was '
                'exported; give them to tools/export.py')
        init_default_scope('mmdet')
        self._network_name = settings['network']
        self._config_hash = zlib.crc32(repr(settings['pipeline']).encode())
        self._load = ImageLoader(settings['pipeline'])
        self.original_vocabulary = self.vocabulary = make_vocabulary(
            settings['prompts'], settings['num_things'], settings['names'],
            settings['palette'])
        self.configure(score_thr=score_thr)

    @property
    def alpha(self) -> float:
        """float: Weight of CLIP's zero-shot opinion."""
        return self._onnx.settings['alpha']

    @property
    def score_thr(self) -> float:
        """float: Segments score above it."""
        return self._onnx.settings['score_thr']

    def set_classes(self, classes: Union[str, Vocabulary]) -> None:
        """Refused.

        Raises:
            ValueError: Always.
        """
        raise ValueError(f'the classes of {self._file.name} are fixed; give '
                         'others to tools/export.py --classes')

    def configure(self,
                  alpha: Optional[float] = None,
                  score_thr: Optional[float] = None) -> None:
        """Change ``score_thr``; None leaves it as it is.

        Raises:
            ValueError: If it is not within 0..1, or ``alpha`` is given.
        """
        if alpha not in (None, self.alpha):
            raise ValueError(f'alpha={alpha}: {self._file.name} was exported '
                             f'with {self.alpha}')
        if score_thr is not None:
            self._onnx.settings['score_thr'] = check_share(
                'score_thr', score_thr)

    def _predict(self, batch: List[LoadedImage],
                 semantic: bool) -> List[PanopticPrediction]:
        return [self._predict_one(item, semantic) for item in batch]

    def _predict_one(self, item: LoadedImage,
                     semantic: bool) -> PanopticPrediction:
        bgr = item.packed['inputs'].numpy()  # [3, h, w], resized
        probs, masks = self._onnx.queries(bgr[::-1].transpose(1, 2, 0),
                                          item.image.shape[:2], semantic)
        seg_map, labels, scores = panoptic_segments(
            probs, masks, self._onnx.num_things, self.score_thr,
            self._onnx.settings['overlap_thr'])
        return PanopticPrediction(
            item.source.name, item.image, seg_map, labels, scores,
            labels < self._onnx.num_things, self.vocabulary,
            semantic_map(probs, masks) if semantic else None)
