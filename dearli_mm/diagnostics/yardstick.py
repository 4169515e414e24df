"""A fixed piece of work to compare machines by: mmdet's own Mask2Former."""
import copy
import inspect

import torch
from mmdet.models.dense_heads import Mask2FormerHead
from mmdet.registry import MODELS
from mmengine.config import Config, ConfigDict
from torch import nn

from .sizes import StepSizes, sized_model_config
from .synthetic import make_sample
from .training_step import to_device

MATCHING = dict(
    assigner=dict(
        type='HungarianAssigner',
        match_costs=[
            dict(type='ClassificationCost', weight=2.0),
            dict(type='CrossEntropyLossCost', weight=5.0, use_sigmoid=True),
            dict(type='DiceCost', weight=5.0, pred_act=True, eps=1.0)
        ]),
    sampler=dict(type='MaskPseudoSampler'),
    oversample_ratio=3.0,
    importance_sample_ratio=0.75)


class Yardstick:
    """One supervised step of mmdet's Mask2Former, of the same sizes.

    The same image tower without a gradient, mmdet's head with mmdet's losses,
    AdamW over all parameters of the head; labelled images alone.

    Args:
        config (Config): Of a DEARLi model, for the sizes of the head.
        sizes (StepSizes): Sizes of the step.
        device (str): Where it is done. Defaults to 'cpu'.
        bf16 (bool): Whether in bfloat16.
    """

    def __init__(self, config: Config, sizes: StepSizes, device: str = 'cpu',
                 bf16: bool = False) -> None:
        self.precision = torch.autocast(
            torch.device(device).type, torch.bfloat16, enabled=bf16)
        detector = sized_model_config(config, sizes)['detector']
        self.backbone = MODELS.build(detector['backbone']).eval().to(
            device)
        theirs = inspect.signature(Mask2FormerHead).parameters
        head = {key: copy.deepcopy(value)
                for key, value in detector['panoptic_head'].items()
                if key in theirs and not key.startswith('loss_')}
        loss_cls = dict(
            type='CrossEntropyLoss',
            loss_weight=2.0,
            class_weight=[1.0] * sizes.classes + [0.1])
        self.head = Mask2FormerHead(
            **head,
            loss_cls=ConfigDict(loss_cls),
            train_cfg=ConfigDict(MATCHING, num_points=sizes.points)).to(device)
        self.optimizer = torch.optim.AdamW(self.head.parameters(), 1e-4)
        self.images, self.samples = to_device(
            (torch.randn(sizes.labeled, 3, sizes.crop, sizes.crop),
             [make_sample(sizes) for _ in range(sizes.labeled)]), device)

    def __call__(self) -> None:
        """Take the step."""
        with self.precision:
            with torch.no_grad():
                features = self.backbone(self.images)
            losses = self.head.loss(features, self.samples)
        sum(losses.values()).backward()
        nn.utils.clip_grad_norm_(self.head.parameters(), 0.01)
        self.optimizer.step()
        self.optimizer.zero_grad()
