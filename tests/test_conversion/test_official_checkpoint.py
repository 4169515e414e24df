import runpy
import sys
from pathlib import Path

import pytest
import torch
from golden_clip import golden_detector, register_golden_clip
from mmdet.registry import MODELS
from mmengine.config import Config

from dearli_mm.conversion.official_checkpoint import (convert_checkpoint,
                                                      convert_networks,
                                                      convert_state_dict,
                                                      split_networks)

TOOL = Path(__file__).parents[2] / \
    'tools/model_converters/official_to_dearli.py'
FC_CLIP = 'sem_seg_head.predictor._mask_pooling_proj.0.weight'
QUERY = 'panoptic_head.query_feat.weight'


@pytest.fixture
def official(golden):
    arrays = golden('l_student_state')
    return {name: arrays[name] for name in arrays.arrays.files}


@pytest.fixture
def teacher(official):
    return {name: value + 1 for name, value in official.items()}


def rows_of(table):
    """Cells of each row by its name, blanks as ''."""
    lines = (line.split('|')[1:-1] for line in table.splitlines()
             if line.startswith('|'))
    return {name.strip(): [cell.strip() for cell in cells]
            for name, *cells in lines}


def prefixed(**networks):
    return {f'{prefix}.{key}': value for prefix, state in networks.items()
            for key, value in state.items()}


def test_complete(official):
    conversion = convert_state_dict(official)
    assert not any(k.startswith('sem_seg_head') for k in conversion.state_dict)
    text_tower, constants = conversion.left_out.values()
    assert all(key.startswith('backbone.clip_model.') for key in text_tower)
    assert not any('visual' in key for key in text_tower)
    assert sorted(constants) == ['criterion_labeled.empty_weight',
                                 'criterion_pseudolabeled.empty_weight']
    assert len(conversion.state_dict) + len(text_tower) + 2 == len(official)


def test_decoder_only(official):
    names = convert_state_dict(official, decoder_only=True).state_dict
    assert all(name.startswith('panoptic_head.') for name in names)
    for name in ('pixel_decoder.level_encoding.weight', 'logit_scale',
                 'void_embedding.weight', 'cls_embed.4.weight'):
        assert f'panoptic_head.{name}' in names


@pytest.mark.parametrize('student_prefix, teacher_prefix', [
    ('modelStudent', 'modelTeacher'),
    ('module.modelStudent', 'module.modelTeacher'),
    ('model_student', 'model_teacher'),
])
def test_student_and_teacher_of_one_file(official, teacher, student_prefix,
                                         teacher_prefix):
    state = prefixed(**{student_prefix: official, teacher_prefix: teacher})
    networks = split_networks(state)
    assert list(networks) == ['student', 'teacher']
    conversion = convert_networks(networks)
    assert torch.equal(conversion.state_dict[f'teacher.{QUERY}'],
                       conversion.state_dict[f'student.{QUERY}'] + 1)
    towers = {name.split('.')[0] for name in conversion.state_dict
              if '.backbone.' in name}
    assert towers == {'student'}


@pytest.mark.parametrize('prefix', ['module', 'modelTeacher'])
def test_one_network_with_a_prefix(official, prefix):
    networks = split_networks(prefixed(**{prefix: official}))
    assert set(convert_networks(networks).state_dict) == set(
        convert_state_dict(official).state_dict)


def test_foreign_checkpoints_are_refused_with_a_reason(official):
    with pytest.raises(ValueError, match='no checkpoint of the reference'):
        convert_state_dict({'backbone.conv1.weight': torch.zeros(1)})
    with pytest.raises(ValueError, match='1 keys are none.*other.thing'):
        convert_state_dict({**official, 'other.thing': torch.zeros(1)})
    with pytest.raises(ValueError, match='NaN.*void_embedding.*diverged'):
        convert_state_dict({
            **official, 'void_embedding.weight': torch.full((1, 16), torch.nan)
        })


def test_a_ruined_text_tower_does_not_matter(official):
    """The reference averages its mask of -inf into NaN in the teacher."""
    key = 'backbone.clip_model.attn_mask'
    state = {**official, key: torch.full((77, 77), torch.nan)}
    assert key in sum(convert_state_dict(state).left_out.values(), [])


