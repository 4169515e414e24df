"""PQ and mIoU in one pass over a dataset, without panopticapi."""
import os.path as osp
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np
from mmdet.evaluation.functional import INSTANCE_OFFSET
from mmdet.registry import METRICS
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from ..datasets.image_names import image_name, without_suffix
from ..datasets.panoptic_ground_truth import (PanopticAnnotationFile,
                                              PanopticGroundTruth,
                                              ground_truth_of_sample,
                                              read_semantic_png)
from ..functional.panoptic_ids import split_panoptic_ids
from ..functional.panoptic_quality import (PanopticQuality,
                                           panoptic_quality_compute,
                                           panoptic_quality_mean,
                                           panoptic_quality_update,
                                           semantic_iou_compute,
                                           semantic_iou_update)
from .tables import class_table, summary_table

# The groups that PQ, SQ and RQ are averaged over, and their metric suffixes.
GROUP_SUFFIX = {'all': '', 'things': '_th', 'stuff': '_st'}


@METRICS.register_module()
class PanopticMetric(BaseMetric):
    """Panoptic quality (all, things, stuff, per class) and mIoU, in percent.

    Rules for crowds and void are COCO's, see
    :func:`~dearli_mm.functional.panoptic_quality.panoptic_quality_update`.
    Averages leave out classes that occur neither in ground truth nor in
    predictions; an average over nothing is NaN.

    Predictions are read from ``{prediction}_panoptic_seg`` of the data
    samples (``sem_seg`` ``[1, H, W]``, ``label + instance_id *
    INSTANCE_OFFSET``, void has label C) and, for mIoU, from
    ``{prediction}_sem_seg`` (``sem_seg`` ``[1, H, W]``, classes). Without the
    latter mIoU is left out.

    Args:
        ann_file (str, optional): COCO panoptic JSON. Its categories are
            matched to the dataset's classes by name, its images by
            ``img_id``. Defaults to None: ground truth is found through the
            ``seg_map_path`` and ``segments_info`` of the data samples.
        seg_prefix (str, optional): Folder of the panoptic PNG files that
            ``ann_file`` names. Required with ``ann_file``.
        semantic_prefix (str, optional): Folder of label PNG files for mIoU,
            ``<image name without suffix><semantic_suffix>``, below the folders
            that the sample's ``img_name`` has; pixel values are indices into
            the dataset's classes. Defaults to None: mIoU is computed against
            the classes of the panoptic segments.
        semantic_suffix (str): Defaults to '.png'.
        semantic_ignore_index (int): Pixel value of the semantic files that
            does not count. Defaults to 255.
        prediction (str): 'pred' for the model's result, 'teacher' for the
            second result that DEARLi can give. Defaults to 'pred'. Metrics
            of one evaluator need different prefixes, such as
            ``prefix='teacher'``.
        classwise (bool): Also log and return values per class. Defaults to
            False.
        backend_args (dict, optional): mmengine file backend.
        collect_device (str): 'cpu' or 'gpu'. Defaults to 'cpu'.
        prefix (str, optional): Defaults to None, which means 'panoptic'.

    Raises:
        ValueError: If only one of ``ann_file`` and ``seg_prefix`` is given.
    """

    default_prefix = 'panoptic'

    def __init__(self,
                 ann_file: Optional[str] = None,
                 seg_prefix: Optional[str] = None,
                 semantic_prefix: Optional[str] = None,
                 semantic_suffix: str = '.png',
                 semantic_ignore_index: int = 255,
                 prediction: str = 'pred',
                 classwise: bool = False,
                 backend_args: Optional[dict] = None,
                 collect_device: str = 'cpu',
                 prefix: Optional[str] = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if (ann_file is None) != (seg_prefix is None):
            raise ValueError(
                'PanopticMetric needs ann_file and seg_prefix together or '
                f'neither, got ann_file={ann_file!r}, '
                f'seg_prefix={seg_prefix!r}.')
        self.ann_file = ann_file
        self.seg_prefix = seg_prefix
        self.semantic_prefix = semantic_prefix
        self.semantic_suffix = semantic_suffix
        self.semantic_ignore_index = semantic_ignore_index
        self.prediction = prediction
        self.classwise = classwise
        self.backend_args = backend_args
        self._annotations: Optional[PanopticAnnotationFile] = None
        self._semantic_owner: Dict[str, str] = {}

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Score a batch.

        Args:
            data_batch (Any): Not used.
            data_samples (Sequence[dict]): Samples with predictions and what
                finds their ground truth.
        """
        self.results.extend(self._score(sample) for sample in data_samples)

    def compute_metrics(self, results: List[Tuple]) -> Dict[str, float]:
        """Sum up, log tables, and name the values.

        Args:
            results (list[tuple]): One (classes ``[k]``, table ``[k, 6]``) an
                image, from :meth:`process`.

        Returns:
            dict[str, float]: Percent; PQ, SQ, RQ, each also with ``_th`` and
            ``_st``, mIoU if there were semantic predictions, and
            ``PQ/<class>`` with ``classwise``.
        """
        total = np.zeros((len(self._classes), 6))
        for classes, table in results:
            total[classes] += table
        quality = PanopticQuality(
            *(100 * v for v in panoptic_quality_compute(total[:, :4])))
        means = {
            group: panoptic_quality_mean(quality, labels)
            for group, labels in self._groups().items()
        }
        metrics = {
            name.upper() + GROUP_SUFFIX[group]: value
            for group, mean in means.items()
            for name, value in mean._asdict().items()
        }
        iou, mean_iou = semantic_iou_compute(total[:, 4:])
        if total[:, 5].any():
            metrics['mIoU'] = 100 * mean_iou
        title = f'{self.prefix} ({len(results)} images)'
        print_log(
            summary_table(title, means, metrics.get('mIoU')), logger='current')
        if self.classwise:
            print_log(
                class_table(title, self._classes, quality, 100 * iou,
                            total[:, 1:4]),
                logger='current')
            metrics.update({
                f'PQ/{name}': float(pq)
                for name, pq in zip(self._classes, quality.pq)
            })
        return metrics

    def _score(self, sample: dict) -> Tuple[np.ndarray, np.ndarray]:
        """Table of one image, without the rows of classes that are not in it:
        what travels between processes stays below a kilobyte or two."""
        num_classes = len(self._classes)
        truth = self._ground_truth(sample)
        seg_map, labels = split_panoptic_ids(
            self._prediction_map(sample, 'panoptic_seg', truth), num_classes,
            INSTANCE_OFFSET)
        table = np.zeros((num_classes, 6))
        table[:, :4] = panoptic_quality_update(seg_map, labels, *truth,
                                               num_classes)
        if f'{self.prediction}_sem_seg' in sample:
            table[:, 4:] = self._semantic_areas(sample, truth)
        classes = np.flatnonzero(table.any(axis=1))
        return classes, table[classes]

    def _ground_truth(self, sample: dict) -> PanopticGroundTruth:
        if self.ann_file is None:
            return ground_truth_of_sample(sample, self._groups()['things'],
                                          self.backend_args)
        # Not in the constructor: the classes are only known once the
        # evaluator has handed over the dataset's meta information.
        if self._annotations is None:
            self._annotations = PanopticAnnotationFile(
                self.ann_file, self.seg_prefix, self._classes,
                self.backend_args)
        return self._annotations(sample)

    def _semantic_areas(self, sample: dict,
                        truth: PanopticGroundTruth) -> np.ndarray:
        """Intersection and union of the classes of one image, [C, 2]."""
        pred = self._prediction_map(sample, 'sem_seg', truth)
        num_classes = len(self._classes)
        if self.semantic_prefix is None:
            # -1 can be no class, 255 could.
            return semantic_iou_update(pred, truth.label_map(-1), num_classes,
                                       ignore_index=-1)
        path = self._semantic_path(sample)
        semantic = read_semantic_png(path, self.backend_args)
        try:
            return semantic_iou_update(pred, semantic, num_classes,
                                       self.semantic_ignore_index)
        except ValueError as error:
            raise ValueError(f'{path}: {error}') from error

    def _semantic_path(self, sample: dict) -> str:
        """Label PNG of an image, which is that of no other."""
        name = image_name(sample)
        path = osp.join(self.semantic_prefix,
                        without_suffix(name) + self.semantic_suffix)
        owner = self._semantic_owner.setdefault(path, sample['img_path'])
        if owner != sample['img_path']:
            raise ValueError(
                f'{path} would be the semantic ground truth of {owner} and of '
                f'{sample["img_path"]}: rename one of the images')
        return path

    def _prediction_map(self, sample: dict, kind: str,
                        truth: PanopticGroundTruth) -> np.ndarray:
        """Map ``{prediction}_{kind}`` of a sample, int [H, W]."""
        key = f'{self.prediction}_{kind}'
        if key not in sample:
            remedy = "Set semi_test_cfg.predict_on='both' in the model" \
                if self.prediction == 'teacher' else \
                'Set panoptic_on=True in test_cfg of the panoptic head'
            raise KeyError(f'The model gave no {key!r} for '
                           f'{sample.get("img_path")}. {remedy}.')
        pred = sample[key]['sem_seg'][0].cpu().numpy()
        if pred.shape != truth.seg_map.shape:
            raise ValueError(
                f'{key} of {sample.get("img_path")} has shape '
                f'{list(pred.shape)}, its ground truth '
                f'{list(truth.seg_map.shape)}. Predictions must be rescaled '
                'to the original image (predict(..., rescale=True)).')
        return pred

    @property
    def _classes(self) -> Sequence[str]:
        return self.dataset_meta['classes']

    def _groups(self) -> Dict[str, List[int]]:
        """Class indices of all, things and stuff."""
        meta = self.dataset_meta
        for key in ('thing_classes', 'stuff_classes'):
            if key not in meta:
                raise KeyError(f"The dataset's metainfo has no {key!r}, which "
                               'PanopticMetric needs. Add it to metainfo= of '
                               'the dataset.')
        index = {name: label for label, name in enumerate(meta['classes'])}
        return dict(
            all=list(range(len(meta['classes']))),
            things=[index[name] for name in meta['thing_classes']],
            stuff=[index[name] for name in meta['stuff_classes']])
