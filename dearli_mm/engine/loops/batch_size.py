"""How many images one optimiser step sees, accumulated steps included."""
from typing import Dict

from mmengine.dist import get_world_size
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner
from torch.utils.data import DataLoader

# Key of the message hub (so of checkpoints): images of one optimiser step.
TOTAL_BATCH_SIZE = 'total_batch_size'


def record_batch_size(runner: Runner, dataloaders: Dict[str,
                                                        DataLoader]) -> None:
    """Write down how many images an optimiser step sees.

    Args:
        runner (Runner): Its message hub (so its checkpoints) gets the total
            batch size of each loader, over all processes and accumulated
            steps.
        dataloaders (dict[str, DataLoader]): Under their config keys.
    """
    times = get_world_size() * runner.optim_wrapper._accumulative_counts
    runner.message_hub.update_info(
        TOTAL_BATCH_SIZE,
        {key: loader.batch_size * times
         for key, loader in dataloaders.items()})


def check_accumulation(runner: Runner, iteration: int) -> None:
    """Refuse what gradient accumulation would get wrong without a word.

    Args:
        runner (Runner): With its ``optim_wrapper`` built.
        iteration (int): Where training starts.

    Raises:
        ValueError: If training would start, or checkpoints would be written,
            between two steps of the optimiser, whose accumulated gradients no
            checkpoint holds; or if the learning rate was scaled by the batch
            of a single iteration.
    """
    counts = runner.optim_wrapper._accumulative_counts
    key = f'optim_wrapper.accumulative_counts={counts}'
    if counts == 1:
        return
    if iteration % counts:
        raise ValueError(
            f'{key}: cannot go on at iteration {iteration}, which is no '
            f'multiple of {counts}: the gradients that were accumulated there '
            'are in no checkpoint. Resume from another one, or with '
            'accumulative_counts=1')
    intervals = {
        'default_hooks.checkpoint.interval': hook.interval
        for hook in runner.hooks if isinstance(hook, CheckpointHook)
    }
    intervals['train_cfg.val_interval'] = runner.train_loop.val_interval
    for name, interval in intervals.items():
        if interval > 0 and interval % counts:
            raise ValueError(
                f'{key}: {name}={interval} must be a multiple of {counts}, so '
                'that checkpoints are written right after a step of the '
                'optimiser')
    if (runner.auto_scale_lr or {}).get('enable', False):
        raise ValueError(
            f'{key}: auto_scale_lr.enable=True scales the learning rate by '
            'the images of one iteration, without the accumulated ones. Take '
            'it (--auto-scale-lr) away and set optim_wrapper.optimizer.lr')
