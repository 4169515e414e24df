import numpy as np
import pytest

from dearli_mm.conversion.keys import KeyTable, segments_of_keys

TABLE = KeyTable(np.array([0, 7, -1, 7, 2]),
                 np.array([False, False, False, True, False]))


def test_a_segment_of_each_value():
    segmented = segments_of_keys(np.uint16([[4, 0, 1], [3, 0, 1]]), TABLE, 'p')
    assert segmented.segment_map.tolist() == [[3, 0, 1], [2, 0, 1]]
    assert segmented.category_ids == [7, 7, 2]
    assert segmented.iscrowd == [False, True, False]
    assert segments_of_keys(np.zeros((2, 2), int), TABLE, 'p')[1] == []


@pytest.mark.parametrize('value', [2, 5])
def test_values_without_a_meaning(value):
    with pytest.raises(ValueError, match=rf'a.png holds the values \[{value}'):
        segments_of_keys(np.array([[0, value]]), TABLE, 'a.png')
