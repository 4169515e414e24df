"""Noticing NaN and infinity before they reach the weights."""
from typing import Dict, Iterable, List, Optional, Tuple

import torch
from mmengine.dist import all_reduce
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_


class NonFiniteError(RuntimeError):
    """A loss or a gradient is NaN or infinite; the step was not taken.

    Args:
        kind (str): ``'loss'`` or ``'gradient'``.
        terms (Sequence[str]): Names of the offending losses or parameters of
            this process (none if another process has them).
    """

    def __init__(self, kind: str, terms: Iterable[str]) -> None:
        self.kind = kind
        self.terms = list(terms)
        named = ', '.join(self.terms[:5]) or 'those of another process'
        more = f' and {len(self.terms) - 5} more' if len(
            self.terms) > 5 else ''
        super().__init__(f'non-finite {kind}: {named}{more}')


class LossCheck:
    """Whether the losses of a step are finite, in all processes.

    The device works it out; only :meth:`raise_if_bad` waits for it.

    Args:
        losses (dict[str, Tensor]): Losses of one step; only names with
            ``loss`` in them count, as in mmengine.
    """

    def __init__(self, losses: Dict[str, Tensor]) -> None:
        terms = {k: v.detach() for k, v in losses.items() if 'loss' in k}
        self._names = list(terms)
        self._bad = (~torch.stack(
            [v.mean() for v in terms.values()]).isfinite()).float()
        self._any_bad = self._bad.max()
        all_reduce(self._any_bad, op='max')

    def raise_if_bad(self) -> None:
        """Raise in all processes if a loss of any is not finite.

        Raises:
            NonFiniteError: Names the offending losses.
        """
        if self._any_bad > 0:
            raise NonFiniteError('loss', [
                name for name, bad in zip(self._names, self._bad) if bad > 0
            ])


class ChecksLosses:
    """A model whose losses are checked: before they reach the weights.

    Attributes:
        loss_check (LossCheck | None): Of the last step, if ``defers_check``.
        defers_check (bool): Whether somebody else looks at it, instead of
            :meth:`parse_losses`; see :class:`StepGuard`.
    """
    defers_check: bool = False
    loss_check: Optional[LossCheck] = None

    def parse_losses(self, losses: Dict[str, Tensor]):
        """Add up the losses; see mmengine.

        Raises:
            NonFiniteError: If one of them is NaN or infinite, in any process.
        """
        self.loss_check = LossCheck(losses)
        if not self.defers_check:
            self.loss_check.raise_if_bad()
        return super().parse_losses(losses)


class StepGuard:
    """Lets the optimiser refuse a step with NaN or infinity.

    It asks right before the step, when mmengine has waited for the norm of the
    gradients to log it: one that is clipped by its norm has nothing more to
    wait for, and its gradients are read once. The model's losses are looked at
    in the same moment, unless some of the steps may be left out: accumulated
    ones, and those of a loss scaler (fp16), whose overflows are no concern of
    the guard. Under data parallelism all processes see the same gradients.

    Args:
        optim_wrapper (OptimWrapper): Owner of the optimiser; attached to it
            for good.
        model (nn.Module): The model, as the runner has it.
    """

    def __init__(self, optim_wrapper: OptimWrapper, model: nn.Module) -> None:
        self._model = model.module if is_model_wrapper(model) else model
        self._norm: Optional[Tensor] = None
        optimizer = optim_wrapper.optimizer
        self._parameters = [
            p for group in optimizer.param_groups for p in group['params']
        ]
        scaler = getattr(optim_wrapper, 'loss_scaler', None)
        takes_all_steps = optim_wrapper._accumulative_counts == 1 and (
            scaler is None or not scaler.is_enabled())
        if isinstance(self._model, ChecksLosses):
            self._model.defers_check = takes_all_steps
        if getattr(optim_wrapper, 'clip_func', None) is clip_grad_norm_:
            optim_wrapper.clip_func = self._clip
        optimizer.register_step_pre_hook(self._check)

    def _clip(self, parameters: List[Tensor], **kwargs) -> Tensor:
        self._norm = clip_grad_norm_(parameters, **kwargs)
        return self._norm

    def _check(self, *_) -> None:
        norm, self._norm = self._norm, None
        if getattr(self._model, 'defers_check', False):
            self._model.loss_check.raise_if_bad()
        with_grad = [p for p in self._parameters if p.grad is not None]
        if not with_grad:
            return
        if norm is None:
            norm = torch.stack(_norms(with_grad)).norm()
        if not norm.isfinite():
            raise NonFiniteError('gradient', self._offending(with_grad))

    def _offending(self, parameters: List[Tensor]) -> List[str]:
        names = {id(p): name for name, p in self._model.named_parameters()}
        return [
            names.get(id(p), '?')
            for p, norm in zip(parameters, _norms(parameters))
            if not norm.isfinite()
        ]


def _norms(parameters: List[Tensor]) -> List[Tensor]:
    return torch._foreach_norm([p.grad for p in parameters])


def describe_images(data_batch: dict) -> Tuple[str, ...]:
    """Paths of the images of a batch, with their branch if there are any."""
    branches = data_batch['data_samples']
    if not isinstance(branches, dict):
        return tuple(sample.img_path for sample in branches)
    return tuple(
        f'{branch}: {sample.img_path}' for branch, samples in branches.items()
        if branch != 'strong'  # the images of 'weak'
        for sample in samples)
