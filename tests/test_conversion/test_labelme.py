import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from dearli_mm.conversion.labelme import LabelmeClasses, convert_labelme
from dearli_mm.datasets.transforms.loading import read_panoptic_png

HEIGHT, WIDTH = 20, 30
CLASSES = LabelmeClasses(('mug', 'spoon'), ('table', ), ('blurred', ))


def shape(label, points, kind='polygon', **more):
    return dict(label=label, points=points, shape_type=kind, **more)


def box(x0, y0, x1, y1):
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


@pytest.fixture
def annotate(tmp_path):
    def _annotate(shapes, name='a.jpg', size=(HEIGHT, WIDTH), **save):
        path = tmp_path / name
        Image.new('RGB', (WIDTH, HEIGHT)).save(path, **save)
        path.with_suffix('.json').write_text(
            json.dumps(
                dict(imagePath=name, imageHeight=size[0], imageWidth=size[1],
                     imageData=None, shapes=shapes)))
        return tmp_path
    return _annotate


def convert(folder, classes=CLASSES):
    """Category of each pixel, and number of segments of each category."""
    convert_labelme(str(folder), str(folder / 'out'), classes, workers=0)
    content = json.loads((folder / 'out/panoptic.json').read_text())
    annotation = content['annotations'][0]
    ids = read_panoptic_png(str(folder / 'out/panoptic' /
                                annotation['file_name']))
    segments = annotation['segments_info']
    table = {s['id']: s['category_id'] for s in segments}
    found = np.vectorize(lambda i: table.get(i, 0))(ids)
    return found, [s['category_id'] for s in segments]


def test_things_lie_over_stuff_and_later_over_earlier(annotate):
    found, segments = convert(annotate([
        shape('mug', box(2, 2, 9, 9)),
        shape('spoon', box(5, 5, 12, 12)),
        shape('table', box(0, 0, 29, 9)),
        shape('table', box(0, 15, 29, 19)),
    ]))
    assert sorted(segments) == [1, 2, 3]  # both shapes of stuff are one
    assert (found[3, 3], found[7, 7], found[0, 0]) == (1, 2, 3)
    assert (found[17, 3], found[12, 20]) == (3, 0)


def test_all_kinds_of_shapes(annotate):
    buffer = io.BytesIO()
    Image.fromarray(np.eye(4, dtype=bool)).save(buffer, 'PNG')
    mask = base64.b64encode(buffer.getvalue()).decode()
    found, _ = convert(annotate([
        shape('mug', [(9, 9), (1, 1)], 'rectangle'),
        shape('mug', [(20, 10), (20, 14)], 'circle'),
        shape('spoon', [(2, 14), (5, 17)], 'mask', mask=mask),
        shape('mug', [(1, 1)], 'point'),
    ]))
    assert (found[1:10, 1:10] == 1).all() and found[0, 0] == 0
    assert found[10, 17] == found[13, 20] == 1 and found[14, 24] == 0
    assert (found[14:18, 2:6] == 2 * np.eye(4)).all()


def test_groups_are_one_thing_and_ignored_areas_void(annotate):
    found, segments = convert(annotate([
        shape('mug', box(0, 0, 3, 3), group_id=1),
        shape('mug', box(10, 0, 13, 3), group_id=1),
        shape('mug', box(20, 0, 23, 3), group_id=None),
        shape('blurred', box(0, 0, 1, 3)),
    ]))
    assert segments == [1, 1]
    assert (found[0, 0], found[0, 3], found[0, 11]) == (0, 1, 1)


def test_annotating_more_converts_only_that(annotate):
    folder = annotate([shape('mug', box(0, 0, 3, 3))])
    convert(folder)
    annotate([shape('spoon', box(0, 0, 3, 3))], 'b.png')
    counts = convert_labelme(str(folder), str(folder / 'out'), CLASSES)
    assert (counts.images, counts.converted) == (2, 1)


@pytest.mark.parametrize('size', [(HEIGHT, WIDTH), (WIDTH, HEIGHT)])
def test_exif_rotation_of_either_frame(annotate, size):
    exif = Image.Exif()
    exif[0x0112] = 6
    found, _ = convert(annotate([shape('mug', box(0, 0, 3, 3))], size=size,
                                exif=exif))
    assert found.shape == size


def test_bad_input_is_named(annotate, tmp_path):
    with pytest.raises(FileNotFoundError, match='labelme'):
        convert(tmp_path)
    folder = annotate([shape('cup', box(0, 0, 3, 3))])
    with pytest.raises(ValueError, match=r"'cup' \(.*a.json\)"):
        convert(folder)
    with pytest.raises(ValueError, match='9 x 9 .* 20 x 30'):
        convert(annotate([shape('mug', box(0, 0, 3, 3))], size=(9, 9)))
    with pytest.raises(ValueError, match='a.json: shape 1 .* of 2 points'):
        convert(annotate([shape('mug', [(0, 0), (1, 1)])]))
    (folder / 'a.jpg').unlink()
    (folder / 'b.json').write_text((folder / 'a.json').read_text())
    with pytest.raises(ValueError, match=r'2 files of labelme have no image'
                       r"[^$]*a.json: 'a.jpg'[^$]*b.json[^$]*--skip-bad"):
        convert(folder)
    (folder / 'b.json').unlink()
    (folder / 'a.json').write_text('{')
    with pytest.raises(ValueError, match='a.json is no JSON'):
        convert(folder)


def encoded(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, 'PNG')
    return base64.b64encode(buffer.getvalue()).decode()


