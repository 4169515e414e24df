"""Several processes on a machine without a GPU."""
import os

import torch
import torch.distributed as dist


def join_cpu_processes() -> None:
    """Join the processes of ``torchrun`` where there is no GPU.

    mmengine gives every process a GPU before it joins the others, whatever
    the backend; it leaves those alone that have joined already. Does nothing
    without ``torchrun``, or with a GPU.
    """
    if 'TORCHELASTIC_RUN_ID' in os.environ and not torch.cuda.is_available():
        dist.init_process_group('gloo')
