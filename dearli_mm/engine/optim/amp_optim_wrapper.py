"""Mixed precision that needs neither a GPU nor a loss scale."""
from typing import Union

import torch
from mmdet.registry import OPTIM_WRAPPERS
from mmengine.optim import AmpOptimWrapper as _AmpOptimWrapper
from mmengine.optim import OptimWrapper

# PyTorch 2.3 moved it.
GradScaler = getattr(torch.amp, 'GradScaler', torch.cuda.amp.GradScaler)


@OPTIM_WRAPPERS.register_module()
class AmpOptimWrapper(_AmpOptimWrapper):
    """mmengine's wrapper with bfloat16 as its default.

    It is registered under mmengine's name, so that ``--amp`` of mmdet's tools
    takes it. bfloat16 has the range of float32: no gradient under- or
    overflows, there is nothing to scale, and a CPU can do it as well. Weights,
    gradients and the teacher's moving average stay float32.

    Args:
        loss_scale (str | float | dict): Of mmengine, for float16. Has no
            effect for bfloat16. Defaults to 'dynamic'.
        dtype (str | torch.dtype, optional): ``'bfloat16'`` (default) or
            ``'float16'``, which needs a GPU. None is mmengine's default, that
            of the device.
        **kwargs: Of :class:`mmengine.optim.OptimWrapper`
            (``accumulative_counts``, ``clip_grad``, ...).

    Raises:
        ValueError: If another type needs a GPU and there is none.
    """

    def __init__(self,
                 loss_scale: Union[str, float, dict] = 'dynamic',
                 dtype: Union[str, torch.dtype, None] = 'bfloat16',
                 **kwargs) -> None:
        if dtype in ('bfloat16', torch.bfloat16):
            # mmengine's constructor insists on a GPU, for its scaler.
            OptimWrapper.__init__(self, **kwargs)
            self.loss_scaler = GradScaler(enabled=False)
            self._scale_update_param = None
            self.cast_dtype = torch.bfloat16
            return
        if not torch.cuda.is_available():
            raise ValueError(
                f'optim_wrapper.dtype={dtype!r} needs a GPU; on a CPU only '
                "optim_wrapper.dtype='bfloat16' trains in mixed precision")
        super().__init__(loss_scale=loss_scale, dtype=dtype, **kwargs)
