import torch
from torch.testing import assert_close

from dearli_mm.functional import mask_pool


def test_parity(golden):
    ref = golden('b_mask_pooling')
    for size in ('same', 'big'):
        out = mask_pool(ref['x'], ref[f'mask_{size}'])
        assert_close(out, ref[f'out_{size}'], rtol=1e-5, atol=1e-6)


def test_on_paper():
    features = torch.arange(8.).view(1, 2, 2, 2)
    masks = torch.tensor([[[[1., -1.], [2., 0.]], [[-1., -1.], [-1.,
                                                              0.]]]])
    # Zero is outside: the first mask holds pixels 0 and 2, the second none.
    expected = torch.tensor([[[1., 5.], [0., 0.]]])
    assert_close(mask_pool(features, masks), expected)
