"""A resumed run follows the schedule of its config, not of its checkpoint."""
import copy
import warnings
from typing import Dict, List

from mmdet.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.optim.scheduler.param_scheduler import \
    ReduceOnPlateauParamScheduler

# What a scheduler's state says of its progress, not of its settings.
PROGRESS = ('last_step', '_global_step', '_last_value')


@HOOKS.register_module()
class ResumedScheduleHook(Hook):
    """Lets ``optim_wrapper`` and ``param_scheduler`` of the config hold.

    mmengine restores learning rates and schedulers from the checkpoint, so
    that another rate, or a longer schedule, has no effect on a resumed run.
    Here the config wins where the two differ, and the log says where: its
    schedule is run forward to the iteration of the checkpoint, from which the
    optimiser's moments come. Where they agree nothing changes. Schedules that
    follow a metric stay those of the checkpoint, and so does all of a model
    with several optimisers.

    It also warns of a rate that falls to 0 before training ends, as after a
    change of ``train_cfg.max_iters`` alone.
    """
    # After everything that may change the rates; before the first report.
    priority = 'LOW'

    def __init__(self) -> None:
        self._groups: List[dict] = []
        self._schedulers: List[dict] = []

    def before_run(self, runner) -> None:
        """Remember what the config says, before a checkpoint is loaded."""
        if not _has_one_optimizer(runner):
            return
        self._groups = _settings_of_groups(runner.optim_wrapper)
        self._schedulers = [
            copy.deepcopy(scheduler.state_dict())
            for scheduler in runner.param_schedulers or ()
        ]

    def before_train(self, runner) -> None:
        """Compare, and let the config win."""
        if not _has_one_optimizer(runner):
            return
        if runner.iter > 0:
            self._resume(runner)
        for index, scheduler in enumerate(runner.param_schedulers or ()):
            if scheduler.end < runner.max_iters and getattr(
                    scheduler, 'eta_min', None) == 0:
                runner.logger.warning(
                    f'param_scheduler.{index}.end={scheduler.end}, but '
                    f'train_cfg.max_iters={runner.max_iters}: from iteration '
                    f'{scheduler.end} on {scheduler.param_name} stays at 0 '
                    'and nothing is learnt. Set both to the same number')

    def _resume(self, runner) -> None:
        if runner.iter >= runner.max_iters:
            runner.logger.warning(
                f'The checkpoint is of iteration {runner.iter} and '
                f'train_cfg.max_iters={runner.max_iters}: there is nothing '
                'left to train. Set a larger train_cfg.max_iters (and '
                'param_scheduler.0.end) to go on')
        schedulers = runner.param_schedulers or []
        differences = _differences(self._groups,
                                   _settings_of_groups(runner.optim_wrapper))
        for index, (scheduler, own) in enumerate(
                zip(schedulers, self._schedulers)):
            differences += [
                f'param_scheduler.{index}: {line}'
                for line in _differences([own], [scheduler.state_dict()])
            ]
        runner.logger.info(
            f'Resumed at iteration {runner.iter}: weights, moments of the '
            'optimiser, logged values and seed are those of the checkpoint')
        if not differences:
            return
        told = '\n'.join(f'  {line}' for line in differences)
        if any(
                isinstance(s, ReduceOnPlateauParamScheduler)
                for s in schedulers):
            runner.logger.warning(
                'The config differs from the checkpoint, which holds on, '
                f'because a schedule follows a metric:\n{told}')
            return
        runner.logger.warning(
            'The config differs from the checkpoint; from here on the config '
            f'holds:\n{told}')
        self._run_forward(runner)

    def _run_forward(self, runner) -> None:
        """Bring the config's schedule to the iteration of the runner."""
        for group, settings in zip(runner.optim_wrapper.param_groups,
                                   self._groups):
            group.update(settings)
        schedulers = runner.param_schedulers or []
        for scheduler, state in zip(schedulers, self._schedulers):
            scheduler.load_state_dict(state)
        with warnings.catch_warnings():
            # mmengine expects a step of the optimiser before each.
            warnings.simplefilter('ignore')
            for _ in range(runner.iter):
                for scheduler in schedulers:
                    if not scheduler.by_epoch:
                        scheduler.step()


def _has_one_optimizer(runner) -> bool:
    """Neither several, nor none as in a test."""
    wrapper = runner.optim_wrapper
    return isinstance(wrapper, OptimWrapper) and not isinstance(
        wrapper, OptimWrapperDict)


def _settings_of_groups(optim_wrapper: OptimWrapper) -> List[dict]:
    return [{k: v
             for k, v in group.items() if k != 'params'}
            for group in optim_wrapper.param_groups]


def _differences(wanted: List[Dict], found: List[Dict]) -> List[str]:
    """What differs between settings, a line each; progress does not count."""
    lines = []
    for own, other in zip(wanted, found):
        # A scheduled value is as far as the schedule is.
        scheduled = [
            k[len('initial_'):] for k in own if k.startswith('initial_')
        ]
        lines += [
            f'{key}: {other.get(key)} in the checkpoint, {value} in the config'
            for key, value in own.items()
            if key not in (*PROGRESS, *scheduled) and other.get(key) != value
        ]
    return sorted(set(lines))
