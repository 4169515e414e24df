import shutil

import cv2
import numpy as np
import pytest
from PIL import Image

from dearli_mm.diagnostics.verify import summary, verify_dataset
from dearli_mm.functional.panoptic_ids import id2rgb


@pytest.fixture
def verify(world):
    return lambda: verify_dataset(world[1], workers=0)


def only(problems, *parts):
    assert len(problems) == 1, problems
    assert all(part in problems[0] for part in parts), problems
    assert '\n' not in problems[0]


def test_a_good_dataset(verify, capsys):
    assert verify() == []
    assert 'labeled: 2 images\nunlabeled: 3 images\nval: 2 images' in \
        capsys.readouterr().out
    assert summary([]) == 'no problem found'


def test_several_processes_find_the_same(world):
    (world[0] / 'train/images/00001.jpg').unlink()
    only(verify_dataset(world[1], workers=2), '00001.jpg', 'not there')


def test_image_that_does_not_open(world, verify):
    path = world[0] / 'val/images/00001.jpg'
    path.write_bytes(path.read_bytes()[:-100])
    only(verify(), str(path), 'truncated')


def test_image_of_another_size(world, verify):
    path = world[0] / 'train/images/00000.jpg'
    cv2.imwrite(str(path), np.zeros((50, 70, 3), np.uint8))
    only(verify(), str(path), '50 x 70', '96 x 96')


def test_ids_in_one_of_png_and_json(world, verify, edit):
    path = world[0] / 'train/panoptic/00002.png'
    ids = cv2.imread(str(path))[..., 2].astype(int)
    first = ids[0, 0]
    cv2.imwrite(str(path),
                id2rgb(np.where(ids == first, 77, ids))[..., ::-1])
    problems = verify()
    assert len(problems) == 2
    assert f'{path}: ids [77] (1 in all) are not in the JSON' in problems
    assert f'{path}: segments [{first}] (1 in all)' in problems[1]


def test_area_of_the_json_is_wrong(world, verify, edit):
    def change(content):
        content['annotations'][0]['segments_info'][0]['area'] += 5
    edit(world[0] / 'val/panoptic.json', change)
    only(verify(), '00000.png', 'the JSON says')


def test_missing_png_and_png_of_another_name(world, verify, edit):
    def change(content):
        content['annotations'][0]['file_name'] = 'sub/00000.png'
    edit(world[0] / 'val/panoptic.json', change)
    problems = verify()
    assert len(problems) == 2
    assert "use type='PanopticDataset'" in problems[0]
    assert 'sub/00000.png' in problems[1] and 'not there' in problems[1]


def test_categories_in_another_order_or_unknown(world, verify, edit):
    path = world[0] / 'val/panoptic.json'
    edit(path, lambda content: content['categories'].reverse())
    only(verify(), 'another order', 'PanopticDataset')

    def change(content):
        content['categories'].reverse()
        content['categories'][0]['name'] = 'balloon'
        content['annotations'][0]['segments_info'][0]['category_id'] = 99
    edit(path, change)
    problems = verify()
    assert any("only in the file: ['balloon']" in p for p in problems)
    assert any('category_id 99' in p for p in problems)


def test_images_and_annotations_that_do_not_match(world, verify, edit):
    def change(content):
        content['annotations'][0]['image_id'] = 55
    edit(world[0] / 'train/panoptic.json', change)
    problems = verify()
    assert any('annotation of image 55, but no' in p for p in problems)
    assert any('no annotation of image 0' in p for p in problems)


def test_split_that_names_an_unknown_image(world, verify):
    (world[0] / 'splits/labeled_2.txt').write_text('00001.jpg\nother.jpg\n')
    problems = verify()
    assert all("'other.jpg'" in p for p in problems)
    assert [p.split(':')[0] for p in problems] == [
        'train_dataloader.labeled', 'train_dataloader.unlabeled']


def test_validation_images_that_are_trained_on(world, verify):
    config = world[1]
    copied = world[0] / 'more'
    copied.mkdir()
    shutil.copy(world[0] / 'val/images/00001.jpg', copied / 'renamed.jpg')
    text = open(config).read().replace(
        'images=None', f'images=[{str(copied)!r}]')
    open(config, 'w').write(text)
    only(verify(), 'renamed.jpg: unlabeled', 'same picture as',
         'val/images/00001.jpg')
    open(config, 'w').write(text.replace(
        str(copied), str(world[0] / 'val/images')))
    problems = verify()
    assert len(problems) == 2
    assert 'unlabeled, and the same file of validation' in problems[0]
    assert summary(problems) == '2 problems in 2 places'


def test_missing_annotation_file(world, verify):
    (world[0] / 'val/panoptic.json').unlink()
    problems = verify()
    assert 'val/panoptic.json: the annotation file is not there' in \
        problems[0]


def test_what_cannot_be_told_is_a_warning(world, verify, capsys):
    path = world[0] / 'train/images/00001.jpg'  # labelled, and square
    image = Image.open(path)
    exif = Image.Exif()
    for orientation, warned in ((1, False), (3, True), (6, True), (9, False)):
        exif[0x0112] = orientation
        image.save(path, exif=exif)
        assert verify() == []
        printed = capsys.readouterr().out
        assert (f'WARNING {path}: EXIF orientation' in printed) == warned


def test_too_few_queries_are_a_warning(world, verify, capsys):
    config = world[1]
    text = open(config).read()
    for queries, warned in ((100, False), (1, True)):
        with open(config, 'w') as file:
            file.write(text + '\nmodel = dict(detector=dict(panoptic_head='
                       f'dict(num_queries={queries})))\n')
        verify()
        printed = capsys.readouterr().out
        assert ('segments for num_queries=1 of' in printed) == warned


def test_what_a_file_lacks_is_no_problem(world, verify, edit):
    def change(content):
        for image in content['images']:
            del image['height']
        for annotation in content['annotations']:
            for segment in annotation['segments_info']:
                del segment['area'], segment['bbox']
    edit(world[0] / 'train/panoptic.json', change)
    assert "no 'height', which type='PanopticDataset' would" in verify()[0]
    with open(world[1]) as file:
        text = file.read()
    with open(world[1], 'w') as file:
        file.write(text.replace('CocoPanopticDataset', 'PanopticDataset'))
    assert verify() == []
