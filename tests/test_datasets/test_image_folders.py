"""Which images a folder holds."""
import os

import pytest

from dearli_mm.datasets import image_folders
from dearli_mm.datasets.image_folders import list_images


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def names(folder):
    return [path.relative_to(folder).as_posix()
            for path in list_images(folder)]


def test_hidden_files_and_folders_are_no_images(tmp_path):
    touch(tmp_path, 'b/c.PNG', 'a.jfif', 'd.webp', '._a.jpg',
          '.ipynb_checkpoints/a.jpg', 'b/.cache/x.png', 'notes.txt')
    (tmp_path / 'folder.jpg').mkdir()
    touch(tmp_path, 'folder.jpg/e.gif')
    assert names(tmp_path) == ['a.jfif', 'b/c.PNG', 'd.webp',
                               'folder.jpg/e.gif']


def test_other_files_are_counted(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(image_folders, 'print_log',
                        lambda text, logger: told.append(text))
    touch(tmp_path, 'a.jpg', 'a.xmp', 'b.xmp', 'c.mov', 'd')
    assert names(tmp_path) == ['a.jpg']
    assert told[0].endswith(
        '1 images; passed over: 2 .xmp, 1 .mov, 1 no suffix')
    (tmp_path / 'a.jpg').unlink()
    with pytest.raises(ValueError, match='no image.*2 .xmp'):
        list_images(tmp_path)


def test_results_of_an_earlier_run_are_no_photos(tmp_path):
    touch(tmp_path, 'a.jpg', 'out/panoptic.json', 'out/panoptic/a.png',
          'out/overlay/a.jpg', 'overlay/b.jpg')
    assert names(tmp_path) == ['a.jpg', 'overlay/b.jpg']


def test_links(tmp_path):
    touch(tmp_path, 'far/a.jpg')
    (tmp_path / 'near').mkdir()
    os.symlink(tmp_path / 'far', tmp_path / 'near/link')
    os.symlink(tmp_path / 'near', tmp_path / 'far/back')
    assert names(tmp_path / 'near') == ['link/a.jpg']


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'utf-16'])
def test_lists(tmp_path, encoding):
    touch(tmp_path, 'ä 1.jpg', 'b.jpg')
    (tmp_path / 'list.txt').write_text('ä 1.jpg\r\n\r\nb.jpg\r\n', encoding)
    assert [path.name for path in list_images(tmp_path / 'list.txt')] == [
        'ä 1.jpg', 'b.jpg']
