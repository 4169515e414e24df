from unittest import mock

import pytest
import torch

from dearli_mm.functional.points import sample_logits, uncertain_points


def ramps(count):
    """Maps whose logit is 0 in the middle column and grows to the sides."""
    return torch.linspace(-8, 8, 33).expand(count, 33, 33).contiguous()


def test_most_points_are_where_the_sign_is_in_doubt():
    points = uncertain_points(ramps(20), 400, 3.0, 0.75)
    assert points.shape == (20, 400, 2)
    assert points.min() >= 0 and points.max() < 1
    doubt = sample_logits(ramps(20).unsqueeze(1), points).abs().squeeze(1)
    # 300 of 1200 candidates: those within an eighth of the middle.
    assert (doubt[:, :300] < 2.5).float().mean() > 0.95
    assert (doubt[:, 300:] < 2.5).float().mean() < 0.45


def test_without_importance_points_are_uniform_and_differ():
    points = uncertain_points(ramps(40), 500, 1.0, 0.0)
    assert points.mean().item() == pytest.approx(0.5, abs=0.02)
    assert points.var().item() == pytest.approx(1 / 12, abs=0.01)
    assert not torch.allclose(points[0], points[1], atol=1e-3)


def test_no_maps():
    assert uncertain_points(torch.zeros(0, 4, 4), 6).shape == (0, 6, 2)


def test_parity(golden):
    """The reference's choice among the reference's random candidates."""
    ref = golden('h2_uncertain_points')
    for logits, candidates, rest, selected in zip(
            ref['src_logits'], ref['candidates'], ref['random_part'],
            ref['selected']):
        draws = iter((torch.cat((candidates, rest)), torch.zeros(1, 1, 2)))
        with mock.patch('torch.rand', lambda *_, **__: next(draws)):
            points, = uncertain_points(logits, 32, 3.0, 0.75)
        assert torch.equal(points[24:], selected[24:])
        # The uncertain ones in no order.
        assert sorted(points[:24].tolist()) == sorted(selected[:24].tolist())
