"""A switch changes what it says, and nothing else."""
import pytest
from config_names import ROOT, flat
from mmengine.config import Config

PARENT = 'dearli/dearli_clip-convnext-b_1xb8+8-80k_ade20k-1-128-640x640.py'
QUICKSTART = 'quickstart/dear_tiny-clip_toy-world.py'


@pytest.mark.parametrize('name,parent,expected', [
    ('dearli_clip-convnext-b_amp-bf16_1xb8+8-80k_ade20k-1-128-640x640.py',
     PARENT, {
         '.optim_wrapper.type': 'AmpOptimWrapper',
         '.optim_wrapper.dtype': 'bfloat16'
     }),
    ('dearli_clip-convnext-b_cp_1xb8+8-80k_ade20k-1-128-640x640.py', PARENT, {
        '.model.detector.panoptic_head.with_cp': True
    }),
    ('dearli_clip-convnext-b_1xb4+4-acc2-160k_ade20k-1-128-640x640.py',
     PARENT, {
         '.optim_wrapper.accumulative_counts': 2,
         '.train_dataloader.labeled.batch_size': 4,
         '.train_dataloader.unlabeled.batch_size': 4,
         '.train_cfg.max_iters': 160000,
         '.train_cfg.val_interval': 40000,
         '.param_scheduler.0.end': 160000,
         '.default_hooks.checkpoint.interval': 10000
     }),
    ('dear_tiny-clip_toy-world_tensorboard.py', QUICKSTART, {
        '.visualizer.vis_backends.1.type': 'TensorboardVisBackend'
    }),
    ('dear_tiny-clip_toy-world_wandb.py', QUICKSTART, {
        '.visualizer.vis_backends.1.type': 'WandbVisBackend',
        '.visualizer.vis_backends.1.init_kwargs.project': 'dearli'
    }),
])
def test_switch(name, parent, expected):
    before, after = (flat(Config.fromfile(ROOT / 'configs' / path))
                     for path in (parent, f'switches/{name}'))
    assert before.keys() <= after.keys()
    changed = {k: v for k, v in after.items() if before.get(k, ...) != v}
    assert changed == expected