@pytest.mark.parametrize('one', [1, 200, 255])
def test_masks_of_all_versions(annotate, one):
    ring = np.full((5, 5), one, np.uint8)
    ring[2, 2] = 0
    found, segments = convert(annotate([
        shape('mug', [(-1, 3), (3, 7)], 'mask', mask=encoded(ring))]))
    assert segments == [1]
    assert (found == 1).sum() == 19 and found[5, 1] == 0 and found[3, 3] == 1


def test_shapes_of_newer_versions(annotate):
    found, segments = convert(annotate([
        shape('mug', box(0, 0, 4, 4), 'oriented_rectangle'),
        shape('spoon', box(10, 0, 14, 4), 'rectangle')]))
    assert segments == [1, 2] and found[2, 2] == 1 and found[2, 12] == 2


def test_all_bad_shapes_are_told_or_left_out(annotate, capsys):
    nan = float('nan')
    folder = annotate([
        shape('mug', [(0, 0), (1, 1)]), shape('mug', [(0, 0)], 'circle'),
        shape('mug', box(0, 0, 3, 3), 'star'), dict(points=box(0, 0, 3, 3)),
        shape('mug', [(0, 0), (2, 2)], 'mask', mask='no PNG'),
        shape('mug', box(0, nan, 3, 3)), shape('mug', [(0, 0)], 'point')])
    annotate([shape('mug', box(0, 0, 3, 3))], 'b.png')
    with pytest.raises(ValueError, match='6 shapes cannot be drawn') as error:
        convert(folder)
    for text in ("('mug') is a polygon of 2 points", 'circle of 1 points',
                 "type 'star'", 'shape 4 (None) has no label', 'no mask',
                 'no numbers'):
        assert text in str(error.value)
    counts = convert_labelme(str(folder), str(folder / 'out'), CLASSES,
                             workers=0, skip_bad=True)
    assert (counts.images, counts.things) == (2, 1)
    assert capsys.readouterr().out.count('left out: ') == 6


def test_files_of_other_machines_and_programs(annotate, capsys):
    folder = annotate([shape('mug', box(0, 0, 3, 3))])
    path = folder / 'a.json'
    content = json.loads(path.read_text())
    content['imagePath'] = 'C:\\Users\\someone\\a.jpg'
    del content['imageHeight']
    path.write_text(json.dumps(content), 'utf-8-sig')
    (folder / '._a.json').write_bytes(bytes(200))
    (folder / '.trash').mkdir()
    (folder / '.trash/b.json').write_text(path.read_text('utf-8-sig'))
    (folder / 'notes.json').write_text('"\xe9"', 'latin-1')
    (folder / 'list.json').write_text('[1]')
    assert convert(folder)[1] == [1]
    printed = capsys.readouterr().out
    assert '2 JSON files that are not' in printed
    assert '1 images are not where imagePath' in printed
    path.write_text(json.dumps(content, ensure_ascii=False).replace(
        'mug', '\u676f'), 'gb18030')
    with pytest.raises(ValueError, match='a.json is no UTF-8 text'):
        convert(folder)


def test_segments_without_pixels_are_named(annotate):
    folder = annotate([shape('mug', box(2, 2, 3, 3)),
                       shape('spoon', box(0, 0, 9, 9))])
    for _ in range(2):  # also when nothing is converted any more
        counts = convert_labelme(str(folder), str(folder / 'out'), CLASSES,
                                 workers=0)
        assert "1 segments have no pixel left" in str(counts)
        assert "1 of 'mug'" in str(counts)


@pytest.mark.parametrize('label, photo, image_path', [
    ('a.json', 'a.jpg', 'a.jpg'),                # labels in a folder of theirs
    ('kitchen/a.json', 'kitchen/a.jpg', ''),     # in the same order as photos
    ('a.json', 'kitchen/a.jpg', '../x/a.jpg'),   # the only photo of that name
    ('kitchen/a.json', 'a.jpg', 'a.png'),        # converted since
])
def test_photos_in_another_folder(annotate, tmp_path, label, photo,
                                  image_path):
    folder = annotate([shape('mug', box(0, 0, 3, 3))])
    content = json.loads((folder / 'a.json').read_text())
    content['imagePath'] = image_path
    labels, photos = tmp_path / 'labels', tmp_path / 'photos'
    for path in (labels / label, photos / photo):
        path.parent.mkdir(parents=True)
    (labels / label).write_text(json.dumps(content))
    (folder / 'a.jpg').rename(photos / photo)
    counts = convert_labelme(str(labels), str(tmp_path / 'out'), CLASSES,
                             images=str(photos), workers=0)
    assert counts.things == 1
    written = json.loads((tmp_path / 'out/panoptic.json').read_text())
    assert written['images'][0]['file_name'] == photo


def test_photos_of_two_folders_are_not_mixed_up(annotate, tmp_path):
    folder = annotate([shape('mug', box(0, 0, 3, 3))])
    labels = tmp_path / 'labels'
    labels.mkdir()
    (folder / 'a.json').rename(labels / 'a.json')
    for name in ('x', 'y'):
        (folder / name).mkdir()
        Image.open(folder / 'a.jpg').save(folder / name / 'a.jpg')
    (folder / 'a.jpg').unlink()
    with pytest.raises(ValueError, match='nor by their names in'):
        convert_labelme(str(labels), str(tmp_path / 'out'), CLASSES,
                        images=str(folder), workers=0)


def test_copies_beside_the_labels_are_those_of_the_photos(annotate, tmp_path):
    folder = annotate([shape('mug', box(0, 0, 3, 3))])
    labels = tmp_path / 'labels'
    labels.mkdir()
    for name in ('a.json', 'a.jpg'):
        (labels / name).write_bytes((folder / name).read_bytes())
    counts = convert_labelme(str(labels), str(tmp_path / 'out'), CLASSES,
                             images=str(folder), workers=0)
    assert counts.images == 1
