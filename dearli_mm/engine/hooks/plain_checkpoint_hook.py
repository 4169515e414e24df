from mmdet.registry import HOOKS
from mmengine.hooks import Hook

from ..plain_state import from_plain, to_plain


@HOOKS.register_module()
class PlainCheckpointHook(Hook):
    """Keeps checkpoints loadable with ``weights_only=True``.

    mmengine stores Python objects (the message hub's history) in checkpoints,
    and PyTorch 2.6 and later refuse to load them. This hook turns a
    checkpoint to plain data before it is written and restores the objects
    after it is loaded, so that ``--resume``, ``mim test`` and ``load_from``
    work, and unsafe loading is never needed. The objects of the running
    training are not touched.

    A checkpoint written without this hook is refused by ``torch.load`` with
    its own message; write it anew with the hook in place. It is best put into
    ``default_hooks``, where a child config that replaces ``custom_hooks``
    does not drop it::

        default_hooks = dict(plain_checkpoint=dict(type='PlainCheckpointHook'))

    See Also:
        :mod:`dearli_mm.engine.plain_state` for what is plain and how the rest
        is turned.
    """
    # Last, so that what other hooks put into the checkpoint is turned too.
    priority = 'LOWEST'

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Turns the checkpoint to plain data, in place of the dict's values.

        Args:
            runner (Runner): The runner.
            checkpoint (dict): What is about to be written.

        Raises:
            NotPlainError: If it holds anything that has no plain form.
        """
        checkpoint.update(
            {k: to_plain(v, f'checkpoint[{k!r}]')
             for k, v in checkpoint.items()})

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Restores the objects, for ``Runner.resume``.

        Args:
            runner (Runner): The runner.
            checkpoint (dict): What was loaded.
        """
        checkpoint.update({k: from_plain(v) for k, v in checkpoint.items()})
