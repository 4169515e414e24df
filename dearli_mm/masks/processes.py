"""Several processes that share one list of work."""
import os
import uuid
from itertools import count
from typing import Any, Iterator, List

import mmengine.dist as dist
import torch
import torch.distributed as torch_dist

LAUNCHERS = ('none', 'pytorch', 'slurm', 'mpi')
# Processes meet at the end only, and images take longer on some than others.
TIMEOUT = 7 * 24 * 3600


def init_processes(launcher: str) -> None:
    """Start torch.distributed as mmengine does, also without a GPU.

    Little is sent, so the backend is gloo everywhere.

    Args:
        launcher (str): ``'none'``, ``'pytorch'`` (torchrun), ``'slurm'`` or
            ``'mpi'``. Without a GPU: ``'none'`` or ``'pytorch'``.

    Raises:
        ValueError: If the launcher is none of these, or did not launch this
            process.
    """
    if launcher not in LAUNCHERS:
        raise ValueError(f'launcher={launcher!r} is none of {LAUNCHERS}')
    if launcher == 'none':
        return
    if torch.cuda.is_available():
        dist.init_dist(launcher, backend='gloo', timeout=TIMEOUT)
        return
    if launcher != 'pytorch':
        raise ValueError(f'launcher={launcher!r} needs GPUs; without one use '
                         "torchrun and launcher='pytorch'")
    if 'RANK' not in os.environ:
        raise ValueError(
            "launcher='pytorch', but torchrun did not start this process: "
            'torchrun --nproc-per-node N tools/sam_masks.py ... '
            '--launcher pytorch')
    from datetime import timedelta
    torch_dist.init_process_group(
        'gloo', timeout=timedelta(seconds=TIMEOUT))


def from_main(make) -> Any:
    """What a function returns in the main process, for all of them.

    An error in it is raised in all of them.
    """
    outcome = [None, None]
    if dist.is_main_process():
        try:
            outcome[0] = make()
        except Exception as error:
            if not dist.is_distributed():
                raise
            outcome[1] = error
    dist.broadcast_object_list(outcome)
    if outcome[1] is not None:
        raise outcome[1]
    return outcome[0]


def gather(items: List[Any]) -> List[Any]:
    """Lists of all processes in a row."""
    return sum(dist.all_gather_object(items), [])


def count_together() -> Iterator[int]:
    """0, 1, 2, ..., each of which goes to one process only.

    Whoever is done takes the next, so slow processes hold up nobody. All
    processes call it; each call counts from 0.
    """
    if not dist.is_distributed():
        yield from count()
    # The store outlives this count: with one name for all, the next would go
    # on where this one ends.
    key = from_main(lambda: f'dearli_mm.count.{uuid.uuid4().hex}')
    store = torch_dist.distributed_c10d._get_default_store()
    while True:
        yield store.add(key, 1) - 1
