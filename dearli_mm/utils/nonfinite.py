"""Noticing NaN and infinity before they reach the weights."""
from typing import Dict, Iterable, Tuple

import torch
from mmengine.dist import all_reduce
from mmengine.optim import OptimWrapper
from torch import Tensor, nn

from .model_wrappers import unwrapped


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


class ChecksLosses:
    """A model that refuses losses which are not finite."""

    def parse_losses(self, losses: Dict[str, Tensor]):
        """Add up the losses; see mmengine.

        Raises:
            NonFiniteError: In all processes, if a loss of any is NaN or
                infinite. As in mmengine, a loss has ``loss`` in its name.
        """
        terms = {k: v.detach() for k, v in losses.items() if 'loss' in k}
        bad = torch.stack(
            [~v.isfinite().all() for v in terms.values()]).float()
        any_bad = bad.max()
        all_reduce(any_bad, op='max')
        if any_bad > 0:
            raise NonFiniteError(
                'loss', [name for name, own in zip(terms, bad) if own > 0])
        return super().parse_losses(losses)


def refuse_nonfinite_gradients(optim_wrapper: OptimWrapper,
                               model: nn.Module) -> None:
    """Let the optimiser raise instead of taking a step with such gradients.

    Under data parallelism all processes see the same gradients, so all of
    them raise. Where a loss scaler is at work (fp16), overflows are its
    concern: it leaves out the step and lowers the scale.

    Args:
        optim_wrapper (OptimWrapper): Owner of the optimiser, which raises
            :class:`NonFiniteError` from now on.
        model (nn.Module): Names the parameters.
    """
    scaler = getattr(optim_wrapper, 'loss_scaler', None)
    if scaler is not None and scaler.is_enabled():
        return
    named = [(name, p) for name, p in unwrapped(model).named_parameters()
             if p.requires_grad]

    def check(*_) -> None:
        names, grads = [], []
        for name, parameter in named:
            if parameter.grad is not None:
                names.append(name)
                grads.append(parameter.grad)
        if not grads:
            return
        norms = torch.stack(torch._foreach_norm(grads))
        if not norms.sum().isfinite():
            raise NonFiniteError('gradient', [
                name for name, norm in zip(names, norms.tolist())
                if not norm < float('inf')
            ])

    optim_wrapper.optimizer.register_step_pre_hook(check)


def describe_images(data_batch: dict) -> Tuple[str, ...]:
    """Paths of the images of a batch, with their branch if there are any."""
    branches = data_batch['data_samples']
    if not isinstance(branches, dict):
        return tuple(sample.img_path for sample in branches)
    return tuple(
        f'{branch}: {sample.img_path}' for branch, samples in branches.items()
        if branch != 'strong'  # the images of 'weak'
        for sample in samples)
