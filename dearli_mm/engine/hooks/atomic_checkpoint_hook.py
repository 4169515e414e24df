import os.path as osp
from contextlib import nullcontext
from typing import List

from mmdet.registry import HOOKS
from mmengine.dist import is_main_process
from mmengine.fileio import LocalBackend, get_file_backend
from mmengine.hooks import CheckpointHook

from dearli_mm.utils import arguments_of, refuse_unknown
from dearli_mm.utils.atomic_backend import AtomicLocalBackend


@HOOKS.register_module()
class AtomicCheckpointHook(CheckpointHook):
    """mmengine's ``CheckpointHook``, safe against a crash at any moment.

    - A checkpoint is complete or not there: it is written beside its target
      and renamed. The same holds for the file ``last_checkpoint``.
    - A checkpoint is removed (``max_keep_ckpts``, the previous best) only
      after the one that takes its place, and what points to it, are written.
    - An output folder that cannot be written stops the run before it starts.
    - A validation before training makes no best checkpoint.
    - ``PQ``, ``SQ`` and ``RQ`` are known as metrics where more is better, so
      that ``save_best='student/PQ'`` needs no ``rule``.

    Args:
        **kwargs: As for :class:`mmengine.hooks.CheckpointHook`. With
            ``backend_args`` or ``file_client_args`` the storage that they
            name is used as it is.

    Raises:
        ValueError: If a setting is unknown.
    """
    _default_greater_keys = [
        *CheckpointHook._default_greater_keys, 'PQ', 'SQ', 'RQ'
    ]

    def __init__(self, *args, **kwargs) -> None:
        refuse_unknown(kwargs, arguments_of(CheckpointHook),
                       'default_hooks.checkpoint')
        super().__init__(*args, **kwargs)

    def before_train(self, runner) -> None:
        """Prepares the output folder and checks that it can be written.

        Args:
            runner (Runner): The runner.

        Raises:
            OSError: If it cannot.
        """
        if self.backend_args is None and self.file_client_args is None:
            out_dir = self.out_dir or runner.work_dir
            if type(get_file_backend(out_dir)) is LocalBackend:
                self.backend_args = dict(backend='dearli_mm.atomic')
        super().before_train(runner)
        if self._is_atomic and is_main_process():
            probe = osp.join(self.out_dir, '.write_test')
            self.file_backend.put(b'', probe)
            self.file_backend.remove(probe)

    def _save_checkpoint_with_step(self, runner, step: int,
                                   meta: dict) -> None:
        """Saves, points ``last_checkpoint`` to the new, removes the old.

        The parent removes first and saves then.
        """
        outdated = self._register(runner, step)
        runner.save_checkpoint(
            self.out_dir,
            self.filename_tmpl.format(step),
            self.file_client_args,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args)
        if not is_main_process():
            return
        AtomicLocalBackend().put_text(
            self.last_ckpt, osp.join(runner.work_dir, 'last_checkpoint'))
        for path in outdated:
            if self.file_backend.isdir(path):  # DeepSpeed writes folders
                self.file_backend.rmtree(path)
            elif self.file_backend.isfile(path):
                self.file_backend.remove(path)

    def _register(self, runner, step: int) -> List[str]:
        """Notes the new checkpoint; returns the paths it makes outdated."""
        outdated = []
        if self.max_keep_ckpts > 0 and step not in self.keep_ckpt_ids:
            if len(self.keep_ckpt_ids) == self.max_keep_ckpts:
                outdated = [self._path(self.keep_ckpt_ids[0])]
            self.keep_ckpt_ids.append(step)  # a full deque drops its first
            runner.message_hub.update_info('keep_ckpt_ids',
                                           list(self.keep_ckpt_ids))
        self.last_ckpt = self._path(step)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        return outdated

    def _path(self, step: int) -> str:
        return self.file_backend.join_path(self.out_dir,
                                           self.filename_tmpl.format(step))

    def _save_best_checkpoint(self, runner, metrics: dict) -> None:
        """Saves a new best before the previous one is removed."""
        # Nothing has been trained in runner.val(), or in val_before_train.
        if not hasattr(self, 'file_backend') or runner.iter == 0:
            return
        with (self.file_backend.removals_at_end() if self._is_atomic else
              nullcontext([])) as removals:
            super()._save_best_checkpoint(runner, metrics)
            # Evaluated again at the same iteration, as after --resume, the
            # best has the name of its predecessor and has replaced it.
            best = getattr(self, 'best_ckpt_path_dict', {}).values()
            for path in [*best, getattr(self, 'best_ckpt_path', None)]:
                if path in removals:
                    removals.remove(path)

    @property
    def _is_atomic(self) -> bool:
        return isinstance(self.file_backend, AtomicLocalBackend)
