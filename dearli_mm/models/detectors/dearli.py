"""Student and teacher."""
import copy
from typing import Dict, List, Optional, Tuple

import torch
from mmdet.models.data_preprocessors import MultiBranchDataPreprocessor
from mmdet.models.detectors import SemiBaseDetector
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.utils import ConfigType, OptConfigType, OptMultiConfig
from mmengine.structures import InstanceData
from torch import Tensor, nn

from dearli_mm.functional import Match, PanopticSegments
from dearli_mm.functional.segments import count_segments, trim_segments
from dearli_mm.utils import ChecksLosses, HostCopy

from .panoptic_cutmix import PanopticCutMix
from .teacher import TeacherOpinion, pseudo_statistics, serve_both, teacher_of

PREDICT_ON = ('student', 'teacher', 'both')


@MODELS.register_module()
class DEARLi(ChecksLosses, SemiBaseDetector):
    """Semi-supervised panoptic segmentation with a mean teacher.

    The teacher labels the weak views of unlabelled images, the student
    learns from strong, CutMixed views of them and from labelled images.
    A backbone without trainable parameters exists once, in the student; the
    teacher refers to it. Source: DEARLi section 3.

    Batches hold the branches ``labeled``, ``weak`` and ``strong`` (the views
    of the same unlabelled images); see :class:`SemiSupDataPreprocessor`.

    Args:
        detector (dict): Config of both networks, a :class:`CLIPMask2Former`.
        semi_train_cfg (dict, optional): ``labeled_weight`` (1.0) and
            ``pseudo_weight`` (1.0) of the losses; ``cutmix``, arguments of
            :class:`PanopticCutMix` (``prob``, ``area``, ``aspect``,
            ``partner``).
        semi_test_cfg (dict, optional): ``predict_on``: ``'student'``
            (default), ``'teacher'``, or ``'both'``, which adds the teacher's
            results as ``teacher_panoptic_seg`` and ``teacher_sem_seg``.
        data_preprocessor (dict, optional): A :class:`SemiSupDataPreprocessor`.
        init_cfg (dict, optional): Of mmengine.

    Raises:
        ValueError: If a config value is none of its choices.
    """

    def __init__(self,
                 detector: ConfigType,
                 semi_train_cfg: OptConfigType = None,
                 semi_test_cfg: OptConfigType = None,
                 data_preprocessor: OptConfigType = None,
                 init_cfg: OptMultiConfig = None) -> None:
        # SemiBaseDetector would build the detector twice, with its CLIP.
        super(SemiBaseDetector, self).__init__(
            data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        self.semi_train_cfg = dict(semi_train_cfg or {})
        self.semi_test_cfg = dict(semi_test_cfg or {})
        self.cutmix = PanopticCutMix(**self.semi_train_cfg.get('cutmix', {}))
        self.predict_on = self.semi_test_cfg.get('predict_on', 'student')
        if self.predict_on not in PREDICT_ON:
            raise ValueError(f'semi_test_cfg.predict_on={self.predict_on!r} '
                             f'is none of {PREDICT_ON}')
        # While it is set, the student learns from labelled images alone.
        self.burning_in = False
        self.student = MODELS.build(self._with_preprocessor(detector))
        self.teacher = teacher_of(self.student)

    def _with_preprocessor(self, detector: ConfigType) -> ConfigType:
        """Let the networks know how their images are normalised."""
        if detector.get('data_preprocessor') is not None or not isinstance(
                self.data_preprocessor, MultiBranchDataPreprocessor):
            return detector
        return {
            **detector, 'data_preprocessor':
            self.data_preprocessor.data_preprocessor
        }

    def init_weights(self) -> None:
        """Initialise the student; the teacher starts as its copy."""
        self.student.init_weights()
        self.copy_student_to_teacher()

    @torch.no_grad()
    def copy_student_to_teacher(self) -> None:
        """Give the teacher the student's parameters and buffers."""
        student = self.student.state_dict()
        self.teacher.load_state_dict(
            {name: student[name]
             for name in self.teacher.state_dict()})

    def train(self, mode: bool = True) -> 'DEARLi':
        """The teacher stays in eval mode."""
        super().train(mode)
        self.teacher.eval()
        return self

    # ------------------------------------------------------------ training

    def loss(self, multi_batch_inputs: Dict[str, Tensor],
             multi_batch_data_samples: Dict[str, SampleList]) -> dict:
        """Losses of one step, and what the log tells of the pseudo-labels.

        Args:
            multi_batch_inputs (dict[str, Tensor]): Normalised images of the
                branches ``labeled``, ``weak`` and ``strong``, each
                [B, 3, H, W].
            multi_batch_data_samples (dict[str, SampleList]): Their samples.

        Returns:
            dict[str, Tensor]: ``labeled_loss_cls``, ``..._mask``,
            ``..._dice`` (weighted, summed over predictions), the same of
            ``pseudo_``, and ``pseudo_segments`` (a image),
            ``pseudo_confidence``, ``pseudo_coverage`` (share of pixels).
        """
        # Sizes of tensors hang on what the device finds: the segments of
        # labelled images, the queries that the teacher keeps, the segments
        # that they make. All of these travel to the host while the device has
        # other work, so that it runs dry nowhere but at the matchings.
        head = self.student.panoptic_head
        labeled_gt = head.targets_of(multi_batch_data_samples['labeled'])
        if self.burning_in:
            predictions = head(
                self.student.extract_feat(multi_batch_inputs['labeled']))
            return self._part_losses('labeled', predictions, labeled_gt.wait())

        of_labeled, of_unlabeled, pseudo_labels = self._student_and_teacher(
            multi_batch_inputs, multi_batch_data_samples['weak'])
        numbers = HostCopy(count_segments(pseudo_labels))
        labeled_gt = labeled_gt.wait()
        costs = [head.criterion.costs(*of_labeled, labeled_gt)]
        pseudo_labels = trim_segments(pseudo_labels, numbers.wait().tolist())
        pseudo_gt = [
            InstanceData(labels=label.labels, masks=label.masks())
            for label in pseudo_labels
        ]
        costs.append(head.criterion.costs(*of_unlabeled, pseudo_gt))
        labeled_match, pseudo_match = head.criterion.solve(costs)
        return dict(
            **pseudo_statistics(pseudo_labels),
            **self._part_losses('labeled', of_labeled, labeled_gt,
                                labeled_match),
            **self._part_losses('pseudo', of_unlabeled, pseudo_gt,
                                pseudo_match))

    def _student_and_teacher(self, inputs: Dict[str, Tensor],
                             weak_samples: SampleList) -> tuple:
        """Predictions of the student, and what the teacher makes of them.

        Returns:
            tuple: The student's predictions on labelled and on mixed images,
            and the segments of the latter, not trimmed.
        """
        weak, strong = inputs['weak'], inputs['strong']
        opinion = self._ask_teacher(weak)
        pastes = self.cutmix.draw(len(strong), strong.shape[-2:])
        of_labeled, of_unlabeled = self._student_forward(
            inputs['labeled'], self.cutmix.mix_images(strong, pastes))
        pseudo_labels = self.cutmix.mix_labels(
            self._pseudo_labels(opinion, weak.shape[-2:], weak_samples),
            pastes)
        return of_labeled, of_unlabeled, pseudo_labels

    def _part_losses(self,
                     part: str,
                     predictions,
                     targets: List[InstanceData],
                     match: Optional[Match] = None) -> Dict[str, Tensor]:
        """Set losses of the labelled or the pseudo-labelled part."""
        terms = self.student.panoptic_head.loss_by_feat(
            *predictions, targets, [], match)
        weight = self.semi_train_cfg.get(f'{part}_weight', 1.0)
        return _sum_over_predictions(terms, f'{part}_', weight)

    @torch.no_grad()
    def pseudo_label(self, weak: Tensor,
                     samples: SampleList) -> List[PanopticSegments]:
        """The teacher's opinion of the weak views.

        Args:
            weak (Tensor): Normalised images, shape [B, 3, H, W].
            samples (SampleList): Their samples; what lies outside of
                ``img_shape`` is padding and gets no label.

        Returns:
            list[PanopticSegments]: Of each image, [H, W].
        """
        return trim_segments(
            self._pseudo_labels(
                self._ask_teacher(weak), weak.shape[-2:], samples))

    @torch.no_grad()
    def _ask_teacher(self, weak: Tensor) -> TeacherOpinion:
        """The teacher's predictions, for which the host does not wait."""
        class_logits, mask_logits = self.teacher.predict_queries(weak)
        kept = self.teacher.panoptic_fusion_head.kept_queries(class_logits)
        return TeacherOpinion(class_logits, mask_logits, HostCopy(kept))

    @torch.no_grad()
    def _pseudo_labels(self, opinion: TeacherOpinion, size: Tuple[int, int],
                       samples: SampleList) -> List[PanopticSegments]:
        """Segments of the weak views, not trimmed: CutMix drops some."""
        return self.teacher.panoptic_fusion_head.pseudo_label(
            opinion.class_logits, opinion.mask_logits, opinion.kept.wait(),
            size, [sample.img_shape[:2] for sample in samples])

    def _student_forward(self, labeled: Tensor, unlabeled: Tensor):
        """Predictions on both batches, in one forward pass if sizes allow."""
        head = self.student.panoptic_head
        if labeled.shape[1:] != unlabeled.shape[1:]:
            return [
                head(self.student.extract_feat(images))
                for images in (labeled, unlabeled)
            ]
        class_logits, mask_logits = head(
            self.student.extract_feat(torch.cat((labeled, unlabeled))))
        count = len(labeled)
        return [([layer[part] for layer in class_logits],
                 mask_logits.of_images(part))
                for part in (slice(count), slice(count, None))]

    # ---------------------------------------------------------- prediction

    def predict(self,
                batch_inputs: Tensor,
                batch_data_samples: SampleList,
                rescale: bool = True) -> SampleList:
        """Results of student, teacher or both; see ``semi_test_cfg``.

        Args:
            batch_inputs (Tensor): Normalised images, shape [B, 3, H, W].
            batch_data_samples (SampleList): Their samples.
            rescale (bool): Whether results have the original size. Defaults
                to True.

        Returns:
            SampleList: The samples with ``pred_panoptic_seg`` and
            ``pred_sem_seg`` (and, for ``'both'``, ``teacher_...``).
        """
        if self.predict_on != 'both':
            model = getattr(self, self.predict_on)
            return model.predict(batch_inputs, batch_data_samples, rescale)
        by_teacher = self.teacher.predict(
            batch_inputs, copy.deepcopy(batch_data_samples), rescale)
        samples = self.student.predict(batch_inputs, batch_data_samples,
                                       rescale)
        for sample, other in zip(samples, by_teacher):
            for name in ('panoptic_seg', 'sem_seg'):
                if f'pred_{name}' in other:
                    setattr(sample, f'teacher_{name}',
                            getattr(other, f'pred_{name}'))
        return samples

    # --------------------------------------------------------- checkpoints

    def _load_from_state_dict(self, state_dict: dict, prefix: str,
                              *args) -> None:
        """Accept the checkpoint of one network for both of them."""
        serve_both(state_dict, prefix, self.teacher)
        nn.Module._load_from_state_dict(self, state_dict, prefix, *args)


def _sum_over_predictions(terms: Dict[str, Tensor], prefix: str,
                          weight: float) -> Dict[str, Tensor]:
    """``d0.loss_cls``, ..., ``loss_cls`` to one ``<prefix>loss_cls``."""
    sums: Dict[str, Tensor] = {}
    for name, value in terms.items():
        key = prefix + name.split('.')[-1]
        sums[key] = sums.get(key, 0) + weight * value
    return sums
