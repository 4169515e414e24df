import pytest
import torch
from torch.testing import assert_close

from dearli_mm.functional import panoptic_inference, semantic_inference

CASES = ['main', 'ratio', 'ratiolow', 'allvoid', 'empty', 'random']


@pytest.mark.parametrize('role', ['student', 'teacher'])
@pytest.mark.parametrize('case', CASES)
def test_parity(golden, case, role):
    ref = golden('d_panoptic_inference')
    is_thing = torch.zeros(6, dtype=torch.bool)
    is_thing[ref['thing_class_ids']] = True
    out = panoptic_inference(ref[f'{case}_mask_cls'], ref[f'{case}_mask_pred'],
                             is_thing)
    expected = ref.group(f'{case}_{role}_')
    assert torch.equal(out.seg_map, expected['panoptic_seg'])
    assert out.labels.tolist() == expected['seg_category'].tolist()
    assert out.is_thing.tolist() == expected['seg_isthing'].tolist()
    if role == 'teacher':
        assert torch.equal(out.masks(), expected['gt_masks'].bool())


def _queries(*probabilities):
    return torch.tensor(probabilities).log()


def test_on_paper():
    # Row 0 is won by query 0 (thing), row 1 by query 1 (stuff).
    masks = torch.tensor([[[9., 9.], [-9., -9.]], [[-9., -9.], [9., 9.]]])
    out = panoptic_inference(
        _queries([.7, .2, .1], [.1, .8, .1]), masks,
        torch.tensor([True, False]))
    assert out.seg_map.tolist() == [[1, 1], [2, 2]]
    assert out.labels.tolist() == [0, 1]
    assert_close(out.scores, torch.tensor([.7, .8]))
    assert out.label_map(void=255).tolist() == [[0, 0], [1, 1]]


def test_stuff_is_merged_and_keeps_the_best_score():
    masks = (torch.eye(3) * 18 - 9).unsqueeze(1)  # each query one pixel
    out = panoptic_inference(
        _queries([.1, .6, .3], [.7, .2, .1], [.1, .8, .1]), masks,
        torch.tensor([True, False]))
    assert out.seg_map.tolist() == [[1, 2, 1]]
    assert_close(out.scores, torch.tensor([.8, .7]))


def test_thresholds():
    masks = torch.tensor([[[9.]]])
    query, is_thing = _queries([.5, .2, .3]), torch.tensor([True, True])
    assert panoptic_inference(query, masks, is_thing, .49).num_segments == 1
    assert panoptic_inference(query, masks, is_thing, .51).num_segments == 0


def test_semantic_on_paper():
    masks = torch.tensor([[[100., -100.]], [[0., 100.]]])
    out = semantic_inference(_queries([.6, .1, .3], [.2, .7, .1]), masks)
    assert_close(out, torch.tensor([[[.7, .2]], [[.45, .7]]]))
