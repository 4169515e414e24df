"""Several processes on one machine."""
import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import wait
from typing import Any, Callable, Iterator, Sequence

import cv2
import torch
import torch.distributed as dist
from tqdm import tqdm


def run_parallel(function: Callable[[Any], Any],
                 jobs: Sequence[Any],
                 workers: int,
                 title: str) -> Iterator[Any]:
    """Results of a function in the order of its jobs, with a progress bar.

    Args:
        function (Callable): What other processes can import.
        jobs (Sequence): Arguments.
        workers (int): Processes; with 0, or for a single job, this one.
        title (str): Of the progress bar.

    Yields:
        Any: Results; an exception of a job is raised here.
    """
    bar = dict(total=len(jobs), desc=title, unit='img', mininterval=2,
               disable=None)  # not into files
    if workers == 0 or len(jobs) < 2:
        yield from tqdm(map(function, jobs), **bar)
        return
    methods = multiprocessing.get_all_start_methods()
    # A fork has the libraries loaded already; spawning takes seconds.
    context = multiprocessing.get_context(
        'fork' if 'fork' in methods else 'spawn')
    chunk = max(1, min(16, len(jobs) // (4 * workers)))
    with ProcessPoolExecutor(
            min(workers, len(jobs)), context, _start_worker) as pool:
        try:
            yield from tqdm(
                pool.map(function, jobs, chunksize=chunk), **bar)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _start_worker() -> None:
    # Ctrl-C goes to all processes; the parent ends these.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # One thread each: OpenCV's own would compete with the processes.
    cv2.setNumThreads(0)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Workers of a killed process would wait for work for ever."""
    wait([multiprocessing.parent_process().sentinel])
    os._exit(1)


def join_cpu_processes() -> None:
    """Join the processes of ``torchrun`` where there is no GPU.

    mmengine gives every process a GPU before it joins the others, whatever
    the backend; it leaves those alone that have joined already. Does nothing
    without ``torchrun``, or with a GPU.
    """
    if 'TORCHELASTIC_RUN_ID' in os.environ and not torch.cuda.is_available():
        dist.init_process_group('gloo')
