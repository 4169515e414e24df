"""Training and validation in two processes."""
import os
import socket
from unittest import mock

import torch
import torch.multiprocessing as mp
from mmengine.runner import Runner
from test_semi_sup_training import (build_runner, load_config, options,
                                    world)  # noqa: F401


def _free_port() -> str:
    with socket.socket() as server:
        server.bind(('localhost', 0))
        return str(server.getsockname()[1])


def _train(rank, port, root, work_dir):
    os.environ.update(
        RANK=str(rank),
        LOCAL_RANK=str(rank),
        WORLD_SIZE='2',
        MASTER_ADDR='localhost',
        MASTER_PORT=port)
    torch.set_num_threads(1)
    config = load_config()
    config.merge_from_dict(
        options(root, max_iters=2, **{'train_cfg.val_interval': 2}))
    config.work_dir = str(work_dir)
    config.launcher = 'pytorch'
    config.env_cfg.dist_cfg.backend = 'gloo'
    # mmengine chooses a GPU even for gloo, unless it is told otherwise.
    config.model_wrapper_cfg = dict(
        type='MMDistributedDataParallel',
        device_ids=None,
        broadcast_buffers=False)
    with mock.patch('torch.cuda.set_device'):
        runner = Runner.from_cfg(config)
    runner.train()
    hub = runner.message_hub
    torch.save(
        dict(
            weights={
                name: value
                for name, value in runner.model.module.state_dict().items()
                if 'backbone' not in name
            },
            pq=float(hub.get_scalar('val/student/PQ').current()),
            losses=hub.get_scalar('train/loss').data[0].tolist()),
        work_dir / f'rank{rank}.pt')
    torch.distributed.destroy_process_group()


def test_two_processes(world, tmp_path):  # noqa: F811
    mp.spawn(
        _train, args=(_free_port(), world, tmp_path), nprocs=2, join=True)
    first, second = (
        torch.load(tmp_path / f'rank{rank}.pt', weights_only=True)
        for rank in range(2))
    for name, value in first['weights'].items():
        assert torch.equal(value, second['weights'][name]), name
    assert first['pq'] == second['pq']
    assert first['losses'] != second['losses']  # each had images of its own

    alone = build_runner(world, tmp_path / 'alone')
    alone.load_checkpoint(str(tmp_path / 'iter_2.pth'))
    assert alone.val()['student/PQ'] == first['pq']
