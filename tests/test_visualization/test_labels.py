import numpy as np
from numpy.testing import assert_array_equal

from dearli_mm.visualization import label_segments


def changed(segment_map, texts, **kwargs):
    """Where the picture changes."""
    picture = np.full((*segment_map.shape, 3), 100, np.uint8)
    result = label_segments(picture, segment_map, texts, **kwargs)
    assert (picture == 100).all() and result.dtype == np.uint8
    return (result != picture).any(-1)


def test_text_stands_in_its_segment():
    segment_map = np.zeros((60, 120), int)
    segment_map[10:50, 70:110] = 1
    rows, columns = np.nonzero(changed(segment_map, ['ox'], font_size=12))
    assert abs(rows.mean() - 29.5) < 3 and abs(columns.mean() - 89.5) < 3


def test_the_widest_place_of_a_segment_is_taken():
    segment_map = np.ones((60, 120), int)
    segment_map[8:, :60] = 0  # a narrow arm to the left
    _, columns = np.nonzero(changed(segment_map, ['ox'], font_size=12))
    assert columns.min() > 60


def test_names_at_the_border_stay_in_the_picture():
    segment_map = np.zeros((60, 120), int)
    segment_map[:, :20] = 1
    _, columns = np.nonzero(changed(segment_map, ['mushroom'], font_size=12))
    full = np.nonzero(changed(np.ones((60, 400), int), ['mushroom'],
                              font_size=12))[1]
    assert np.ptp(columns) == np.ptp(full)


def test_small_and_absent_segments_have_no_name():
    segment_map = np.zeros((60, 120), int)
    segment_map[:5, :5] = 1
    assert_array_equal(changed(segment_map, ['a', 'b']), False)
    assert_array_equal(changed(segment_map * 0, []), False)