def test_fc_clip_gives_its_decoders(official):
    fc_clip = {**official, FC_CLIP: torch.zeros(1)}
    with pytest.raises(ValueError, match='pools masks.*--decoder-only'):
        convert_state_dict(fc_clip)
    conversion = convert_state_dict(fc_clip, decoder_only=True)
    assert QUERY in conversion.state_dict
    assert not any(name.startswith(('panoptic_head.cls_embed',
                                    'panoptic_head.void'))
                   for name in conversion.state_dict)
    assert conversion.left_out['mask pooling of the class head (FC-CLIP)'] \
        == [FC_CLIP]


@pytest.fixture
def tiny_config(tmp_path):
    """A config of the network of the reference arrays."""
    register_golden_clip(tmp_path)
    detector = golden_detector(['wall', 'person'], 1, 1)
    path = tmp_path / 'config.py'
    Config(dict(model=dict(type='DEARLi', detector=detector))).dump(path)
    return path


def test_comparison_with_a_config(official, teacher, tiny_config, tmp_path):
    source, target = tmp_path / 'src.pth', tmp_path / 'dst.pth'
    torch.save(official, source)
    table = rows_of(convert_checkpoint(str(source), str(target),
                                       config=str(tiny_config)))
    assert {cells[2] for name, cells in table.items()
            if name and not cells[1]} == {'0'}

    torch.save(prefixed(modelStudent=official, modelTeacher=teacher), source)
    convert_checkpoint(str(source), str(target), config=str(tiny_config))
    state = torch.load(target, weights_only=True)['state_dict']
    model = MODELS.build(Config.fromfile(tiny_config).model)
    assert set(state) == set(model.state_dict())

    del official['void_embedding.weight']
    torch.save(official, source)
    table = rows_of(convert_checkpoint(str(source), str(target),
                                       config=str(tiny_config)))
    assert table['classifier'][2] == '1'

    official['sem_seg_head.predictor.query_feat.weight'] = torch.zeros(9, 32)
    torch.save(official, source)
    target.unlink()
    with pytest.raises(ValueError, match=r'query_feat.weight \[9, 32\] '
                       r'\(there \[10, 32\]\).*same CLIP'):
        convert_checkpoint(str(source), str(target), config=str(tiny_config))
    assert not target.exists()


def test_tool(official, teacher, tmp_path, monkeypatch, capsys):
    source, target = tmp_path / 'src.pth', tmp_path / 'out' / 'dst.pth'
    torch.save(dict(model=official, iteration=7), source)
    torch.save(dict(model=teacher), tmp_path / 'teacher.pth')
    monkeypatch.setattr(sys, 'argv', [
        str(TOOL), str(source), str(target), '--teacher',
        str(tmp_path / 'teacher.pth')])
    runpy.run_path(str(TOOL), run_name='__main__')
    out = capsys.readouterr().out
    assert rows_of(out)['queries'] == ['4', '', '']
    assert f'written to {target}' in out
    loaded = torch.load(target, weights_only=True)
    assert {name.split('.')[0] for name in loaded['state_dict']} == {
        'student', 'teacher'}
    source.unlink()
    with pytest.raises(SystemExit, match='error: .*src.pth: no such file'):
        runpy.run_path(str(TOOL), run_name='__main__')


def test_files_that_cannot_be_read(official, tmp_path):
    with pytest.raises(FileNotFoundError, match='absent.pth: no such file'):
        convert_checkpoint(str(tmp_path / 'absent.pth'), 'x')
    path = tmp_path / 'file.pth'
    torch.save(dict(model=Path('x')), path)
    with pytest.raises(ValueError, match='file.pth: it holds more than plain'):
        convert_checkpoint(str(path), 'x')
    torch.save([torch.zeros(1)], path)
    with pytest.raises(ValueError, match='holds no tensors by name, but list'):
        convert_checkpoint(str(path), 'x')
    torch.save(prefixed(modelStudent=official, modelTeacher=official), path)
    with pytest.raises(ValueError, match='student and teacher already'):
        convert_checkpoint(str(path), 'x', teacher=str(path))
