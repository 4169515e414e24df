"""The ways of old cost more, and give the same."""
import pytest
import torch
from test_plan_and_cost import SMALL, config  # noqa: F401
from torch.testing import assert_close

from dearli_mm.diagnostics.levers import LEVERS, take_out
from dearli_mm.diagnostics.sizes import StepSizes
from dearli_mm.diagnostics.training_step import TrainingStep
from dearli_mm.functional import classification, points
from dearli_mm.models.heads import query_decoder_head
from dearli_mm.models.layers import (MaskLogits, deformable, onednn,
                                     pixel_decoder, positions)

PATCHED = [(onednn, 'mkl_is_at_its_best'), (pixel_decoder, '_pointwise'),
           (pixel_decoder, '_product'), (pixel_decoder, 'pixel_centres'),
           (positions, '_sine_positions'), (MaskLogits, 'pairs'),
           (query_decoder_head, '_inside'), (points, 'CHUNK'),
           (points, '_least'), (deformable, 'attention_weights'),
           (classification, '_best_synonyms')]


@pytest.fixture
def loss_of(config, monkeypatch):  # noqa: F811
    for owner, name in PATCHED:  # to be put back after the test
        monkeypatch.setattr(owner, name, getattr(owner, name))

    def loss_of(*without):
        torch.manual_seed(0)
        step = TrainingStep(config, StepSizes(**SMALL))
        take_out(step, without)
        torch.manual_seed(1)
        loss = step.loss()
        loss.backward()
        gradients = [
            p.grad for p in step.model.parameters() if p.grad is not None
        ]
        step.optim_wrapper.step()
        return loss.detach(), torch.stack([g.norm() for g in gradients])

    return loss_of


# The matcher draws other points for each prediction.
@pytest.mark.parametrize('name', sorted(set(LEVERS) - {'targets-once'}))
def test_same_loss_and_gradients_without(loss_of, name):
    loss, norms = loss_of()
    other_loss, other_norms = loss_of(name)
    assert_close(other_loss, loss, rtol=1e-4, atol=1e-4)
    assert_close(other_norms, norms, rtol=1e-2, atol=1e-2)


def test_other_points_make_the_loss_another(loss_of):
    assert loss_of()[0] != loss_of('targets-once')[0]


def test_every_patch_acts(loss_of):
    before = [getattr(owner, name) for owner, name in PATCHED]
    loss_of(*LEVERS)
    after = [getattr(owner, name) for owner, name in PATCHED]
    assert all(a is not b for a, b in zip(before, after))


def test_groups_and_tower(config):  # noqa: F811
    step = TrainingStep(config, StepSizes(**SMALL))
    few, pairs = len(step.optim_wrapper.optimizer.param_groups), step.pairs
    take_out(step, ['few-groups', 'shared-tower'])
    assert few < 5 < 50 < len(step.optim_wrapper.optimizer.param_groups)
    assert len(step.pairs[0]) == len(step.pairs[1]) > len(pairs[0])


def test_unknown_lever(config):  # noqa: F811
    with pytest.raises(ValueError, match="without='no-such' is none of"):
        take_out(TrainingStep(config, StepSizes(**SMALL)), ['no-such'])
