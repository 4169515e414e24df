from pathlib import Path

import pytest
from mmdet.registry import DATASETS
from mmengine.config import Config

from dearli_mm.datasets.config_datasets import find_parts
from dearli_mm.engine.preflight import find_lacks
from dearli_mm.few_shot.config import base_config
from dearli_mm.few_shot.run import prepare
from dearli_mm.few_shot.stages import find_stages, last_iteration


def read(options, name='config.py'):
    return Config.fromfile(Path(options.out) / name)


def test_without_validation_and_warm_up(options):
    """What docs/recipes.md says of few labels and no SAM: DEAR."""
    wanted = options()
    assert prepare(wanted) == []
    config = read(wanted)
    assert config.val_dataloader is None and config.val_cfg is None
    assert config.default_hooks.checkpoint.save_best is None
    teacher, monitor = config.custom_hooks
    assert (teacher.decay, teacher.burn_in) == (0.99, 10)
    detector = config.model.detector
    assert detector.panoptic_head.text_classifier.classes == ['mug, cup',
                                                              'table']
    assert config.train_dataloader.labeled.dataset.dataset.metainfo == dict(
        classes=['mug', 'table'], thing_classes=['mug'],
        stuff_classes=['table'])
    assert config.param_scheduler[0].end == config.train_cfg.max_iters == 30
    # What the stages will make is all that is not there.
    assert {lack.kind for lack in find_lacks(config)} == {'data'}
    assert [stage.name for stage in find_stages(wanted)] == [
        'labels', 'split', 'verify', 'look', 'training', 'results']


def test_mmdets_doors_find_the_classes_without_validation(options):
    wanted = options()
    prepare(wanted)
    dataset = read(wanted).test_dataloader.dataset
    assert DATASETS.build(dict(dataset, lazy_init=True)).metainfo[
        'classes'] == ['mug', 'table']
    assert [part.name for part in find_parts(read(wanted))] == [
        'train_dataloader.labeled', 'train_dataloader.unlabeled']


def test_long_runs_have_the_papers_teacher(options):
    wanted = options(steps=20000)
    prepare(wanted)
    teacher = read(wanted).custom_hooks[0]
    assert teacher.decay == 0.999 and 'burn_in' not in teacher


def test_with_validation_and_warm_up(options, tmp_path):
    wanted = options(masks='felzenszwalb', val_labels=str(tmp_path / 'photos'))
    prepare(wanted)
    config, warm_up = read(wanted), read(wanted, 'warm-up.py')
    assert config.val_dataloader.dataset.ann_file.endswith(
        'val_labels/panoptic.json')
    assert config.train_dataloader.unlabeled.dataset.exclude == [
        str(tmp_path / 'out' / name) for name in ('labeled.txt', 'val.txt')]
    checkpoint = config.custom_hooks[0].checkpoint
    stages = {stage.name: stage for stage in find_stages(wanted)}
    assert [str(path) for path in stages['warm-up'].outputs] == [checkpoint]
    assert list(stages) == [
        'labels', 'val_labels', 'split', 'verify', 'look', 'masks',
        'masks-look', 'warm-up', 'training', 'results']
    assert warm_up.train_cfg.max_iters == 20
    assert warm_up.model.panoptic_head.num_things_classes == 1
    assert warm_up.model.backbone == config.model.detector.backbone
    assert warm_up.custom_hooks == []
    assert 'labeled' not in warm_up.train_dataloader


def test_changes_of_the_config_are_kept(options):
    wanted = options()
    prepare(wanted)
    path = Path(wanted.out) / 'config.py'
    path.write_text(path.read_text().replace('max_iters=30', 'max_iters=40'))
    assert prepare(wanted) == ['config.py']
    assert last_iteration(wanted) == 40
    assert last_iteration(
        options(cfg_options=('train_cfg.max_iters=50', ))) == 50


def test_other_arguments_or_labels_begin_anew(options, tmp_path):
    prepare(options())
    records = tmp_path / 'out' / 'stages'
    records.mkdir()
    for name in ('labels', 'split', 'masks'):
        (records / f'{name}.json').write_text('{}')
    (tmp_path / 'out' / 'labeled.txt').write_text('0.png\n')
    prepare(options(pictures=2, workers=0))
    assert len(list(records.iterdir())) == 3
    (tmp_path / 'photos' / '0.json').unlink()
    prepare(options(steps=40))
    assert [path.name for path in records.iterdir()] == ['masks.json']
    assert not (tmp_path / 'out' / 'labeled.txt').exists()
    assert read(options()).train_cfg.max_iters == 40


@pytest.mark.parametrize('made, keeps_labels', [
    ('training/iter_10.pth', True), ('warm-up/iter_10.pth', False),
    ('masks/train/0.npz', False)])
def test_long_work_is_not_lost(options, tmp_path, made, keeps_labels):
    prepare(options())
    (tmp_path / 'out' / made).parent.mkdir(parents=True)
    (tmp_path / 'out' / made).touch()
    folder = made.partition('/')[0]
    with pytest.raises(ValueError, match=f'other --steps, --crop, and has a '
                       f'{folder}'):
        prepare(options(steps=40, crop=32))
    (tmp_path / 'photos' / '0.json').unlink()
    if keeps_labels:
        with pytest.raises(ValueError, match='other files of LABELS'):
            prepare(options())
    else:  # masks know no labels
        prepare(options())


def test_a_changed_config_is_not_written_anew(options, tmp_path):
    prepare(options())
    path = tmp_path / 'out' / 'config.py'
    path.write_text(path.read_text() + '# mine')
    with pytest.raises(ValueError, match='config.py was changed by hand'):
        prepare(options(steps=40))
    (tmp_path / 'photos' / '0.json').unlink()
    assert prepare(options()) == ['config.py']
    assert path.read_text().endswith('# mine')


def test_files_of_others_stay(options, tmp_path):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / 'config.py').write_text('mine')
    with pytest.raises(ValueError, match='config.py is there'):
        prepare(options())


def test_bases_are_there():
    for name in ('dearli_clip-convnext-b.py', 'default_runtime.py',
                 'schedules/adamw_poly_80k.py'):
        assert Path(base_config(name)).is_file()
