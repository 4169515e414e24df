"""Pictures of the page at the end."""
import cv2
import numpy as np

from dearli_mm.few_shot.report import shown_predictions
from dearli_mm.few_shot.stages import results_folder


def test_photos_of_one_name_get_their_own_overlays(options, tmp_path):
    made = options()
    lines = []
    for value, name in ((50, 'a/1'), (200, 'b/1')):
        for root in (tmp_path / 'shown', results_folder(made) / 'overlay'):
            path = root / f'{name}.jpg'
            path.parent.mkdir(parents=True)
            cv2.imwrite(str(path), np.full((8, 8, 3), value, np.uint8))
        lines.append(str(tmp_path / 'shown' / f'{name}.jpg'))
    (tmp_path / 'out' / 'show.txt').write_text('\n'.join(lines))
    found = shown_predictions(made)
    assert [name for name, _ in found] == ['a/1.jpg', 'b/1.jpg']
    for value, (_, picture) in zip((50, 200), found):
        left, right = picture[10, 10], picture[10, -10]
        assert abs(left.astype(int) - value).max() < 5
        assert abs(right.astype(int) - value).max() < 5
