"""Settings of the criterion, as users of mmdet's Mask2Former write them."""
from typing import Dict, Optional

from mmdet.utils import ConfigType, OptConfigType

from dearli_mm.utils import refuse_unknown

from .set_criterion import TERMS, WEIGHTS

# What the criterion computes; mmdet's own settings of it.
_LOSSES = dict(
    cls=dict(type='CrossEntropyLoss', use_sigmoid=False),
    mask=dict(type='CrossEntropyLoss', use_sigmoid=True),
    dice=dict(
        type='DiceLoss', use_sigmoid=True, activate=True, naive_dice=True,
        eps=1.0))
_COSTS = dict(
    cls=dict(type='ClassificationCost'),
    mask=dict(type='CrossEntropyLossCost', use_sigmoid=True),
    dice=dict(type='DiceCost', pred_act=True, eps=1.0))
_POINTS = ('num_points', 'oversample_ratio', 'importance_sample_ratio')


def criterion_config(criterion: OptConfigType = None,
                     loss_weights: Optional[Dict[str, float]] = None,
                     match_weights: Optional[Dict[str, float]] = None,
                     void_weight: Optional[float] = None,
                     loss_cls: OptConfigType = None,
                     loss_mask: OptConfigType = None,
                     loss_dice: OptConfigType = None,
                     train_cfg: OptConfigType = None) -> dict:
    """Config of the criterion from all ways to write its settings.

    Args:
        criterion (dict, optional): Config that the settings are put into;
            its own come first. Defaults to a :class:`SetCriterion`.
        loss_weights, match_weights, void_weight: Of :class:`SetCriterion`.
        loss_cls, loss_mask, loss_dice (dict, optional): Configs of mmdet's
            losses. Their ``loss_weight`` is taken, and the last of
            ``loss_cls.class_weight``, that of void.
        train_cfg (dict, optional): ``num_points``, ``oversample_ratio``,
            ``importance_sample_ratio``; mmdet's ``assigner``, of which the
            weights of ``match_costs`` are taken; ``sampler`` is not needed.

    Returns:
        dict: Config to build.

    Raises:
        ValueError: If mmdet's settings ask for another loss or cost.
    """
    train_cfg = dict(train_cfg or {})
    refuse_unknown(train_cfg, (*_POINTS, 'assigner', 'sampler'), 'train_cfg')
    config = {key: train_cfg[key] for key in _POINTS if key in train_cfg}
    weights = {}
    for term, loss in zip(TERMS, (loss_cls, loss_mask, loss_dice)):
        if loss is not None:
            key = f'panoptic_head.loss_{term}'
            weights[term] = _checked(loss, _LOSSES[term], key, 'loss_weight')
    if weights:
        config['loss_weights'] = {**WEIGHTS, **weights}
    if (loss_cls or {}).get('class_weight') is not None:
        config['void_weight'] = _void_weight(loss_cls['class_weight'])
    if train_cfg.get('assigner') is not None:
        config['match_weights'] = _match_weights(train_cfg['assigner'])
    own = dict(loss_weights=loss_weights, match_weights=match_weights,
               void_weight=void_weight)
    config.update({k: v for k, v in own.items() if v is not None})
    return {'type': 'SetCriterion', **config, **(criterion or {})}


def _checked(config: ConfigType, wanted: dict, key: str, weight: str) -> float:
    """The weight of a loss or cost that is the one we compute."""
    for name, value in wanted.items():
        if config.get(name, value) != value:
            raise ValueError(
                f'{key}.{name}={config[name]!r}: the criterion computes '
                f'{wanted["type"]} with {name}={value!r}; give only '
                f'{weight} there, or a criterion of your own as '
                'panoptic_head.criterion')
    refuse_unknown(config, (*wanted, weight, 'reduction', 'class_weight',
                            'binary_input'), key)
    return float(config.get(weight, 1.0))


def _void_weight(class_weight) -> float:
    *of_classes, of_void = class_weight
    if any(weight != 1.0 for weight in of_classes):
        raise ValueError(
            'panoptic_head.loss_cls.class_weight: the criterion weighs void '
            'only (the last value), so all others must be 1.0')
    return float(of_void)


def _match_weights(assigner: ConfigType) -> Dict[str, float]:
    key = 'train_cfg.assigner'
    if assigner.get('type') != 'HungarianAssigner':
        raise ValueError(f'{key}.type={assigner.get("type")!r}: queries are '
                         "matched by a 'HungarianAssigner'")
    weights = dict.fromkeys(TERMS, 0.0)
    term_of = {wanted['type']: term for term, wanted in _COSTS.items()}
    for index, cost in enumerate(assigner.get('match_costs', ())):
        where = f'{key}.match_costs.{index}'
        if cost.get('type') not in term_of:
            raise ValueError(f'{where}.type={cost.get("type")!r} is none of '
                             f'{tuple(term_of)}')
        term = term_of[cost['type']]
        weights[term] = _checked(cost, _COSTS[term], where, 'weight')
    return weights
