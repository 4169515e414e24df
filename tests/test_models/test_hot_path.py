"""Where a training step makes a GPU wait, counted on a CPU.

An operator whose result the host needs (a number, a size) waits for the
device; so does a copy to the host.
"""
from collections import Counter
from unittest import mock

import pytest
import torch
from golden_clip import golden_detector, register_golden_clip
from test_clip_mask2former import CLASSES
from test_dearli import batch
from torch.utils._python_dispatch import TorchDispatchMode

from dearli_mm.functional import cutmix, inference, segments
from dearli_mm.models import DEARLi

# Their result, or its size, depends on values.
WAITING = ('_local_scalar_dense', 'nonzero', 'masked_select', 'bincount',
           '_unique2', 'unique_dim', 'equal')
TO_HOST = ('cpu', 'numpy', 'tolist')


class Waits(TorchDispatchMode):
    """Counts operators that wait; an index by a mask is one, too."""

    def __init__(self):
        super().__init__()
        self.counts = Counter()
        self.operators = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        self.operators += 1
        if name in WAITING:
            self.counts[name] += 1
        if name in ('index', 'index_put', 'index_put_') and any(
                index is not None and index.dtype == torch.bool
                for index in args[1]):
            self.counts['mask as index'] += 1
        return func(*args, **(kwargs or {}))


def waits_of(function, *args):
    """What of a call waits, and how many operators it has."""
    with Waits() as waits, mock.patch.multiple(
            torch.Tensor, **{
                name: counting(waits.counts, name)
                for name in TO_HOST
            }):
        result = function(*args)
    return waits.counts, waits.operators, result


def counting(counts, name):
    method = getattr(torch.Tensor, name)

    def counted(tensor, *args, **kwargs):
        # numpy() of what cpu() has brought is not a second transfer.
        if name != 'numpy':
            counts[name] += 1
        return method(tensor, *args, **kwargs)

    return counted


@pytest.fixture
def make(tmp_path):
    register_golden_clip(tmp_path)

    def make_model(**head):
        config = golden_detector(CLASSES, 2, 1)
        # The tests' detector has mmdet's pixel decoder, which waits.
        config['panoptic_head']['pixel_decoder'][
            'type'] = 'DeformablePixelDecoder'
        config['panoptic_head'].update(head)
        model = DEARLi(config)
        model.init_weights()
        return model

    return make_model


def forward_and_losses(model, images):
    """Student and set losses, of labelled and pseudo-labelled images."""
    inputs, samples = batch(images, images)
    gt = model._ground_truth(samples['labeled'])

    def run():
        parts = model._student_forward(inputs['labeled'], inputs['strong'])
        criterion = model.student.panoptic_head.criterion
        matches = criterion.match([(*part, gt) for part in parts])
        losses = [
            model._part_losses(name, part, gt, match) for name, part, match in
            zip(('labeled', 'pseudo'), parts, matches)
        ]
        sum(sum(part.values()) for part in losses).backward()

    return run


@pytest.mark.parametrize('queries,images', [(10, 2), (30, 2), (10, 3)])
def test_the_only_wait_is_the_matching(make, queries, images):
    model = make(num_queries=queries)
    run = forward_and_losses(model, images)
    run()  # what is worked out once
    counts, _, _ = waits_of(run)
    # start offsets of the targets are host numbers already: no device waits
    assert counts.pop('tolist') == 1
    assert counts == {'cpu': 1}


def test_no_operator_a_query(make):
    operators = []
    for queries in (20, 60):
        run = forward_and_losses(make(num_queries=queries), 2)
        run()
        operators.append(waits_of(run)[1])
    assert operators[0] == operators[1]


def test_the_teacher_does_not_wait(make):
    model = make()
    images = torch.randn(2, 3, 64, 64)
    model.teacher.predict_queries(images)
    counts, _, _ = waits_of(
        torch.no_grad()(model.teacher.predict_queries), images)
    assert not counts


@pytest.mark.parametrize('images', [2, 4])
def test_pseudo_labels_wait_twice_whatever_the_batch(make, images):
    """For which queries are kept, and for the number of segments."""
    model = make(num_queries=20)
    model.cutmix.prob = 1.
    inputs, samples = batch(1, images)
    class_logits = torch.randn(images, 20, len(CLASSES) + 1) * 9
    class_logits[:, 0, 0] = 99.  # a segment in every image
    masks = torch.randn(images, 20, 16, 16) * 9
    masks[:, 0] = 9.
    model.teacher.predict_queries = lambda _: (class_logits, masks)

    def run():
        labels = model._teach(inputs['weak'], samples['weak'])
        return model.cutmix(inputs['strong'], labels)[1]

    counts, _, found = waits_of(run)
    # Coins and boxes are drawn on the host, an image each, and what cpu()
    # has brought is on the host already (one nonzero, one tolist).
    assert counts == {
        'cpu': 1, 'nonzero': 1, 'tolist': 2 + images,
        '_local_scalar_dense': images
    }
    assert all(label.num_segments for label in found)


@pytest.mark.parametrize('queries', [4, 40])
def test_one_image_waits_for_queries_and_segments(queries):
    class_logits = torch.randn(queries, 6)
    class_logits[0, 0] = 9.
    mask_logits = torch.randn(queries, 16, 16) * 9
    is_thing = torch.tensor([True, True, False, False, True])
    counts, _, found = waits_of(inference.panoptic_inference, class_logits,
                                mask_logits, is_thing)
    assert counts == {'nonzero': 1, 'tolist': 1}
    counts, _, _ = waits_of(cutmix.cutmix_panoptic, found, found, (2, 3, 9, 9))
    assert counts == {'tolist': 1}
    assert isinstance(found, segments.PanopticSegments)
