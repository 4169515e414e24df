"""Several processes that share one list of work."""
import os
import uuid
from datetime import timedelta
from itertools import count
from typing import Any, Callable, Iterator

import mmengine.dist as dist
import torch
import torch.distributed as torch_dist

# Processes meet at the end only, and images take longer on some than others.
TIMEOUT = timedelta(days=7)


def init_processes(launcher: str) -> None:
    """Start torch.distributed as mmengine does, also without a GPU.

    Little is sent, so the backend is gloo everywhere.

    Args:
        launcher (str): 'none', 'pytorch' (torchrun), 'slurm' or 'mpi'.
            Without a GPU: ``'none'`` or ``'pytorch'``.

    Raises:
        ValueError: If the launcher did not launch this process, or needs a
            GPU.
    """
    if launcher == 'none':
        return
    if torch.cuda.is_available():
        dist.init_dist(launcher, backend='gloo',
                       timeout=int(TIMEOUT.total_seconds()))
    elif launcher != 'pytorch':
        raise ValueError(f'launcher={launcher!r} needs GPUs; without one use '
                         "torchrun and launcher='pytorch'")
    elif 'RANK' not in os.environ:
        raise ValueError(
            "launcher='pytorch', but torchrun did not start this process: "
            'torchrun --nproc-per-node N tools/sam_masks.py ... '
            '--launcher pytorch')
    else:  # mmengine would choose a GPU
        torch_dist.init_process_group('gloo', timeout=TIMEOUT)


def broadcast_from_main(make: Callable[[], Any]) -> Any:
    """What a function returns in the main process, for all of them.

    An error in it is raised in all of them.
    """
    outcome = [None, None]
    if dist.is_main_process():
        try:
            outcome[0] = make()
        except Exception as error:
            outcome[1] = error
    # Errors travel too: a process that stops alone leaves the others waiting.
    dist.broadcast_object_list(outcome)
    if outcome[1] is not None:
        raise outcome[1]
    return outcome[0]


def shared_counter() -> Iterator[int]:
    """0, 1, 2, ..., each of which goes to one process only.

    Whoever is done takes the next, so slow processes hold up nobody. All
    processes call it; each call counts from 0.
    """
    if not dist.is_distributed():
        yield from count()
    # The store outlives this count: with one name for all, the next would go
    # on where this one ends.
    key = broadcast_from_main(lambda: f'dearli_mm.count.{uuid.uuid4().hex}')
    # Counting in the store needs no message from process to process.
    store = torch_dist.distributed_c10d._get_default_store()
    while True:
        yield store.add(key, 1) - 1
