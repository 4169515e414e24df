import math

import pytest
import torch

from dearli_mm.functional.coverage import (choose_covering_images,
                                           choose_distant_images,
                                           nearest_similarity)


def at(*degrees):
    """Unit vectors of the plane."""
    angles = torch.tensor(degrees, dtype=torch.float64).deg2rad()
    return torch.stack([angles.cos(), angles.sin()], 1)


# Four around 10 degrees, three around 100, an outlier.
IMAGES = at(0, 10, 20, 12, 95, 100, 105, 230)


def test_covers_groups_from_the_largest_on():
    first, second = choose_covering_images(IMAGES, 2)
    assert first in (0, 1, 2, 3) and second in (4, 5, 6)
    # Beside what is there, the other group is worth more than its rest.
    assert choose_covering_images(IMAGES, 1, already=[1])[0] in (4, 5, 6)


def test_distant_takes_the_outlier():
    assert choose_distant_images(IMAGES, 2)[1] == 7
    assert choose_distant_images(IMAGES, 1, already=[1]) == [7]


@pytest.mark.parametrize('choose', [choose_covering_images,
                                    choose_distant_images])
def test_a_double_comes_last_and_nothing_twice(choose):
    images = at(0, 0, 0, 90, 91)
    chosen = choose(images, 9, already=[1])
    assert sorted(chosen) == [0, 2, 3, 4]
    assert set(chosen[:2]) == {3, 4}
    assert chosen[2:] == [0, 2]


def test_is_the_greedy_choice_whatever_the_batch():
    images = torch.nn.functional.normalize(torch.randn(60, 5), dim=1)
    nearest, greedy = nearest_similarity(images, []), []
    for _ in range(8):
        totals = torch.maximum(images @ images.T, nearest).sum(1)
        totals[greedy] = -math.inf
        greedy.append(int(totals.argmax()))
        nearest = nearest_similarity(images, greedy)
    assert choose_covering_images(images, 8, batch=7) == greedy
    assert choose_covering_images(images, 8) == greedy


def test_nearest_similarity():
    expected = torch.tensor([1, 0.5, -0.5], dtype=torch.float64)
    torch.testing.assert_close(nearest_similarity(at(0, 60, 120), [0]),
                               expected)
    assert nearest_similarity(at(0, 60), []).tolist() == [-1, -1]
