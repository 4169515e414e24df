"""What makes a step cheap, each to be taken out: what does it save?

The ways of old are those of the reference implementation, or of mmdet and
mmcv. They give the same results (but for random numbers), so that only cost
differs. docs/performance.md has the figures.
"""
import copy
from types import MethodType
from typing import Callable, Dict, List, Sequence, Tuple

import torch
import torch.nn.functional as F
from mmcv.cnn.bricks.transformer import MultiheadAttention
from mmcv.ops import MultiScaleDeformableAttention
from torch import Tensor, nn

from dearli_mm.functional import classification, points
from dearli_mm.models.heads import query_decoder_head
from dearli_mm.models.layers import (MaskLogits, deformable, onednn,
                                     pixel_decoder, positions)
from dearli_mm.models.losses.set_criterion import MatchingCosts

from .training_step import TrainingStep

# What each does to a step that has not been taken yet.
LEVERS: Dict[str, Callable[[TrainingStep], None]] = {}


def _lever(name: str) -> Callable:

    def register(undo: Callable[[TrainingStep], None]) -> Callable:
        LEVERS[name] = undo
        return undo

    return register


def take_out(step: TrainingStep, names: Sequence[str]) -> None:
    """Let a step do without some levers.

    Some are functions of modules: they stay out for the whole process.

    Args:
        step (TrainingStep): Before it is taken for the first time.
        names (Sequence[str]): Of ``LEVERS``.

    Raises:
        ValueError: If there is no such lever.
    """
    for name in names:
        if name not in LEVERS:
            raise ValueError(f'without={name!r} is none of {list(LEVERS)}')
        LEVERS[name](step)


@_lever('teacher-once')
def _teacher_twice(step: TrainingStep) -> None:
    """Partners are images of their own: a second pass of the teacher."""
    teacher = step.model.teacher
    work = teacher.predict_queries

    def predict_queries(images: Tensor) -> Tuple[Tensor, Tensor]:
        work(images)
        return work(images)

    teacher.predict_queries = predict_queries


@_lever('one-pass')
def _two_passes(step: TrainingStep) -> None:
    """Labelled and strong views go through the student one by one."""
    student = step.model.student

    def forward(*batches: Tensor) -> List[tuple]:
        return [
            student.panoptic_head(student.extract_feat(images))
            for images in batches
        ]

    step.model._student_forward = forward


@_lever('fused-attention')
def _attention_with_weights(step: TrainingStep) -> None:
    """mmcv's layers write the attention weights down."""
    for layer in _layers(step.model, MultiheadAttention):
        layer.forward = MethodType(_with_weights, layer)


def _with_weights(layer: MultiheadAttention,
                  *args,
                  attn_mask: Tensor = None,
                  key_pos: Tensor = None,
                  **kwargs) -> Tensor:
    if key_pos is None:  # keys of a level have theirs; mmcv may guess others
        key_pos = torch.zeros(())
    if attn_mask is not None:  # theirs: of each head, True where blocked
        attn_mask = ~attn_mask.repeat_interleave(layer.num_heads, 0)
    return MultiheadAttention.forward(
        layer, *args, attn_mask=attn_mask, key_pos=key_pos, **kwargs)


@_lever('bags')
def _sample_by_grid(step: TrainingStep) -> None:
    """mmcv's deformable attention in PyTorch."""
    for layer in _layers(step.model, MultiScaleDeformableAttention):
        del layer.forward


@_lever('short-softmax')
def _softmax_of_pytorch(step: TrainingStep) -> None:
    """PyTorch's softmax over the samples of a query."""
    deformable.attention_weights = lambda logits: logits.softmax(-1)


@_lever('partition')
def _top_of_pytorch(step: TrainingStep) -> None:
    """PyTorch's topk finds the uncertain points."""
    points._least = lambda values, count: values.topk(
        count, largest=False, sorted=False)[1]


@_lever('right-blas')
def _other_blas(step: TrainingStep) -> None:
    """Matrices are multiplied by the slower of MKL and oneDNN."""
    is_best = onednn.mkl_is_at_its_best()
    onednn.mkl_is_at_its_best = lambda: not is_best


