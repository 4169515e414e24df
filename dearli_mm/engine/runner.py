"""mmengine's runner that looks at what is there before it begins."""
import copy
from contextlib import ExitStack
from pathlib import Path
from typing import Sequence, Union

import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.optim import OptimWrapper
from mmengine.registry import RUNNERS  # of mmengine: mmdet's scripts ask it
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from dearli_mm.utils.command_line import NotReadyError

from .console import is_news, quiet_screen
from .preflight import Lack, find_lacks, lacks_table


@RUNNERS.register_module()
class PreflightRunner(Runner):
    """The runner of our configs (``runner_type``).

    What a config lacks is told at once, before anything is built, read or
    logged: weights when the runner is made; data, splits and warm-up when
    training begins, for a test does not need them. On a GPU all loaders pin
    their memory, unless their configs say otherwise. What mmengine logs while
    it builds (environment, config, hooks, an option per parameter) goes to the
    log file, of which the screen shows the path.
    """

    def __init__(self, *args, **kwargs) -> None:
        self._wants_all_weights = False
        self._quiet = ExitStack()
        with self._quiet:
            super().__init__(*args, **kwargs)
        self.logger.info('Config, environment and hooks are in the log: '
                         f'{self.logger.log_file}')

    def build_logger(self, *args, **kwargs) -> MMLogger:
        """See mmengine."""
        logger = super().build_logger(*args, **kwargs)
        logger.addFilter(is_news)
        self._quiet.enter_context(quiet_screen(logger))
        return logger

    def build_optim_wrapper(self, *args, **kwargs) -> OptimWrapper:
        """See mmengine."""
        with quiet_screen(self.logger):
            return super().build_optim_wrapper(*args, **kwargs)

    @classmethod
    def from_cfg(cls, cfg: Config) -> 'PreflightRunner':
        """See mmengine.

        Raises:
            NotReadyError: If weights are missing; lists all that is.
        """
        lacks = find_lacks(cfg)
        if any(lack.kind == 'model' for lack in lacks):
            _refuse(cfg, lacks)
        return super().from_cfg(cfg)

    def train(self):
        """See mmengine.

        Raises:
            NotReadyError: If something that training needs is missing.
        """
        _refuse(self.cfg, find_lacks(self.cfg))
        return super().train()

    def test(self):
        """See mmengine.

        Raises:
            NotReadyError: If data of the test are missing, or the checkpoint
                is of another network.
        """
        _refuse(self.cfg, [
            lack for lack in find_lacks(self.cfg, ['test_dataloader'])
            if lack.kind == 'data'])
        self._wants_all_weights = True
        return super().test()

    def load_checkpoint(self, filename: str, *args, **kwargs) -> dict:
        """See mmengine, which tests what does not fit as it was drawn."""
        if not self._wants_all_weights:
            return super().load_checkpoint(filename, *args, **kwargs)
        try:
            return super().load_checkpoint(filename, strict=True)
        except RuntimeError as error:
            raise NotReadyError(
                f'checkpoint={filename!r} is of another network than '
                f'{self.cfg.filename}; test it with the config of its '
                f'training: {str(error)[:500]}') from error

    @staticmethod
    def build_dataloader(dataloader: Union[DataLoader, dict],
                         *args, **kwargs) -> DataLoader:
        """See mmengine."""
        if isinstance(dataloader, dict):
            dataloader = copy.deepcopy(dataloader)
            dataloader.setdefault('pin_memory', torch.cuda.is_available())
        return Runner.build_dataloader(dataloader, *args, **kwargs)


def _refuse(cfg: Config, lacks: Sequence[Lack]) -> None:
    if lacks:
        name = Path(cfg.filename).name if cfg.filename else 'the config'
        raise NotReadyError(lacks_table(lacks, name))
