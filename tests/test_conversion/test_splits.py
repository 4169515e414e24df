import json
from fractions import Fraction

import pytest

from dearli_mm.conversion.splits import (PUBLISHED, check_split, make_split,
                                         split_overlaps)


def write_annotation(path, count, rare=()):
    """``count`` images show 'sky'; those of ``rare`` also 'star'."""
    path.write_text(
        json.dumps(
            dict(
                categories=[dict(id=1, name='sky', isthing=0),
                            dict(id=2, name='star', isthing=1)],
                images=[dict(id=k, file_name=f'{k:06d}.jpg')
                        for k in reversed(range(count))],
                annotations=[
                    dict(image_id=k, segments_info=[
                        dict(id=category, category_id=category)
                        for category in (1, 2)[:1 + (k in rare)]])
                    for k in range(count)
                ])))
    return str(path)


@pytest.fixture
def ann_file(tmp_path):
    return write_annotation(tmp_path / 'train.json', 64, rare=(7, 50))


def test_seeded_fraction(ann_file, tmp_path):
    out = [str(tmp_path / name) for name in 'abc']
    first = make_split(ann_file, out[0], fraction=Fraction('1/8'))
    assert len(first) == 8
    assert first == make_split(ann_file, out[1], number=8)
    assert first != make_split(ann_file, out[2], number=8, seed=1)
    # Run again nothing changes; a file with other images is not overwritten.
    make_split(ann_file, out[0], number=8)
    with pytest.raises(ValueError, match='other images'):
        make_split(ann_file, out[0], number=9)


@pytest.mark.parametrize('seed', range(5))
def test_covers_classes(ann_file, tmp_path, seed):
    names = make_split(ann_file, str(tmp_path / 's'), number=3, seed=seed,
                       cover_classes=True)
    assert {'000007.jpg', '000050.jpg'} & set(names)


def test_what_cannot_be_drawn(ann_file, tmp_path):
    with pytest.raises(ValueError, match='star'):
        make_split(ann_file, str(tmp_path / 's'), number=1, cover_classes=True)
    with pytest.raises(ValueError, match='65 .* 64'):
        make_split(ann_file, str(tmp_path / 's'), number=65)
    assert not (tmp_path / 's').exists()


def test_excluded_images_are_not_drawn(ann_file, tmp_path):
    val = str(tmp_path / 'val.txt')
    held_out = make_split(ann_file, val, number=32)
    names = make_split(ann_file, str(tmp_path / 's'), number=32,
                       exclude=[val])
    assert not set(names) & set(held_out)


@pytest.mark.parametrize('dataset, total, count, line', [
    ('ADE20K', 20210, 158,
     'images/training/{0:06d}.jpg annotations/training/{0:06d}.png'),
    ('COCO', 118287, 232, 'train2017/{0:06d}.jpg masks/{0:06d}.png'),
    ('Cityscapes', 2975, 100,
     'leftImg8bit/train/{0:06d}.jpg gtFine/train/{0:06d}.png'),
    ('VOC 2012', 10582, 92,
     'JPEGImages/{0:06d}.jpg SegmentationClass/{0:06d}.png'),
])
def test_public_files_against_published_counts(tmp_path, dataset, total,
                                               count, line):
    ann_file = write_annotation(tmp_path / 'train.json', total)
    split = tmp_path / 'labeled.txt'
    # Some have no newline at their end.
    split.write_text('\n'.join(line.format(k) for k in range(count)))
    found, problems = check_split(str(split), ann_file)
    assert not problems
    name = PUBLISHED[dataset][count]
    assert f'as published for {name} of {dataset}' in found[0]
    assert f'{total - count} other images' in found[1]
    split.write_text('\n'.join(line.format(k) for k in range(7)))
    assert f'published for {dataset}: {count}' in \
        check_split(str(split), ann_file)[0][0]


def test_problems_of_a_split(ann_file, tmp_path):
    split = tmp_path / 'labeled.txt'
    split.write_text('000001.jpg\n000002.jpg\nother.jpg\n')
    val = write_annotation(tmp_path / 'val.json', 2)
    found, problems = check_split(str(split), ann_file, [val])
    assert len(problems) == 2
    assert "'other.jpg'" in problems[0] and "['000001.jpg']" in problems[1]
    assert any('not: star' in line for line in found)
    split.write_text('000001.jpg\n000001.jpg\n')
    assert 'more than once' in check_split(str(split), ann_file)[1][0]


def test_overlaps_of_several_splits(ann_file, tmp_path):
    paths = [str(tmp_path / name) for name in 'ab']
    first, second = (make_split(ann_file, path, number=n)
                     for path, n in zip(paths, (8, 16)))
    common = len(set(first) & set(second))
    assert split_overlaps(paths, str(ann_file)) == [
        f'{paths[0]} and {paths[1]} share {common} of 8 images']
