"""Parity of matcher and losses (values and gradients) at given points."""
import pytest
import torch
from torch.testing import assert_close

from dearli_mm.functional.points import sample_logits, sample_masks
from dearli_mm.functional.set_criterion import (hungarian_match,
                                                matching_cost, set_loss)

WEIGHTS = (2., 5., 5.)
CASES = ['shared_points', 'pair_points', 'one_empty']


def _padded(values, size):
    out = values[0].new_zeros(len(values), size, *values[0].shape[1:])
    for row, value in zip(out, values):
        row[:len(value)] = value
    return out


def _costs(class_logits, mask_logits, labels, masks, points):
    target_points = [
        sample_masks(m.bool(), p[None].expand(len(m), -1, -1))
        for m, p in zip(masks, points)
    ]
    size = max(map(len, labels))
    return matching_cost(class_logits, sample_logits(mask_logits, points),
                         _padded(labels, size), _padded(target_points, size),
                         WEIGHTS)


@pytest.mark.parametrize('case', CASES)
def test_criterion_parity(golden, case):
    ref = golden(f'h_criterion_{case}')
    num_targets = ref['num_targets'].tolist()
    labels = [ref[f'labels_{b}'] for b in range(2)]
    masks = [ref[f'masks_{b}'].bool() for b in range(2)]
    logits = [ref[f'pred_logits_{i}'].requires_grad_() for i in range(4)]
    mask_logits = [ref[f'pred_masks_{i}'].requires_grad_() for i in range(4)]

    costs = torch.stack([
        _costs(logits[i], mask_logits[i], labels, masks,
               ref['matcher_points'][i]) for i in range(4)
    ])
    matches = hungarian_match(costs, num_targets)
    total = 0.
    for i, match in enumerate(matches):
        for b, count in enumerate(num_targets):
            if f'cost_{i}_{b}' in ref:
                assert_close(
                    costs[i, b, :, :count].detach(),
                    ref[f'cost_{i}_{b}'],
                    rtol=1e-5,
                    atol=1e-5)
                mine = match.image == b
                assert torch.equal(match.query[mine],
                                   ref[f'match_src_{i}_{b}'])
                assert torch.equal(match.target[mine] - sum(num_targets[:b]),
                                   ref[f'match_tgt_{i}_{b}'])
        losses = set_loss(logits[i], mask_logits[i], torch.cat(labels),
                          torch.cat(masks), match, ref['loss_points'][i],
                          sum(num_targets), 0.1)
        suffix = '' if i == 0 else f'_{i - 1}'
        for role in ('', 'pseudo_'):
            for ours, theirs in (('cls', 'ce'), ('mask', 'mask'),
                                 ('dice', 'dice')):
                assert_close(
                    losses[f'loss_{ours}'].detach(),
                    ref[f'loss:{role}loss_{theirs}{suffix}'],
                    rtol=1e-5,
                    atol=1e-6)
        total = total + sum(
            w * losses[k]
            for w, k in zip(WEIGHTS, ('loss_cls', 'loss_mask', 'loss_dice')))

    assert_close(total.detach(), ref['sup_weighted_total'], rtol=1e-5, atol=0)
    total.backward()
    for i in range(4):
        assert_close(
            logits[i].grad,
            ref[f'sup_grad_pred_logits_{i}'],
            rtol=1e-4,
            atol=1e-7)
        assert_close(
            mask_logits[i].grad,
            ref[f'sup_grad_pred_masks_{i}'],
            rtol=1e-4,
            atol=1e-7)


def test_no_targets_at_all_is_void_only():
    class_logits = torch.zeros(2, 3, 5, requires_grad=True)
    mask_logits = torch.zeros(2, 3, 4, 4, requires_grad=True)
    match, = hungarian_match(torch.zeros(1, 2, 3, 0), [0, 0])
    losses = set_loss(class_logits, mask_logits,
                      torch.zeros(0, dtype=torch.long),
                      torch.zeros(0, 8, 8, dtype=torch.bool), match,
                      torch.zeros(0, 6, 2), 1, 0.1)
    sum(losses.values()).backward()
    assert losses['loss_mask'] == losses['loss_dice'] == 0
    assert_close(losses['loss_cls'], torch.tensor(5.).log())
    assert mask_logits.grad is not None  # DDP wants every parameter used


def test_sample_masks_equals_grid_sample():
    masks = torch.rand(3, 7, 9) > 0.5
    points = torch.rand(5, 40, 2) * 1.2 - 0.1
    index = torch.tensor([2, 0, 0, 1, 2])
    expected = sample_logits(masks[index].float().unsqueeze(1), points)
    assert_close(sample_masks(masks, points, index), expected.squeeze(1))
