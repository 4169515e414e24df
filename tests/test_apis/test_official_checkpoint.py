import subprocess
import sys
from pathlib import Path

import pytest
import torch

from dearli_mm.apis.official_checkpoint import (convert_checkpoint,
                                                convert_state_dict)

TOOL = Path(__file__).parents[2] / \
    'tools/model_converters/official_to_dearli.py'


@pytest.fixture
def official(golden):
    arrays = golden('l_student_state')
    return {name: arrays[name] for name in arrays.arrays.files}


def test_complete(official):
    conversion = convert_state_dict(official)
    assert not any(k.startswith('sem_seg_head') for k in conversion.state_dict)
    kinds = {key.split('.')[0] for key in conversion.left_out}
    assert kinds == {'backbone', 'criterion_labeled',
                     'criterion_pseudolabeled'}
    assert not any('visual' in key for key in conversion.left_out)
    assert len(conversion.state_dict) + len(
        conversion.left_out) == len(official)


def test_decoder_only(official):
    names = convert_state_dict(official, decoder_only=True).state_dict
    assert all(name.startswith('panoptic_head.') for name in names)
    for name in ('pixel_decoder.level_encoding.weight', 'logit_scale',
                 'void_embedding.weight', 'cls_embed.4.weight'):
        assert f'panoptic_head.{name}' in names


def test_foreign_checkpoints_are_refused_with_a_reason(official):
    with pytest.raises(ValueError, match='no checkpoint of the reference'):
        convert_state_dict({'backbone.conv1.weight': torch.zeros(1)})
    with pytest.raises(ValueError, match='1 keys are none.*other.thing'):
        convert_state_dict({**official, 'other.thing': torch.zeros(1)})


def test_fc_clip_gives_its_decoders(official):
    fc_clip = {
        **official,
        'sem_seg_head.predictor._mask_pooling_proj.0.weight': torch.zeros(1)
    }
    with pytest.raises(ValueError, match='pools masks.*--decoder-only'):
        convert_state_dict(fc_clip)
    assert convert_state_dict(fc_clip, decoder_only=True).state_dict


def test_tool(official, tmp_path):
    source, target = tmp_path / 'src.pth', tmp_path / 'out' / 'dst.pth'
    torch.save(dict(model=official, iteration=7), source)
    done = subprocess.run(
        [sys.executable, str(TOOL), str(source), str(target)],
        capture_output=True,
        text=True,
        env={'PYTHONPATH': str(TOOL.parents[2]), 'PATH': ''})
    assert done.returncode == 0, done.stderr
    assert 'parameters mapped' in done.stdout
    assert 'left out' in done.stdout and 'backbone.clip_model' in done.stdout
    loaded = torch.load(target, weights_only=True)
    assert set(loaded['state_dict']) == set(
        convert_state_dict(official).state_dict)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(FileNotFoundError, match='absent.pth: no such file'):
        convert_checkpoint(str(tmp_path / 'absent.pth'), 'x')
    path = tmp_path / 'unsafe.pth'
    torch.save(dict(model=Path('x')), path)
    with pytest.raises(ValueError, match='cannot be read as plain data'):
        convert_checkpoint(str(path), 'x')
