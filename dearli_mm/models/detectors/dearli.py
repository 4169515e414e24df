"""Student and teacher."""
import copy
from typing import Dict, List, Set, Tuple

import torch
from mmdet.models.data_preprocessors import MultiBranchDataPreprocessor
from mmdet.models.detectors import SemiBaseDetector
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.utils import (ConfigType, InstanceList, OptConfigType,
                         OptMultiConfig)
from torch import Tensor, nn

from dearli_mm.functional import PanopticSegments
from dearli_mm.utils import ChecksLosses, arguments_of, refuse_unknown

from ..clip.class_prompts import Classes
from ..heads.clip_mask2former_head import CLASSIFIER
from ..heads.panoptic_targets import targets_of_segments
from ..heads.settings import SEGMENTS
from ..layers import MaskLogits
from .panoptic_cutmix import PanopticCutMix
from .teacher import complete_for_both, pseudo_label_statistics, teacher_of

PREDICT_ON = ('student', 'teacher', 'both')
SEMI_TRAIN = ('labeled_weight', 'pseudo_weight', 'pseudo_void_weight',
              'cutmix', 'pseudo_label')

# Class logits [B, Q, C+1] and mask logits [B, Q, h, w] of every layer.
Prediction = Tuple[List[Tensor], MaskLogits]


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
            ``pseudo_weight`` (1.0) of the losses; ``pseudo_void_weight``,
            weight of void in the cross-entropy of pseudo-labelled images
            (None, as in the paper: that of labelled ones); ``cutmix``,
            arguments of :class:`PanopticCutMix` (``prob``, ``area``,
            ``aspect``, ``partner``); ``pseudo_label``, how the teacher makes
            labels: ``alpha`` (0.4), ``ensemble_on_valid_masks`` (False),
            ``score_thr`` (0.0), ``overlap_thr`` (0.8), ``void_on`` (True).
            The detector's ``test_cfg`` is without effect on them.
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
        cutmix = self.semi_train_cfg.get('cutmix', {})
        pseudo_label = self.semi_train_cfg.get('pseudo_label', {})
        refuse_unknown(self.semi_train_cfg, SEMI_TRAIN, 'semi_train_cfg')
        refuse_unknown(cutmix, arguments_of(PanopticCutMix),
                       'semi_train_cfg.cutmix')
        refuse_unknown(pseudo_label, SEGMENTS, 'semi_train_cfg.pseudo_label')
        refuse_unknown(self.semi_test_cfg, ('predict_on', ), 'semi_test_cfg')
        self.cutmix = PanopticCutMix(**cutmix)
        self.pseudo_label_cfg = {**SEGMENTS, **pseudo_label}
        self.predict_on = self.semi_test_cfg.get('predict_on', 'student')
        if self.predict_on not in PREDICT_ON:
            raise ValueError(f'semi_test_cfg.predict_on={self.predict_on!r} '
                             f'is none of {PREDICT_ON}')
        # While it is set, the student learns from labelled images alone.
        self.burning_in = False
        if detector.get('data_preprocessor') is None and isinstance(
                self.data_preprocessor, MultiBranchDataPreprocessor):
            # The networks know how their images are normalised.
            detector = dict(
                detector,
                data_preprocessor=self.data_preprocessor.data_preprocessor)
        self.student = MODELS.build(detector)
        self.teacher = teacher_of(self.student)
        self._given_to_teacher: Set[str] = set()

    def init_weights(self) -> None:
        """Initialise the student; the teacher starts as its copy."""
        self.student.init_weights()
        student = self.student.state_dict()
        self.teacher.load_state_dict(
            {name: student[name]
             for name in self.teacher.state_dict()})

    def set_classes(self, classes: Classes, num_things_classes: int) -> None:
        """Change the vocabulary of both networks.

        Args:
            classes (Sequence[str] | Mapping | str): See
                :meth:`CLIPMask2Former.set_classes`.
            num_things_classes (int): How many of them are things.

        Raises:
            ValueError: If a name is empty, or there are too many classes.
        """
        for network in (self.student, self.teacher):
            network.set_classes(classes, num_things_classes)
        self.teacher.panoptic_head.text_classifier = \
            self.student.panoptic_head.text_classifier

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
            ``pseudo_``, and ``pseudo_segments`` (per image),
            ``pseudo_confidence``, ``pseudo_coverage`` (share of pixels).
        """
        labeled = multi_batch_inputs['labeled']
        targets = self.student.panoptic_head.targets(
            multi_batch_data_samples['labeled'])
        if self.burning_in:
            prediction, = self.student_forward(labeled)
            return self.set_losses('labeled', prediction, targets)
        pseudo_labels = self.pseudo_label(multi_batch_inputs['weak'],
                                          multi_batch_data_samples['weak'])
        mixed, pseudo_labels = self.cutmix(multi_batch_inputs['strong'],
                                           pseudo_labels)
        of_labeled, of_mixed = self.student_forward(labeled, mixed)
        return dict(
            **pseudo_label_statistics(pseudo_labels),
            **self.set_losses('labeled', of_labeled, targets),
            **self.set_losses('pseudo', of_mixed,
                              targets_of_segments(pseudo_labels)))

    @torch.no_grad()
    def pseudo_label(self, weak: Tensor,
                     samples: SampleList) -> List[PanopticSegments]:
        """The teacher's segments of the weak views.

        Args:
            weak (Tensor): Normalised images, shape [B, 3, H, W].
            samples (SampleList): Their samples; what lies outside of
                ``img_shape`` is padding and gets no label.

        Returns:
            list[PanopticSegments]: Of each image, [H, W].
        """
        class_logits, mask_logits = self.teacher.predict_queries(
            weak, self.pseudo_label_cfg)
        return self.teacher.panoptic_fusion_head.pseudo_label(
            class_logits, mask_logits, weak.shape[-2:],
            [sample.img_shape[:2] for sample in samples],
            self.pseudo_label_cfg)

    def student_forward(self, *batches: Tensor) -> List[Prediction]:
        """The student's predictions, in one forward pass if sizes allow.

        Args:
            batches (Tensor): Normalised images, each [B, 3, H, W].

        Returns:
            list[tuple[list[Tensor], MaskLogits]]: Of each batch what
            :meth:`CLIPMask2FormerHead.forward` gives: class logits
            [B, Q, C+1] and mask logits [B, Q, h, w] of every prediction.
        """
        head, extract_feat = self.student.panoptic_head, \
            self.student.extract_feat
        if len({images.shape[1:] for images in batches}) > 1:
            return [head(extract_feat(images)) for images in batches]
        class_logits, mask_logits = head(extract_feat(torch.cat(batches)))
        predictions, start = [], 0
        for images in batches:
            part = slice(start, start + len(images))
            predictions.append(([layer[part] for layer in class_logits],
                                mask_logits.of_images(part)))
            start = part.stop
        return predictions

    def set_losses(self, part: str, prediction: Prediction,
                   targets: InstanceList) -> Dict[str, Tensor]:
        """Set losses, summed over predictions.

        Args:
            part (str): ``'labeled'`` or ``'pseudo'``: names and weighs them.
            prediction (tuple[list[Tensor], MaskLogits]): Of the student.
            targets (list[InstanceData]): ``labels`` int64 [n] and ``masks``
                bool [n, H, W] of each image.

        Returns:
            dict[str, Tensor]: ``<part>_loss_cls``, ``<part>_loss_mask``,
            ``<part>_loss_dice``.
        """
        # What the teacher missed is taught as void, at most with this weight.
        void_weight = None if part == 'labeled' else \
            self.semi_train_cfg.get('pseudo_void_weight')
        terms = self.student.panoptic_head.loss_by_feat(
            *prediction, targets, [], void_weight)
        weight = self.semi_train_cfg.get(f'{part}_weight', 1.0)
        sums: Dict[str, Tensor] = {}
        for name, value in terms.items():
            key = f'{part}_{name.split(".")[-1]}'
            sums[key] = sums.get(key, 0) + weight * value
        return sums

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
        stages = {}  # of the tower that both share
        by_teacher = self.teacher.predict(
            batch_inputs, copy.deepcopy(batch_data_samples), rescale, stages)
        samples = self.student.predict(batch_inputs, batch_data_samples,
                                       rescale, stages)
        for sample, other in zip(samples, by_teacher):
            for name in ('panoptic_seg', 'sem_seg'):
                if f'pred_{name}' in other:
                    setattr(sample, f'teacher_{name}',
                            getattr(other, f'pred_{name}'))
        return samples

    # --------------------------------------------------------- checkpoints

    @property
    def teacher_is_given(self) -> bool:
        """bool: Whether a checkpoint gave the teacher what students learn, the
        classifier apart, which no warm-up trains."""
        classifier = tuple(f'panoptic_head.{name}' for name in CLASSIFIER)
        return all(
            name in self._given_to_teacher or name.startswith(classifier)
            for name, p in self.student.named_parameters() if p.requires_grad)

    def _load_from_state_dict(self, state_dict: dict, prefix: str,
                              *args) -> None:
        """Accept checkpoints of one network, or of a part of one."""
        self._given_to_teacher = complete_for_both(state_dict, prefix,
                                                   self.student, self.teacher)
        nn.Module._load_from_state_dict(self, state_dict, prefix, *args)
