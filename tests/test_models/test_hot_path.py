"""Where a training step makes a GPU wait, counted on a CPU.

An operator whose result the host needs (a number, a size) waits for the
device; so does a copy to the host.
"""
from collections import Counter
from unittest import mock

import numpy as np
import pytest
import torch
from golden_clip import golden_detector, register_golden_clip
from mmengine.optim import OptimWrapper
from test_clip_mask2former import CLASSES
from test_dearli import batch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten
from torch.utils.weak import WeakIdKeyDictionary

from dearli_mm.datasets.masks import SegmentIdMasks
from dearli_mm.functional import cutmix, inference, segments
from dearli_mm.models import DEARLi
from dearli_mm.utils import refuse_nonfinite_gradients

# Their result, or its size, depends on values.
WAITING = ('_local_scalar_dense', 'nonzero', 'masked_select', 'bincount',
           '_unique2', 'unique_dim', 'equal')


class Waits(TorchDispatchMode):
    """Counts what waits for tensors of the device.

    There is one device here, the CPU. Tensors of the host are those that were
    made without a device, or brought by a copy, and what is made of them.
    """

    def __init__(self):
        super().__init__()
        self.counts = Counter()
        self.operators = 0
        self._host = WeakIdKeyDictionary()

    def on_host(self, tensor):
        self._host[tensor] = True
        return tensor

    def is_on_host(self, tensor):
        return tensor in self._host

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        tensors = tensors_of(args)
        if tensors and all(map(self.is_on_host, tensors)):
            for made in tensors_of(result):
                self.on_host(made)
            return result
        self.operators += 1
        name = func.overloadpacket.__name__
        if name in WAITING:
            self.counts[name] += 1
        if name in ('index', 'index_put', 'index_put_') and any(
                index is not None and index.dtype == torch.bool
                for index in args[1]):
            self.counts['mask as index'] += 1
        return result


def tensors_of(values):
    return [x for x in tree_flatten(values)[0] if isinstance(x, Tensor)]


def waits_of(function, *args, waits=None):
    """What of a call waits, and how many operators it has."""
    with waits or Waits() as waits, mock.patch.multiple(
            Tensor,
            cpu=copying(waits, 'cpu'),
            tolist=copying(waits, 'tolist'),
            new_tensor=copying(waits, 'new_tensor'),
            to=moving(waits)), mock.patch.multiple(
                torch,
                tensor=making(waits, 'tensor'),
                rand=making(waits, 'rand')):
        result = function(*args)
    return waits.counts, waits.operators, result


def copying(waits, name):
    """To the host, or (``new_tensor``) from a list right to the device."""
    method = getattr(Tensor, name)

    def copied(tensor, *args, **kwargs):
        if not waits.is_on_host(tensor):
            waits.counts[name] += 1
        result = method(tensor, *args, **kwargs)
        return waits.on_host(result.view_as(result)) if name == 'cpu' \
            else result

    return copied


def moving(waits):
    """``to`` a device; it does not wait if it is told so."""
    method = Tensor.to

    def moved(tensor, *args, **kwargs):
        result = method(tensor, *args, **kwargs)
        places = (torch.device, str, Tensor)
        if not waits.is_on_host(tensor) or not any(
                isinstance(x, places) for x in (*args, *kwargs.values())):
            return result
        if not kwargs.get('non_blocking', False):
            waits.counts['to'] += 1
        return result.detach().clone()  # of the device, from now on

    return moved


def making(waits, name):
    """A tensor of the host, or of the device; lists wait for the latter."""
    make = getattr(torch, name)

    def made(*args, device=None, **kwargs):
        if device is None:
            return waits.on_host(make(*args, **kwargs))
        waits.counts[name] += name == 'tensor'
        return make(*args, device=device, **kwargs)

    return made


@pytest.fixture
def make(tmp_path):
    register_golden_clip(tmp_path)

    def make_model(layers=3, **head):
        config = golden_detector(CLASSES, 2, 1)
        config['panoptic_head']['transformer_decoder']['num_layers'] = layers
        config['panoptic_head'].update(head)
        model = DEARLi(config)
        model.init_weights()
        return model

    return make_model


def batch_of_files(images):
    """A batch whose labelled masks are what LoadPanopticSegments makes."""
    inputs, samples = batch(images, images)
    for sample in samples['labeled']:
        masks = sample.gt_instances.masks.masks
        numbers = np.arange(1, len(masks) + 1)
        sample.gt_instances.masks = SegmentIdMasks.from_array(
            (masks * numbers[:, None, None]).max(0), numbers)
    return inputs, samples


def step_of(model, images):
    """All of a step, as the runner takes it."""
    trained = [p for p in model.parameters() if p.requires_grad]
    # What GroupedOptimWrapperConstructor takes; before PyTorch 2.4 the steps
    # that AdamW has taken would seem to be on the device.
    optimizer = torch.optim.AdamW(trained, fused=True) \
        if torch.__version__ >= (2, 4) else torch.optim.SGD(trained, 1e-4)
    wrapper = OptimWrapper(optimizer, clip_grad=dict(max_norm=0.01))
    refuse_nonfinite_gradients(wrapper, model)
    inputs, samples = batch_of_files(images)

    def run():
        losses = model.loss(inputs, samples)
        wrapper.update_params(model.parse_losses(losses)[0])
        return losses

    return run


def with_segments(model, segments, images):
    """Let the teacher find a number of segments in each image."""
    class_logits = torch.full((images, segments, len(CLASSES) + 1), -9.)
    class_logits[..., 0] = 9.
    masks = torch.full((images, segments, 16, 16), -9.)
    for index in range(segments):
        masks[:, index, index] = 9.
    model.teacher.predict_queries = lambda *_: (class_logits, masks)


@pytest.mark.parametrize('change', [
    dict(), dict(num_queries=30), dict(images=3), dict(segments=9),
    dict(layers=5), dict(classes=['a, b', 'c', 'd, e, f', 'g'])
])
def test_waits_do_not_grow(make, change):
    """Not with queries, images, segments, decoder layers or classes."""
    images, segments = change.pop('images', 2), change.pop('segments', 2)
    layers, classes = change.pop('layers', 3), change.pop('classes', None)
    model = make(layers, num_queries=change.get('num_queries', 20))
    model.cutmix.prob = 1.
    if classes:
        model.set_classes(classes, 2)
    else:
        with_segments(model, segments, images)
    run = step_of(model, images)
    run()
    counts, _, losses = waits_of(run)
    if not classes:
        assert losses['pseudo_segments'] > 0
    # Labelled segments, kept queries, two matchings; the number of segments,
    # before and after CutMix; finite losses and gradients, and mmengine's log
    # of the norm.
    assert +counts == {'cpu': 4, 'tolist': 2, '_local_scalar_dense': 3}


def test_no_operator_per_query(make):
    operators = []
    for queries in (20, 60):
        model = make(num_queries=queries)
        model.cutmix.prob = 1.
        with_segments(model, 2, 2)
        run = step_of(model, 2)
        run()
        operators.append(waits_of(run)[1])
    assert operators[0] == operators[1]


def test_the_teacher_does_not_wait(make):
    model = make()
    images = torch.randn(2, 3, 64, 64)
    counts, _, _ = waits_of(
        torch.no_grad()(model.teacher.predict_queries), images)
    assert not +counts


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
