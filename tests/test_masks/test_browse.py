import cv2
import numpy as np

from dearli_mm.datasets.masks import MaskFolder
from dearli_mm.masks import coco_instances, encode_masks
from dearli_mm.masks.browse import browse_masks, compose_by_area


def test_composition_is_the_references(golden):
    arrays = golden('m_sam_composition')
    composed = compose_by_area(arrays['masks'].numpy())
    assert (composed == arrays['initial_ids'].numpy()).all()


def test_overlays_and_statistics(tmp_path):
    folder = MaskFolder(tmp_path / 'masks')
    folder.prepare(dict(generator='Hand'))
    masks = np.zeros((2, 10, 20), bool)
    masks[0, :5], masks[1, :, :2] = True, True
    found = coco_instances(
        encode_masks(masks), [0.5, 0.7], [1, 1], [(0, 0, 20, 10)] * 2,
        [(0, 0)] * 2)
    for name, instances in (('a/x.png', found), ('y.png', [])):
        folder.write(name, 10, 20, instances)
        path = tmp_path / 'images' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.zeros((10, 20, 3), np.uint8))
    table = browse_masks(
        str(tmp_path / 'masks'), str(tmp_path / 'images'),
        str(tmp_path / 'out'))
    assert 'images without masks: 1' in table
    rows = {line[:21].strip(): line[21:].split()
            for line in table.splitlines()}
    # count, mean, standard deviation, least, ..., most
    assert [float(rows['masks per image'][k]) for k in (0, 1, -1)] == [2, 1, 2]
    assert float(rows['area, % of the image'][1]) == 30
    assert float(rows['image covered, %'][-1]) == 55
    written = {str(p.relative_to(tmp_path / 'out'))
               for p in (tmp_path / 'out').rglob('*.*')}
    assert written == {'a/x.png.png', 'y.png.png', 'statistics.txt'}
