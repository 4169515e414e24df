"""Ending a run between two steps, with a checkpoint."""
import shlex
import sys
from contextlib import contextmanager
from typing import Callable, Iterator, NoReturn, Optional

from mmengine.dist import get_world_size, is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner

from dearli_mm.utils.command_line import INTERRUPTED
from dearli_mm.utils.stop_signals import StopSignals


@contextmanager
def stopping_between_steps(runner: Runner) -> Iterator[Callable[[], None]]:
    """Ctrl-C and SIGTERM, turned into an orderly end of the run.

    One process finishes its step and writes a checkpoint. Several cannot
    agree on a step any more; they end at once, and the log names the last
    checkpoint.

    Args:
        runner (Runner): While its loop trains.

    Yields:
        Callable: To be called after each step; does not return if the run is
        to end.

    Raises:
        SystemExit: With exit code 130.
    """
    if get_world_size() > 1:
        try:
            yield lambda: None
        except KeyboardInterrupt:
            if is_main_process():
                _say(runner, 'stopped', _checkpoint_hook(runner))
            raise SystemExit(INTERRUPTED) from None
        return
    with StopSignals() as signals:
        try:
            yield lambda: _stop(runner, signals.received)
        except (KeyboardInterrupt, RuntimeError):
            # The second Ctrl-C, or workers that the signal ended.
            if not signals.received:
                raise
            _say(runner, 'stopped', _checkpoint_hook(runner))
            raise SystemExit(INTERRUPTED) from None


def _stop(runner: Runner, signal: str) -> Optional[NoReturn]:
    """End the run after its step, if it was asked to."""
    # Accumulated gradients are in no checkpoint.
    if not signal or runner.iter % runner.optim_wrapper._accumulative_counts:
        return None
    hook = _checkpoint_hook(runner)
    if hook is not None:
        hook._save_checkpoint_with_step(
            runner, runner.iter, dict(epoch=runner.epoch, iter=runner.iter))
    _say(runner, f'{signal}: stopped after step {runner.iter}', hook)
    raise SystemExit(INTERRUPTED)


def _checkpoint_hook(runner: Runner) -> Optional[CheckpointHook]:
    return next((hook for hook in runner.hooks
                 if isinstance(hook, CheckpointHook)), None)


def _say(runner: Runner, what: str, hook: Optional[CheckpointHook]) -> None:
    last = getattr(hook, 'last_ckpt', None)
    runner.logger.info(
        f'{what}; {_command()} goes on from {last}'
        if last else f'{what}; there is no checkpoint to go on from')


def _command() -> str:
    """What resumes this run."""
    if get_world_size() > 1:  # a launcher's child does not know its command
        return 'the same command with --resume'
    resume = [] if '--resume' in sys.argv else ['--resume']
    return shlex.join([*sys.orig_argv, *resume])
