"""Panoptic segmentation of images, from a checkpoint."""
import zlib
from itertools import islice
from pathlib import Path
from typing import Iterable, Iterator, List, Optional, Union

import numpy as np
import torch
from mmdet.evaluation.functional import INSTANCE_OFFSET
from mmdet.structures import DetDataSample
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope

from ..datasets.panoptic_files import signature
from ..functional.panoptic_ids import split_panoptic_ids
from ..models.clip import parse_classes
from ..models.detectors import CLIPMask2Former
from .checkpoint import (dataset_of_tests, detector_config, load_checkpoint,
                         load_config)
from .inputs import NamedImage, find_inputs
from .loading import (Failure, ImageLoader, LoadedImage, check_loading,
                      map_ahead)
from .model import build_model, checked_device
from .prediction import PanopticPrediction
from .result_folder import ResultFolder
from .vocabulary import Vocabulary, make_vocabulary, read_vocabulary


def check_share(name: str, value: float) -> float:
    """The value; a ValueError if it is not within 0..1."""
    if not 0 <= value <= 1:
        raise ValueError(f'{name}={value} is not within 0..1')
    return value


class DEARLiInferencer:
    """Panoptic segmentation of images, by the student or the teacher.

    A checkpoint alone is enough: it holds its config. Classes can be changed
    at any time, as no weight depends on them. A file of ``tools/export.py``,
    ``model.onnx``, takes its place; its classes are fixed. ::

        inferencer = DEARLiInferencer('iter_1500.pth', classes='cat,dog;sky')
        prediction, = inferencer('photo.jpg')
        prediction.seg_map, prediction.class_names, prediction.scores

    Args:
        checkpoint (str): File that a training wrote, or ``.onnx``. The text
            tower of CLIP is read from the file that its config names.
        classes (str | Vocabulary, optional): See :func:`read_vocabulary`.
            Defaults to the classes of the config.
        device (str, optional): Defaults to a GPU if there is one.
        config (str, optional): Config file in place of that of the
            checkpoint.
        cfg_options (dict, optional): Values of the config to set, by dotted
            key.
        network (str): ``'student'`` (default) or ``'teacher'``.
        alpha (float, optional): Weight of CLIP's zero-shot opinion, 0..1.
            Defaults to ``test_cfg.alpha`` of the config.
        score_thr (float, optional): Segments must score above it. Defaults
            to ``test_cfg.score_thr`` of the config.

    Raises:
        FileNotFoundError: If a file is missing; names the key.
        ValueError: If an argument is out of range, or files do not fit.
    """

    # Copies are made without arguments.
    def __new__(cls, checkpoint: str = '', *args,
                **kwargs) -> 'DEARLiInferencer':
        """An ONNX file has an inferencer of its own."""
        if cls is DEARLiInferencer and Path(checkpoint).suffix == '.onnx':
            from .onnx_inferencer import ONNXInferencer
            cls = ONNXInferencer
        return super().__new__(cls)

    def __init__(self,
                 checkpoint: str,
                 classes: Union[str, Vocabulary, None] = None,
                 device: Optional[str] = None,
                 *,
                 config: Optional[str] = None,
                 cfg_options: Optional[dict] = None,
                 network: str = 'student',
                 alpha: Optional[float] = None,
                 score_thr: Optional[float] = None) -> None:
        if isinstance(classes, str):
            classes = read_vocabulary(classes)
        self._network_name = network
        content = load_checkpoint(checkpoint)
        self.cfg = load_config(content, checkpoint, config, cfg_options)
        dataset = dataset_of_tests(self.cfg)
        # Now, as the model shares and changes parts of the config.
        self._config_hash = zlib.crc32(
            repr((self.cfg.model, dataset.pipeline)).encode())
        init_default_scope('mmdet')
        self.model = build_model(self.cfg, content['state_dict'],
                                 str(checkpoint), network,
                                 checked_device(device))
        self._load = ImageLoader(dataset.pipeline)
        self._file = Path(checkpoint).expanduser()
        meta = content['meta'].get('dataset_meta') if config is None \
            else dataset.get('metainfo')
        self.original_vocabulary = self._vocabulary_of_config(meta or {})
        self.set_classes(classes or self.original_vocabulary)
        self.configure(alpha, score_thr)

    @property
    def network(self) -> CLIPMask2Former:
        """CLIPMask2Former: The network that predicts."""
        return getattr(self.model, self._network_name, self.model)

    @property
    def alpha(self) -> float:
        """float: Weight of CLIP's zero-shot opinion."""
        return self.network.panoptic_head.test_cfg.get('alpha', 0.4)

    @property
    def score_thr(self) -> float:
        """float: Segments score above it."""
        return self.network.panoptic_fusion_head.test_cfg.get('score_thr', 0.)

    def set_classes(self, classes: Union[str, Vocabulary]) -> None:
        """Change the vocabulary.

        Args:
            classes (str | Vocabulary): See :func:`read_vocabulary`.

        Raises:
            ValueError: If the text cannot be read as classes.
        """
        if isinstance(classes, str):
            classes = read_vocabulary(classes)
        self.network.set_classes(classes.prompts, classes.num_things)
        # Now: errors and waiting belong to this call, not to the next image.
        self.network.panoptic_head.text_classifier.prepare()
        self.vocabulary = classes

    def configure(self,
                  alpha: Optional[float] = None,
                  score_thr: Optional[float] = None) -> None:
        """Change numbers of the prediction; None leaves one as it is.

        Raises:
            ValueError: If one is not within 0..1.
        """
        for name, value, part in (
            ('alpha', alpha, self.network.panoptic_head),
            ('score_thr', score_thr, self.network.panoptic_fusion_head)):
            if value is not None:
                part.test_cfg[name] = check_share(name, value)

    def settings(self) -> dict:
        """What results depend on, besides images and classes, as JSON."""
        return dict(
            checkpoint=self._file.name,
            checkpoint_state=signature([self._file]),
            network=self._network_name,
            alpha=self.alpha,
            score_thr=self.score_thr,
            prompts=self.vocabulary.prompts,
            config=self._config_hash)

    def __call__(self,
                 inputs,
                 out_dir: Optional[str] = None,
                 batch_size: int = 1,
                 return_vis: bool = False,
                 return_semantic: bool = False,
                 workers: int = 2) -> List[PanopticPrediction]:
        """Segment images; all results are kept in memory.

        Args:
            inputs (str | Path | np.ndarray | Sequence): See
                :func:`~dearli_mm.apis.inputs.find_inputs`. Arrays
                are BGR, as OpenCV reads them.
            out_dir (str, optional): Folder to write to as well; see
                ``docs/inference.md``.
            batch_size (int): Images per forward pass. Defaults to 1.
            return_vis (bool): Whether predictions have a picture, ``vis``.
            return_semantic (bool): Whether they have a semantic map.
            workers (int): Threads that read images; 0 for none.

        Returns:
            list[PanopticPrediction]: Of each image, in order.

        Raises:
            OSError: If an image cannot be read.
            MemoryError: If memory is too small for an image.
        """
        images = find_inputs(inputs)
        folder = None
        if out_dir is not None:
            folder = ResultFolder(out_dir, self.vocabulary, self.settings())
            folder.check(images)
        predictions = []
        for result in self.stream(images, batch_size, workers,
                                  return_semantic):
            if isinstance(result, Failure):
                raise result.error
            if folder is not None:
                folder.add(result)
            predictions.append(result)
        if folder is not None:
            folder.finish([image.name for image in images])
        if return_vis:
            for prediction in predictions:
                prediction.vis = prediction.draw()
        return predictions

    def stream(
        self,
        images: Iterable[NamedImage],
        batch_size: int = 1,
        workers: int = 2,
        semantic: bool = False
    ) -> Iterator[Union[PanopticPrediction, Failure]]:
        """Segment images one batch after the other, keeping none.

        Args:
            images (Iterable[NamedImage]): Also without end.
            batch_size (int): Images per forward pass. Defaults to 1.
            workers (int): Threads that read images; 0 for none.
            semantic (bool): Whether predictions have a semantic map.

        Yields:
            PanopticPrediction | Failure: Of each image, in order, but for
            failures, which come with the batch that they would be in.
        """
        check_loading(batch_size, workers)
        loaded = map_ahead(self._load, images, workers, 2 * batch_size)
        while batch := list(islice(loaded, batch_size)):
            yield from (item for item in batch if isinstance(item, Failure))
            batch = [item for item in batch if not isinstance(item, Failure)]
            if batch:
                yield from self._try(batch, semantic)

    def _try(self, batch: List[LoadedImage], semantic: bool
             ) -> List[Union[PanopticPrediction, Failure]]:
        """Predictions of a batch; if it fails, of one image after another."""
        try:
            return self._predict(batch, semantic)
        except Exception as error:  # of one image, not of the rest
            if len(batch) == 1:
                return [Failure.of(batch[0].source, error)]
        return [self._try([item], semantic)[0] for item in batch]

    @torch.no_grad()
    def _predict(self, batch: List[LoadedImage],
                 semantic: bool) -> List[PanopticPrediction]:
        """Predictions of images of any sizes; the model pads them."""
        # A warm-up or a semantic config may have switched them otherwise.
        self.network.panoptic_fusion_head.test_cfg.update(
            panoptic_on=True, semantic_on=semantic)
        samples = self.model.test_step(
            pseudo_collate([item.packed for item in batch]))
        return [self._prediction(sample, item.source.name, item.image)
                for sample, item in zip(samples, batch)]

    def _prediction(self, sample: DetDataSample, name: str,
                    image: np.ndarray) -> PanopticPrediction:
        found = sample.pred_panoptic_seg
        seg_map, labels = split_panoptic_ids(
            found.sem_seg[0].cpu().numpy(), len(self.vocabulary.names),
            INSTANCE_OFFSET)
        semantic = sample.pred_sem_seg.sem_seg[0].cpu().numpy() \
            if 'pred_sem_seg' in sample else None
        return PanopticPrediction(
            name, image, seg_map, labels,
            found.scores.cpu().numpy(),
            labels < self.vocabulary.num_things, self.vocabulary, semantic)

    def _vocabulary_of_config(self, meta: dict) -> Vocabulary:
        """Prompts of the config, with names and colours of the dataset."""
        classes = detector_config(
            self.cfg).panoptic_head.text_classifier.classes
        return make_vocabulary(
            [', '.join(names) for names in parse_classes(classes)],
            self.network.panoptic_head.num_things_classes,
            meta.get('classes'), meta.get('palette'))
