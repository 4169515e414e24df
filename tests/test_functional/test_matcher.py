import pytest
import torch
from torch.testing import assert_close

from dearli_mm.functional import hungarian_match, matching_cost
from dearli_mm.functional.points import sample_logits, sample_masks


@pytest.mark.parametrize('prefix', ['', 'many_', 'none_'])
def test_parity(golden, prefix):
    ref = golden('i_matcher').group(prefix)
    for b in range(len(ref['pred_logits'])):
        labels, masks = ref[f'labels_{b}'], ref[f'masks_{b}'].bool()
        points = ref['points'][b:b + 1]
        cost = matching_cost(
            ref['pred_logits'][b:b + 1],
            sample_logits(ref['pred_masks'][b:b + 1], points), labels[None],
            sample_masks(masks, points.expand(len(masks), -1, -1))[None],
            (2., 5., 5.))
        assert_close(cost[0], ref[f'cost_{b}'], rtol=1e-5, atol=1e-5)
        match, = hungarian_match(cost[None], [len(labels)])
        assert torch.equal(match.query, ref[f'src_{b}'])
        assert torch.equal(match.target, ref[f'tgt_{b}'])


def test_more_targets_than_queries():
    match, = hungarian_match(torch.tensor([[[[3., 1., 2.]]]]), [3])
    assert match.query.tolist() == [0] and match.target.tolist() == [1]
