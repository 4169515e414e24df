import math

import pytest
import torch
from torch.testing import assert_close
from torch.utils._python_dispatch import TorchDispatchMode

from dearli_mm.functional import class_logits, geometric_ensemble


@pytest.mark.parametrize('scale', ['a', 'b'])
def test_class_logits_parity(golden, scale):
    ref = golden('a_classification_logits')
    out = class_logits(ref['x'], ref['text_classifier'],
                       ref[f'logit_scale_{scale}'],
                       ref['num_templates'].tolist())
    assert_close(out, ref[f'out_{scale}'], rtol=1e-5, atol=1e-5)


def test_class_logits_on_paper():
    text = torch.eye(3)
    embed = torch.tensor([[3., 0., 4.]])  # cosines 0.6, 0, 0.8 (void)
    out = class_logits(embed, text, math.log(10.), [2])
    assert_close(out, torch.tensor([[6., 8.]]))
    single = class_logits(embed, text, math.log(1e6), [1, 1])
    assert_close(single, torch.tensor([[60., 0., 80.]]))  # scale capped: 100


def test_class_logits_gradient_goes_to_the_best_synonym():
    text = torch.nn.functional.normalize(torch.randn(5, 8), dim=-1)
    text.requires_grad_()
    embed = torch.randn(1, 8)
    class_logits(embed, text, 0., [3, 1])[0, 0].backward()
    best = (embed @ text[:3].T).argmax()
    assert text.grad[best].abs().sum() > 0
    others = [i for i in range(5) if i != best]
    assert text.grad[others].abs().sum() == 0


class Leftovers(TorchDispatchMode):
    """Memory that is asked for without a value holds one by chance."""

    def __init__(self, value):
        super().__init__()
        self.value = value

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        return out.fill_(self.value) if 'empty' in func.__name__ else out


def test_class_logits_gradient_does_not_depend_on_old_memory():
    text = torch.eye(3)
    embed = torch.tensor([[3., 0., 4.]])  # logits 0.6, 0 and 0.8 (void)
    gradients = []
    for leftover in (0., 0.6, 0.8):
        scale = torch.zeros((), requires_grad=True)
        with Leftovers(leftover):
            logits = class_logits(embed, text, scale, [2])
            gradients.append(torch.autograd.grad(logits.sum(), scale)[0])
    assert_close(torch.stack(gradients), torch.full((3, ), 1.4))


def test_class_logits_refuses_wrong_synonym_count():
    with pytest.raises(ValueError, match='adds up to 3.*5 rows'):
        class_logits(torch.randn(2, 4), torch.randn(5, 4), 0., [2, 1])


@pytest.mark.parametrize('alpha', [0.0, 0.4, 1.0])
def test_ensemble_parity(golden, alpha):
    ref = golden('c_geometric_ensemble')
    out = geometric_ensemble(ref['in_vocab_logits'], ref['out_vocab_logits'],
                             alpha)
    assert_close(
        out[0].exp(),
        ref[f'log_probs_alpha_{alpha}'].exp(),
        rtol=1e-5,
        atol=1e-6)
    likely = ref[f'log_probs_alpha_{alpha}'] > -12
    assert_close(
        out[0][likely],
        ref[f'log_probs_alpha_{alpha}'][likely],
        rtol=1e-4,
        atol=1e-4)


def test_ensemble_on_valid_masks_parity(golden):
    ref = golden('c_geometric_ensemble')
    valid = torch.ones(1, 8, dtype=torch.bool)
    valid[0, 2] = False  # query 2 has no pixel at CLIP's resolution
    out = geometric_ensemble(
        ref['in_vocab_logits'],
        ref['out_vocab_logits'][..., :-1],  # without a void column as well
        0.4,
        valid)
    assert_close(
        out[0].exp(),
        ref['log_probs_alpha_0.4_valid_mask'].exp(),
        rtol=1e-5,
        atol=1e-6)


def test_ensemble_on_paper():
    in_vocab = torch.tensor([[0.64, 0.16, 0.2]]).log()  # p_in 0.8, 0.2
    zero_shot = torch.tensor([[0.2, 0.8]]).log()
    out = geometric_ensemble(in_vocab, zero_shot, 0.5).exp()
    assert_close(out, torch.tensor([[0.4, 0.4, 0.2]]))


def test_ensemble_survives_extreme_disagreement():
    in_vocab = torch.tensor([[300., -300., 0.]])
    zero_shot = torch.tensor([[-300., 300.]])
    assert geometric_ensemble(in_vocab, zero_shot, 0.4).isfinite().all()
