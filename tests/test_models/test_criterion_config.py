"""Settings of the criterion, as users of mmdet's Mask2Former write them."""
import copy

import pytest

from dearli_mm.models.losses import criterion_config

# As in mmdet's own configs, with other weights.
MMDET = dict(
    loss_cls=dict(
        type='CrossEntropyLoss', use_sigmoid=False, loss_weight=1.5,
        reduction='mean', class_weight=[1.0] * 3 + [0.2]),
    loss_mask=dict(
        type='CrossEntropyLoss', use_sigmoid=True, reduction='mean',
        loss_weight=4.0),
    loss_dice=dict(
        type='DiceLoss', use_sigmoid=True, activate=True, reduction='mean',
        naive_dice=True, eps=1.0, loss_weight=3.0),
    train_cfg=dict(
        num_points=100, oversample_ratio=2.0, importance_sample_ratio=0.5,
        assigner=dict(
            type='HungarianAssigner',
            match_costs=[
                dict(type='ClassificationCost', weight=1.0),
                dict(type='CrossEntropyLossCost', weight=6.0,
                     use_sigmoid=True),
                dict(type='DiceCost', weight=7.0, pred_act=True, eps=1.0)
            ]),
        sampler=dict(type='MaskPseudoSampler')))


def test_mmdets_settings_are_taken():
    assert criterion_config(**MMDET) == dict(
        type='SetCriterion', num_points=100, oversample_ratio=2.0,
        importance_sample_ratio=0.5, void_weight=0.2,
        loss_weights=dict(cls=1.5, mask=4.0, dice=3.0),
        match_weights=dict(cls=1.0, mask=6.0, dice=7.0))


def test_own_settings_come_first():
    config = criterion_config(
        dict(type='Mine', num_points=7), match_weights=dict(cls=1, mask=1),
        void_weight=0.3, **MMDET)
    assert config['type'] == 'Mine' and config['num_points'] == 7
    assert config['match_weights'] == dict(cls=1, mask=1)
    assert config['void_weight'] == 0.3
    assert criterion_config() == dict(type='SetCriterion')


@pytest.mark.parametrize('where, value, message', [
    ('loss_cls.use_sigmoid', True, 'loss_cls.use_sigmoid=True'),
    ('loss_mask.type', 'FocalLoss', "loss_mask.type='FocalLoss'.*criterion"),
    ('loss_dice.naive_dice', False, 'loss_dice.naive_dice=False'),
    ('loss_dice.loss_weigth', 2., "loss_weigth.*loss_weight"),
    ('loss_cls.class_weight', [1.0, 0.5, 1.0, 0.1], 'weighs void only'),
    ('train_cfg.assigner.type', 'MaxIoUAssigner', "'HungarianAssigner'"),
    ('train_cfg.assigner.match_costs.0.type', 'FocalLossCost',
     r"match_costs.0.type='FocalLossCost' is none of"),
    ('train_cfg.assigner.match_costs.2.eps', 1e-3, 'match_costs.2.eps=0.001'),
    ('train_cfg.num_point', 5, "num_point.*num_points"),
])
def test_what_is_not_computed_is_refused(where, value, message):
    settings = copy.deepcopy(MMDET)
    *keys, last = where.split('.')
    node = settings
    for key in keys:
        node = node[int(key) if key.isdigit() else key]
    node[last] = value
    with pytest.raises(ValueError, match=message):
        criterion_config(**settings)
