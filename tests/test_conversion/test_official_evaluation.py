"""From checkpoints of the reference implementation to metrics, by tools."""
import sys
from pathlib import Path

import pytest
import torch
from golden_clip import golden_detector, register_golden_clip
from mmengine.config import Config

from dearli_mm.utils.mmdet_script import run_mmdet_script
from dearli_mm.conversion.official_checkpoint import convert_checkpoint
from dearli_mm.benchmark.run_logs import read_test
from projects.toy_world.dataset import write_toy_world

DEAR = Path(__file__).parents[2] / \
    'configs/quickstart/dear_tiny-clip_toy-world.py'


@pytest.fixture
def official(golden):
    arrays = golden('l_student_state')
    return {name: arrays[name] for name in arrays.arrays.files}


@pytest.fixture
def config(official, tmp_path):
    """The DEAR config on a tiny world, with the network of the arrays."""
    world = tmp_path / 'world'
    write_toy_world(str(world), train=4, val=2, labeled=2, size=64, seed=1)
    register_golden_clip(tmp_path)
    clip = 'backbone.clip_model.'
    torch.save({key[len(clip):]: value for key, value in official.items()
                if key.startswith(clip)}, tmp_path / 'clip.pt')
    classes = Config.fromfile(DEAR).class_prompts
    detector = golden_detector(classes, 8, 5, str(tmp_path / 'clip.pt'))
    loader = dict(num_workers=0, persistent_workers=False,
                  dataset=dict(data_root=str(world)))
    path = tmp_path / 'config.py'
    path.write_text(f"""
_base_ = {str(DEAR)!r}
model = dict(detector=dict({detector!r}, _delete_=True))
test_dataloader = {loader!r}
default_hooks = dict(visualization=dict(draw=False))
""")
    return path


@pytest.fixture
def evaluate(config, tmp_path, monkeypatch):
    """``python tools/test.py CONFIG CHECKPOINT`` and what it reports."""
    # mmengine formats the config several times, which takes seconds.
    monkeypatch.setattr('mmengine.config.config.FormatCode',
                        lambda text, **kwargs: (text, False))

    def run(checkpoint, name):
        work_dir = tmp_path / name
        monkeypatch.setattr(sys, 'argv', [
            'tools/test.py', str(config), str(checkpoint), '--work-dir',
            str(work_dir), '--cfg-options', f'experiment_name={name}'])
        run_mmdet_script('test.py')
        log, = work_dir.glob('*/*.log')
        return read_test(str(work_dir)), log.read_text()

    return run


def convert(state, target, **more):
    source = target.with_suffix('.official')
    torch.save(dict(model=state), source)
    convert_checkpoint(str(source), str(target), **more)
    return target


def test_one_network_is_student_and_teacher(official, evaluate, config,
                                            tmp_path):
    checkpoint = convert(official, tmp_path / 'plain.pth', config=str(config))
    results, log = evaluate(checkpoint, 'plain')
    assert results['student/mIoU'] > 0
    for metric in ('PQ', 'mIoU'):
        assert results[f'student/{metric}'] == results[f'teacher/{metric}']
    assert 'Load checkpoint' in log
    assert 'missing keys' not in log and 'unexpected key' not in log

    # The student's results do not change with a teacher of its own.
    key = 'sem_seg_head.predictor.query_feat.weight'
    other = {**official, key: official[key].flip(1)}
    pair = {f'modelStudent.{k}': v for k, v in official.items()} | {
        f'modelTeacher.{k}': v for k, v in other.items()}
    checkpoint = convert(pair, tmp_path / 'pair.pth', config=str(config))
    pair_results, log = evaluate(checkpoint, 'pair')
    assert pair_results['student/mIoU'] == results['student/mIoU']
    assert pair_results['teacher/mIoU'] != results['teacher/mIoU']
    assert 'missing keys' not in log and 'unexpected key' not in log
