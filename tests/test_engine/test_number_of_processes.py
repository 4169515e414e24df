"""Two processes compute what one would of the doubled batch."""
from unittest import mock

# Before mmdet, for processes start here.
import dearli_mm  # noqa: F401  # isort: skip

import numpy as np
import pytest
import torch
import torch.multiprocessing as mp
from mmdet.registry import DATASETS, METRICS, MODELS
from mmdet.structures import DetDataSample
from mmdet.structures.mask import BitmapMasks
from mmengine.dataset import DefaultSampler
from mmengine.model import MMDistributedDataParallel
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData, PixelData
from test_distributed_training import _free_port
from test_semi_sup_training import load_config

from dearli_mm.datasets.panoptic_ground_truth import ground_truth_of_sample
from dearli_mm.models.losses import SetCriterion, set_criterion
from dearli_mm.models.losses.set_criterion import _Targets
from projects.toy_world.dataset import write_toy_world

SIZE = (64, 64)
NUM_THINGS, NUM_CLASSES = 8, 13
REAL_RAND = torch.rand


def same_points(*size, device=None):
    """In place of random points: the same ones for every mask."""
    if size == ((), ):
        return torch.tensor(0.5)
    generator = torch.Generator().manual_seed(0)
    points = REAL_RAND(size[-2:], generator=generator)
    return points.expand(size)


def labeled_sample(index):
    """``index`` + 1 things on two kinds of ground."""
    masks = np.zeros((index + 1, *SIZE), dtype=np.uint8)
    for thing, mask in enumerate(masks):
        mask[8 * thing + 2:8 * thing + 10, 5:40] = 1
    semantic = np.full((1, *SIZE), NUM_THINGS)
    semantic[..., 40:] = NUM_THINGS + 1
    sample = unlabeled_sample()
    sample.gt_instances = InstanceData(
        labels=torch.arange(index + 1), masks=BitmapMasks(masks, *SIZE))
    sample.gt_sem_seg = PixelData(sem_seg=torch.from_numpy(semantic))
    return sample


def unlabeled_sample():
    return DetDataSample(
        metainfo=dict(img_shape=SIZE, ori_shape=SIZE, batch_input_shape=SIZE))


def gradients(rows, wrap=lambda model: model, frozen=True):
    """Gradients and losses of some images of a fixed batch of 4 + 4."""
    torch.manual_seed(0)
    config = load_config().model
    config.detector.train_cfg.num_points = 64
    config.semi_train_cfg.cutmix.prob = 0.
    config.detector.backbone.frozen = frozen
    model = MODELS.build(config)
    model.init_weights()
    with torch.no_grad():  # the teacher finds several segments
        model.teacher.panoptic_head.mask_embed[-1].weight.mul_(20)
    model.pseudo_label_cfg['overlap_thr'] = 0.
    inputs = {
        branch: torch.randn(4, 3, *SIZE)[rows]
        for branch in ('labeled', 'weak', 'strong')
    }
    samples = dict(
        labeled=[labeled_sample(index) for index in range(4)][rows],
        weak=[unlabeled_sample() for _ in range(4)][rows],
        strong=[unlabeled_sample() for _ in range(4)][rows])
    # It must outlive the backward pass, in which it averages the gradients.
    wrapped = wrap(model.train())
    with mock.patch('torch.rand', same_points):
        losses = wrapped(inputs, samples, mode='loss')
    sum(v for k, v in losses.items() if 'loss' in k).backward()
    return {
        name: p.grad
        for name, p in model.named_parameters() if p.grad is not None
    }, {name: value.item() for name, value in losses.items()}


def metrics(root):
    """Both metrics on three images, of which each process has its share."""
    config = load_config().val_dataloader.dataset
    config.data_root = str(root)
    dataset = DATASETS.build(config)
    panoptic, recall = (
        METRICS.build(dict(type=name))
        for name in ('PanopticMetric', 'ClassAgnosticRecall'))
    for metric in (panoptic, recall):
        metric.dataset_meta = dataset.metainfo
    indices = list(DefaultSampler(dataset, shuffle=False))
    for index in indices:
        sample = prediction(dataset.get_data_info(index), index)
        for metric in (panoptic, recall):
            metric.process(None, [sample])
    return indices, {
        **panoptic.evaluate(len(dataset)),
        **recall.evaluate(len(dataset))
    }


