"""Noticing NaN and infinity before they reach the weights."""
from typing import Dict, Iterable, List, Tuple

import torch
from mmengine.dist import all_reduce
from torch import Tensor, nn
from torch.optim import Optimizer


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


def check_losses(losses: Dict[str, Tensor]) -> None:
    """Raise in all processes if a loss of any is not finite.

    Args:
        losses (dict[str, Tensor]): Losses of one step; only names with
            ``loss`` in them count, as in mmengine.

    Raises:
        NonFiniteError: Names the offending losses.
    """
    terms = {k: v.detach() for k, v in losses.items() if 'loss' in k}
    bad = (~torch.stack([v.mean() for v in terms.values()]).isfinite()).float()
    flag = bad.max()
    all_reduce(flag, op='max')
    if flag > 0:
        raise NonFiniteError(
            'loss', [name for name, b in zip(terms, bad) if b > 0])


def guard_optimizer(optimizer: Optimizer, model: nn.Module) -> None:
    """Let the optimiser refuse non-finite gradients before each step.

    Steps that a gradient scaler leaves out (fp16 overflow) are no concern of
    it. Under data parallelism all processes see the same gradients.

    Args:
        optimizer (Optimizer): The optimiser.
        model (nn.Module): Owner of the parameters, for their names.
    """
    parameters = [
        p for group in optimizer.param_groups for p in group['params']
    ]
    names = {id(p): name for name, p in model.named_parameters()}

    def check(*_) -> None:
        with_grad = [p for p in parameters if p.grad is not None]
        if not with_grad:
            return
        norms = torch.stack(
            torch._foreach_norm([p.grad for p in with_grad]))
        if not norms.isfinite().all():
            raise NonFiniteError('gradient', _offending(
                with_grad, norms, names))

    optimizer.register_step_pre_hook(check)


def _offending(parameters: List[Tensor], norms: Tensor,
               names: Dict[int, str]) -> List[str]:
    return [
        names.get(id(parameter), '?')
        for parameter, finite in zip(parameters, norms.isfinite().tolist())
        if not finite
    ]


def describe_images(data_batch: dict) -> Tuple[str, ...]:
    """Paths of the images of a batch, with their branch if there are any."""
    branches = data_batch['data_samples']
    if not isinstance(branches, dict):
        return tuple(sample.img_path for sample in branches)
    return tuple(
        f'{branch}: {sample.img_path}' for branch, samples in branches.items()
        if branch != 'strong'  # the images of 'weak'
        for sample in samples)
