"""What a run is about to do, in a few lines."""
import os.path as osp
from typing import Dict, Iterator, Tuple

from mmengine.dist import get_world_size
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import DataLoader

from ..utils.model_wrappers import unwrapped
from .preflight import config_dicts

Line = Tuple[str, str]  # title and text


def run_summary(runner: Runner, dataloaders: Dict[str, DataLoader]) -> str:
    """Describe a run whose hooks are ready to train.

    Args:
        runner (Runner): The runner. A hook with an attribute ``summary``, a
            title and a text, gets a line of its own.
        dataloaders (dict[str, DataLoader]): Of training, under their config
            keys.

    Returns:
        str: One line for each thing to know.
    """
    lines = [
        *_model_lines(runner.model),
        ('weights', _weights(runner)),
        *(hook.summary for hook in runner.hooks if hasattr(hook, 'summary')),
        *_data_lines(runner, dataloaders),
        ('steps', _steps(runner)),
        ('output', f'{runner.work_dir}, the log in {runner.timestamp}'),
    ]
    return '\n'.join(['This run'] +
                     [f'  {title:<11} {text}' for title, text in lines])


def _model_lines(model: nn.Module) -> Iterator[Line]:
    model = unwrapped(model)
    network = getattr(model, 'student', model)
    backbone = getattr(network, 'backbone', None)
    if backbone is None:
        yield 'model', type(model).__name__
    else:
        name = getattr(backbone, 'model_name', '')
        is_trained = any(p.requires_grad for p in backbone.parameters())
        yield 'model', (f'{type(model).__name__} on {type(backbone).__name__} '
                        f'{name} ({"trained" if is_trained else "frozen"})')
    parameters = list(model.parameters())
    trained = sum(p.numel() for p in parameters if p.requires_grad)
    total = sum(p.numel() for p in parameters)
    yield 'parameters', (f'{_count(trained)} are trained of {_count(total)}, '
                         f'on {parameters[0].device}')


def _count(number: int) -> str:
    for size, unit in ((10**9, ' billion'), (10**6, ' million')):
        if number >= size:
            return f'{number / size:.3g}{unit}'
    return f'{number:,}'


def _weights(runner: Runner) -> str:
    if runner._resume and runner._has_loaded:
        return f'resumed at step {runner.iter}'
    found = {osp.normpath(node['pretrained'])
             for _, node in config_dicts('model', runner.cfg.get('model'))
             if isinstance(node.get('pretrained'), str)}
    if runner._load_from:
        found.add(f'load_from {runner._load_from}')
    return ', '.join(sorted(found)) or 'random'


def _data_lines(runner: Runner,
                dataloaders: Dict[str, DataLoader]) -> Iterator[Line]:
    """Images of each loader, and of an optimiser step."""
    processes = get_world_size()
    steps = runner.optim_wrapper._accumulative_counts
    for key, loader in dataloaders.items():
        times = ''.join(f' x {count} {what}' for count, what in (
            (processes, 'processes'), (steps, 'accumulated')) if count > 1)
        yield (key.partition('.')[2] or 'training',
               f'{len(loader.dataset)} images, {loader.batch_size}{times} in '
               'a step')
    if runner.val_loop is not None:
        yield 'validation', f'{len(runner.val_dataloader.dataset)} images'


def _steps(runner: Runner) -> str:
    # The wrapper's own groups have one more, which auto_scale_lr passes over.
    rates = sorted(
        {group['lr'] for group in runner.optim_wrapper.optimizer.param_groups})
    loop = runner.train_loop
    text = (f'{loop.max_iters}, learning rate '
            f'{", ".join(f"{rate:g}" for rate in rates)}')
    if runner.val_loop is not None:
        text += f', validation every {loop.val_interval}'
    return text