@_lever('out-of-place')
def _activations_in_place(step: TrainingStep) -> None:
    """ReLU changes its input, a view, which autograd pays for."""
    for layer in _layers(step.model, nn.ReLU):
        layer.inplace = True


@_lever('pointwise-products')
def _pointwise_convolutions(step: TrainingStep) -> None:
    """Convolutions of 1x1 are convolutions, channels first."""
    pixel_decoder._pointwise = pixel_decoder._product = \
        lambda module, x: module(x)


@_lever('matched-masks')
def _masks_of_all_queries(step: TrainingStep) -> None:
    """Mask logits of all queries are there, with a gradient."""

    def pairs(masks: MaskLogits, match, counts) -> Tensor:
        layer = torch.arange(len(masks))[:, None]
        return torch.stack(list(masks))[layer, match.image, match.query]

    MaskLogits.pairs = pairs


@_lever('small-masks')
def _masks_resized_by_layer(step: TrainingStep) -> None:
    """Where queries look: full masks, resized in every layer."""

    def level(head, index: int, memory: Tensor, features: Tensor):
        found = type(head)._level(head, index, memory, features)
        return found._replace(
            mask_features=(features.detach(), memory.shape[-2:]))

    @torch.no_grad()
    def inside(embed: Tensor, level_of_masks: tuple) -> Tensor:
        features, size = level_of_masks
        masks = torch.einsum('bqc,bchw->bqhw', embed, features)
        small = F.interpolate(
            masks, size, mode='bilinear', align_corners=False).flatten(2)
        return (small >= 0) | ~(small >= 0).any(-1, keepdim=True)

    for network in (step.model.student, step.model.teacher):
        head = network.panoptic_head
        head._level = MethodType(level, head)
    query_decoder_head._inside = inside


@_lever('cached-positions')
def _positions_anew(step: TrainingStep) -> None:
    """Position encodings and reference points are worked out every time."""
    positions._sine_positions = positions._sine_positions.__wrapped__
    pixel_decoder.pixel_centres = positions.pixel_centres.__wrapped__


@_lever('targets-once')
def _targets_by_prediction(step: TrainingStep) -> None:
    """The matcher reads the targets anew for each prediction."""
    criterion = step.model.student.panoptic_head.criterion
    costs = criterion.costs

    def by_prediction(class_logits, masks, instances) -> MatchingCosts:
        parts = [
            costs([logits], MaskLogits(masks.embeds[[k]], masks.features),
                  instances) for k, logits in enumerate(class_logits)
        ]
        return MatchingCosts(
            torch.cat([part.values for part in parts]), parts[0].counts)

    criterion.costs = by_prediction


@_lever('chunks')
def _all_masks_as_floats(step: TrainingStep) -> None:
    """Target masks are floats, all at one time."""
    points.CHUNK = 2**20


@_lever('synonym-blocks')
def _loop_over_classes(step: TrainingStep) -> None:
    """The best synonym of each class in a loop over classes."""

    def loop(logits: Tensor, blocks) -> Tensor:
        logits = logits[..., blocks.rows.argsort()]
        parts = logits.split((*blocks.num_synonyms, 1), -1)
        return torch.stack([part.amax(-1) for part in parts], -1)

    classification._best_synonyms = loop


@_lever('shared-tower')
def _tower_of_its_own(step: TrainingStep) -> None:
    """The teacher has a frozen tower of its own, averaged every step."""
    tower = list(step.model.student.backbone.parameters())
    student, teacher = step.pairs
    step.pairs = (student + tower,
                  teacher + [p.detach().clone() for p in tower])


@_lever('few-groups')
def _group_of_every_parameter(step: TrainingStep) -> None:
    """mmengine's optimiser: a group a parameter, nothing fused."""
    config = copy.deepcopy(step.config.optim_wrapper)
    config.constructor = 'DefaultOptimWrapperConstructor'
    config.paramwise_cfg = dict(norm_decay_mult=0.0)
    step.use(config)


def _layers(model: nn.Module, kind: type) -> List[nn.Module]:
    return [layer for layer in model.modules() if isinstance(layer, kind)]
