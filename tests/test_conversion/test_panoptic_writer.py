import json
from pathlib import Path

import numpy as np
import pytest

from dearli_mm.conversion.panoptic_writer import (Segmented, Source, Target,
                                                  make_categories,
                                                  write_panoptic)
from dearli_mm.datasets.transforms.loading import read_panoptic_png

MAP = np.array([[0, 1, 1], [3, 3, 1]])


def read(source):
    """Three segments, the second without a pixel; counts its calls."""
    calls = Path(source.inputs[0]).with_suffix('.calls')
    calls.write_text(calls.read_text() + 'x' if calls.exists() else 'x')
    if source.extra == 'broken':
        raise OSError(f'{source.inputs[0]} is broken')
    return Segmented(MAP, [2, 1, 1], [0, 0, 1])


@pytest.fixture
def sources(tmp_path):
    for name in 'abc':
        (tmp_path / f'{name}.txt').write_text(name)
    return [Source(f'sub/{name}.jpg', (str(tmp_path / f'{name}.txt'), ))
            for name in 'abc']


@pytest.fixture
def target(tmp_path):
    return Target(tmp_path / 'out' / 'panoptic.json',
                  make_categories(['mug'], ['wall']),
                  dict(converter='test', values=(1, 2)))


def calls(sources):
    paths = [Path(s.inputs[0]).with_suffix('.calls') for s in sources]
    return [len(p.read_text()) if p.exists() else 0 for p in paths]


def test_json_and_png_agree(sources, target):
    counts = write_panoptic(sources, read, target, workers=2)
    assert counts[:4] == (3, 0, 3, 3)
    assert counts.void_share == pytest.approx(1 / 6)
    content = json.loads(target.json_path.read_text())
    assert content['categories'] == [dict(id=1, name='mug', isthing=1),
                                     dict(id=2, name='wall', isthing=0)]
    assert [im['file_name'] for im in content['images']] == \
        [s.file_name for s in sources]
    annotation = content['annotations'][0]
    assert annotation['file_name'] == 'sub/a.png'
    wall, crowd = annotation['segments_info']
    ids = read_panoptic_png(str(target.png_folder / 'sub/a.png'))
    assert (ids == np.select([MAP == 1, MAP == 3],
                             [wall['id'], crowd['id']])).all()
    assert wall == dict(id=wall['id'], category_id=2, area=3,
                        bbox=[1, 0, 2, 2], iscrowd=0)
    assert crowd == dict(id=wall['id'] + 2, category_id=1, area=2,
                         bbox=[0, 1, 2, 1], iscrowd=1)


def test_ids_differ_between_images(sources, target):
    # pycocotools looks segments up by id over all images.
    write_panoptic(sources, read, target, workers=0)
    content = json.loads(target.json_path.read_text())
    ids = [s['id'] for a in content['annotations'] for s in a['segments_info']]
    assert len(set(ids)) == len(ids) == 6


@pytest.mark.parametrize('broken', ['', '{"image": {"id": "sub/', '{}'])
def test_a_broken_line_of_the_journal_costs_its_image_alone(
        sources, target, broken):
    """Two runs may write to one journal, or one be killed while it does."""
    sources[2] = sources[2]._replace(extra='broken')
    with pytest.raises(OSError):
        write_panoptic(sources, read, target, workers=0)
    journal = target.json_path.with_name('panoptic.json.journal')
    head, first, second = journal.read_text().splitlines()
    journal.write_text('\n'.join([head, broken, second]) + '\n')
    sources[2] = sources[2]._replace(extra=None)
    counts = write_panoptic(sources, read, target, workers=0)
    assert (counts.images, counts.converted) == (3, 2)
    assert calls(sources) == [2, 1, 2]


def test_images_of_one_stem_have_results_of_their_own(sources, target):
    twin = sources[0]._replace(file_name='sub/a.png')
    counts = write_panoptic([*sources, twin], read, target, workers=0)
    assert counts.images == 4
    content = json.loads(target.json_path.read_text())
    names = {a['image_id']: a['file_name'] for a in content['annotations']}
    assert names['sub/a.jpg'] == 'sub/a.jpg.png'
    assert names['sub/a.png'] == 'sub/a.png.png'
    assert len(names) == 4


def test_files_of_others_are_not_replaced(sources, target):
    other = target.png_folder / f'{sources[1].stem}.png'
    other.parent.mkdir(parents=True, exist_ok=True)
    other.write_bytes(b'drawn by hand')
    with pytest.raises(ValueError, match=f'1 files are there.*{other.name}'):
        write_panoptic(sources, read, target, workers=0)
    assert other.read_bytes() == b'drawn by hand'
    other.unlink()
    # What a killed run had begun is its own, and so are its results of
    # other settings.
    sources[2] = sources[2]._replace(extra='broken')
    with pytest.raises(OSError):
        write_panoptic(sources, read, target, workers=0)
    sources[2] = sources[2]._replace(extra=None)
    (target.png_folder / f'{sources[2].stem}.png').write_bytes(b'half')
    for settings in (target.info, dict(target.info, more=1)):
        counts = write_panoptic(sources, read, target._replace(info=settings),
                                workers=0)
        assert counts.images == 3


def test_nothing_is_done_twice(sources, target):
    write_panoptic(sources, read, target, workers=0)
    before = target.json_path.stat().st_mtime_ns
    assert write_panoptic(sources, read, target, workers=0).converted == 0
    assert calls(sources) == [1, 1, 1]
    assert target.json_path.stat().st_mtime_ns == before


def test_changed_new_and_gone_images(sources, target):
    write_panoptic(sources[:2], read, target, workers=0)
    Path(sources[1].inputs[0]).write_text('changed')
    counts = write_panoptic(sources[1:], read, target, workers=0)
    assert (counts.images, counts.converted) == (2, 2)
    assert calls(sources) == [1, 2, 1]
    assert sorted(p.name for p in target.png_folder.rglob('*')
                  if p.is_file()) == ['b.png', 'c.png']


def test_a_stopped_run_goes_on(sources, target):
    broken = [*sources[:2], sources[2]._replace(extra='broken')]
    with pytest.raises(OSError, match='broken'):
        write_panoptic(broken, read, target, workers=0)
    assert not target.json_path.exists()
    journal = target.json_path.with_name('panoptic.json.journal')
    with open(journal, 'a') as file:
        file.write('{"image": {"id": "sub/c", "fi')  # killed while writing
    counts = write_panoptic(sources, read, target, workers=0)
    assert (counts.images, counts.converted) == (3, 1)
    assert calls(sources) == [1, 1, 2]
    assert not journal.exists()


def test_other_settings_convert_anew(sources, target):
    write_panoptic(sources, read, target, workers=0)
    other = target._replace(info=dict(converter='test', values=(3, )))
    assert write_panoptic(sources, read, other, workers=0).converted == 3


def test_files_of_others_are_not_overwritten(sources, target):
    target.json_path.parent.mkdir()
    target.json_path.write_text('{"info": {}, "images": []}')
    with pytest.raises(ValueError, match='not written by this tool'):
        write_panoptic(sources, read, target)


def test_bad_sources_and_segments(sources, target):
    with pytest.raises(ValueError, match='no image'):
        write_panoptic([], read, target)
    with pytest.raises(ValueError, match='a.jpg: categories .2.'):
        write_panoptic(sources, read, target._replace(
            categories=make_categories(['mug'], [])), workers=0)
    with pytest.raises(ValueError, match='wall'):
        make_categories(['wall'], ['wall'])
