import numpy as np
import torch
from torch.testing import assert_close

from dearli_mm.functional.proposals import mask_scores, recall_counts


def test_score_is_the_mean_probability_of_the_mask():
    logits = torch.tensor([[[2., -3.], [4., -1.]], [[-1., -1.], [-1., -1.]]])
    expected = torch.tensor([2., 4.]).sigmoid().mean()
    assert_close(mask_scores(logits), torch.stack([expected,
                                                   torch.tensor(0.)]))


def test_recall_on_paper():
    iou = np.array([[0.55, 0.0, 0.2], [0.0, 0.95, 0.3]])
    found = recall_counts(iou, (1, 2), (0.5, 0.7, 0.9))
    assert np.allclose(found, [[1 / 3, 1 / 3], [0, 1], [0, 0]])
    assert recall_counts(np.zeros((0, 2)), (5, ), (0.5, )).tolist() == [[0],
                                                                      [0]]
