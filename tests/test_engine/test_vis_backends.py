"""Curves and pictures in TensorBoard and Weights & Biases, by config."""
import sys
import types

import pytest
from test_semi_sup_training import build_runner, world  # noqa: F401


def train(world, work_dir, **backend):  # noqa: F811
    """One step and a validation."""
    build_runner(
        world,
        work_dir,
        max_iters=1,
        **{
            'train_cfg.val_interval': 1,
            # Visualizers of one name are one object in a process.
            'visualizer.name': backend['type'],
            'visualizer.vis_backends': [dict(backend)]
        }).train()


def test_tensorboard_gets_curves_and_pictures(world, tmp_path):  # noqa: F811
    accumulator = pytest.importorskip(
        'tensorboard.backend.event_processing.event_accumulator')
    train(world, tmp_path, type='TensorboardVisBackend')
    folder, = tmp_path.glob('*/vis_data')
    events = accumulator.EventAccumulator(str(folder))
    events.Reload()
    tags = events.Tags()
    assert {'student/PQ', 'teacher/mIoU', 'ema_decay', 'labeled_loss_cls'
            } <= set(tags['scalars'])
    assert len(tags['images']) == 1
    assert len(events.Scalars('student/PQ')) == 1


def test_wandb_gets_curves_and_pictures(world, tmp_path,  # noqa: F811
                                        monkeypatch):
    """With a stand-in of the parts of wandb that mmengine uses."""
    logged = {}
    wandb = types.ModuleType('wandb')
    wandb.init = lambda **kwargs: logged.update(init=kwargs)
    wandb.config = types.SimpleNamespace(update=lambda *_, **__: None)
    wandb.run = types.SimpleNamespace(log_code=lambda **__: None)
    wandb.log = lambda values, commit: logged.update(values)
    wandb.Image = lambda image: ('image', image.shape)
    wandb.watch = wandb.join = lambda *_, **__: None
    monkeypatch.setitem(sys.modules, 'wandb', wandb)
    train(
        world,
        tmp_path,
        type='WandbVisBackend',
        init_kwargs=dict(project='dearli'))
    assert logged['init']['project'] == 'dearli'
    assert {'student/PQ', 'teacher/mIoU', 'labeled_loss_cls'} <= set(logged)
    assert any(isinstance(v, tuple) and v[0] == 'image'
               for v in logged.values())
