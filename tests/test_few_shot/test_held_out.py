import json

import pytest

from dearli_mm.few_shot.config import config_text
from dearli_mm.few_shot.held_out import write_held_out


@pytest.fixture
def with_labels(options, tmp_path):
    """Options of a run whose labels are converted: names of images."""

    def make(labels, val_labels, val_photos):
        for part, names in (('labels', labels), ('val_labels', val_labels)):
            folder = tmp_path / 'out' / part
            folder.mkdir(parents=True)
            (folder / 'panoptic.json').write_text(json.dumps(dict(
                categories=[], annotations=[],
                images=[dict(id=k, file_name=name)
                        for k, name in enumerate(names)])))
        return options(val_labels='given', format='labelme',
                       val_photos=str(tmp_path / val_photos))

    return make


def test_photos_of_another_folder_take_none_away(with_labels, tmp_path):
    wanted = with_labels(['0.png'], ['0.png'], 'val')
    write_held_out(wanted)
    assert not (tmp_path / 'out' / 'val.txt').exists()
    assert 'val.txt' not in config_text(wanted)


def test_photos_of_a_folder_below(with_labels, tmp_path):
    """photos/val/0.png is not photos/0.png."""
    wanted = with_labels(['0.png'], ['0.png'], 'photos/val')
    write_held_out(wanted)
    assert (tmp_path / 'out' / 'val.txt').read_text() == \
        f'{tmp_path}/photos/val/0.png\n'
    assert 'val.txt' in config_text(wanted)


def test_a_photo_that_measures_is_not_trained_on(with_labels):
    wanted = with_labels(['val/0.png', '1.png'], ['0.png'], 'photos/val')
    with pytest.raises(ValueError, match='1 photos are in LABELS and in '
                       '--val-labels, for instance .*photos/val/0.png'):
        write_held_out(wanted)
