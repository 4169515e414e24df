"""Pure functions on tensors: the mathematics of DEARLi.

No module here keeps state, knows of configs or touches files. Shapes use
``B`` images, ``Q`` queries, ``C`` classes, ``S`` synonyms, ``D`` width.
"""
from .classification import class_logits, geometric_ensemble
from .cutmix import cutmix_box, cutmix_panoptic
from .ema import ema_decay, ema_update_
from .inference import panoptic_inference, semantic_inference
from .mask_pooling import mask_pool
from .segments import PanopticSegments
from .set_criterion import Match, hungarian_match, matching_cost, set_loss

__all__ = [
    'Match', 'PanopticSegments', 'class_logits', 'cutmix_box',
    'cutmix_panoptic', 'ema_decay', 'ema_update_', 'geometric_ensemble',
    'hungarian_match', 'mask_pool', 'matching_cost', 'panoptic_inference',
    'semantic_inference', 'set_loss'
]