def prediction(sample, index):
    """The ground truth, moved sideways."""
    truth = ground_truth_of_sample(sample, list(range(NUM_THINGS)))
    numbers = np.arange(len(truth.labels)) + 1
    codes = np.append(NUM_CLASSES, truth.labels + 1000 * numbers)
    seg_map = np.roll(truth.seg_map, 2 * index + 1, axis=1)
    classes = np.append(0, truth.labels)[seg_map]
    return dict(
        sample,
        pred_panoptic_seg=dict(sem_seg=torch.tensor(codes[seg_map][None])),
        pred_sem_seg=dict(sem_seg=torch.tensor(classes[None])),
        pred_instances=dict(
            masks=torch.tensor(seg_map == numbers[:, None, None])))


def _work(rank, port, root):
    torch.set_num_threads(1)
    init_default_scope('mmdet')
    torch.distributed.init_process_group(
        'gloo', f'tcp://localhost:{port}', rank=rank, world_size=2)
    wrapped = []

    def wrap(model):
        wrapped.append(MMDistributedDataParallel(model,
                                                 broadcast_buffers=False))
        return wrapped[-1]

    grads, losses = gradients(slice(2 * rank, 2 * rank + 2), wrap)
    trained, _ = gradients(slice(rank, rank + 1), wrap, frozen=False)
    reduced = [model._get_ddp_logging_data()['total_parameter_size_bytes']
               for model in wrapped]
    indices, values = metrics(root)
    torch.save(
        dict(trained=trained, gradients=grads, losses=losses,
             indices=indices, metrics=values, reduced=reduced),
        root / f'rank{rank}.pt')
    torch.distributed.destroy_process_group()


@pytest.fixture(scope='module')
def ranks(tmp_path_factory):
    root = tmp_path_factory.mktemp('world')
    write_toy_world(str(root), train=4, val=3, labeled=2, size=64, seed=1)
    mp.spawn(_work, args=(_free_port(), root), nprocs=2, join=True)
    return root, [
        torch.load(root / f'rank{rank}.pt', weights_only=True)
        for rank in range(2)
    ]


def test_gradients_are_those_of_the_doubled_batch(ranks):
    _, (first, second) = ranks
    grads, losses = gradients(slice(0, 4))
    # A process has one or more on average, else the method's lower bound of
    # the normaliser, 1 a process, sets in.
    assert losses['pseudo_segments'] * 2 >= 1
    assert first['losses'] != second['losses']
    for name, value in losses.items():
        mean = (first['losses'][name] + second['losses'][name]) / 2
        assert mean == pytest.approx(value, rel=1e-6), name
    assert grads.keys() == first['gradients'].keys()
    for name, value in grads.items():
        assert torch.equal(first['gradients'][name],
                           second['gradients'][name]), name
        error = (first['gradients'][name] - value).norm()
        assert error <= 1e-5 * value.norm(), name


def test_a_trained_clip_has_no_parameter_without_gradient(ranks):
    """Else DDP would wait for it for ever, or refuse the next step."""
    _, (first, second) = ranks
    assert any('backbone.visual.trunk.stem' in n for n in first['trained'])
    for name, value in first['trained'].items():
        assert torch.equal(value, second['trained'][name]), name
    grads, _ = gradients(slice(0, 1), frozen=False)
    assert grads.keys() == first['trained'].keys()


def test_what_is_frozen_is_not_sent_between_processes(ranks):
    _, (first, _) = ranks
    for sent, grads in zip(first['reduced'],
                           (first['gradients'], first['trained'])):
        assert sent == sum(4 * grad.numel() for grad in grads.values())


def test_mask_losses_are_divided_by_one_a_process_at_least():
    """One target in two processes: a mean of 0.5, which becomes 1."""
    criterion = SetCriterion(dict(cls=2., mask=5., dice=5.))
    targets = _Targets(torch.zeros(1).long(), torch.ones(1, 4, 4).bool(), [1])
    other = torch.tensor([0., 0.3])  # no target, three void queries
    with mock.patch.object(set_criterion, 'reduce_mean',
                           lambda own: (own + other) / 2):
        num_targets, cls_share = criterion._normalizers(
            targets, 3, 1, criterion.void_weight)
    assert num_targets == 1
    # Class weights 1 + 2 * 0.1 here, 3 * 0.1 there: a mean of 0.75.
    assert cls_share.item() == pytest.approx(1.2 / 0.75)


def test_metrics_count_no_image_twice(ranks):
    root, (first, second) = ranks
    assert (first['indices'], second['indices']) == ([0, 2], [1, 0])
    indices, values = metrics(root)
    assert indices == [0, 1, 2]
    assert 0 < values['panoptic/PQ'] < 100
    assert 0 < values['recall/AR@10'] < 100
    for rank in (first, second):
        assert rank['metrics'] == pytest.approx(values, nan_ok=True)
