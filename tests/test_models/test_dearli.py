"""Student and teacher: sharing, pseudo-labels, CutMix, checkpoints."""
import copy

import pytest
import torch
from golden_clip import golden_detector, register_golden_clip
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from test_clip_mask2former import CLASSES, make_sample

from dearli_mm.functional import PanopticSegments
from dearli_mm.models import DEARLi

SIZE = (64, 64)


@pytest.fixture
def detector(tmp_path):
    register_golden_clip(tmp_path)
    return golden_detector(CLASSES, 2, 1)


@pytest.fixture
def model(detector):
    model = DEARLi(detector)
    model.init_weights()
    return model


def views(count, img_shape=SIZE):
    return [
        DetDataSample(
            metainfo=dict(
                img_shape=img_shape, ori_shape=SIZE, batch_input_shape=SIZE))
        for _ in range(count)
    ]


def batch(labeled=2, unlabeled=2):
    inputs = dict(
        labeled=torch.randn(labeled, 3, *SIZE),
        weak=torch.randn(unlabeled, 3, *SIZE),
        strong=torch.randn(unlabeled, 3, *SIZE))
    samples = dict(
        labeled=[make_sample(SIZE) for _ in range(labeled)],
        weak=views(unlabeled),
        strong=views(unlabeled))
    return inputs, samples


def test_frozen_backbone_exists_once(model):
    assert model.teacher.backbone is model.student.backbone
    assert model.teacher.clip is model.student.backbone
    assert not any('teacher.backbone' in key for key in model.state_dict())
    names = [name for name, _ in model.named_parameters()]
    assert not any(name.startswith('teacher.backbone') for name in names)
    clone = copy.deepcopy(model)
    assert clone.teacher.backbone is clone.student.backbone


def test_trainable_backbone_is_duplicated(detector):
    detector['backbone']['frozen'] = False
    model = DEARLi(detector)
    assert model.teacher.backbone is not model.student.backbone
    assert any('teacher.backbone' in key for key in model.state_dict())


def test_teacher_starts_as_a_copy_and_is_never_trained(model):
    student = model.student.state_dict()
    for name, value in model.teacher.state_dict().items():
        assert torch.equal(value, student[name]), name
    model.train()
    assert model.student.training and not model.teacher.training
    assert not any(p.requires_grad for p in model.teacher.parameters())
    assert (model.teacher.panoptic_head.text_classifier
            is model.student.panoptic_head.text_classifier)


def test_loss_tells_of_both_parts_and_of_the_pseudo_labels(model):
    losses = model.loss(*batch())
    terms = {
        f'{part}_loss_{name}'
        for part in ('labeled', 'pseudo') for name in ('cls', 'mask', 'dice')
    }
    assert set(losses) == terms | {
        'pseudo_segments', 'pseudo_confidence', 'pseudo_coverage'
    }
    assert all(torch.as_tensor(v).isfinite() for v in losses.values())
    sum(losses[name] for name in terms).backward()
    assert model.student.panoptic_head.query_feat.weight.grad is not None
    assert all(p.grad is None for p in model.teacher.parameters())


def test_burn_in_learns_of_labelled_images_alone(model):
    model.burning_in = True
    model.teacher.predict_queries = None  # must not be called
    assert set(model.loss(*batch())) == {
        f'labeled_loss_{name}' for name in ('cls', 'mask', 'dice')
    }


def test_one_forward_pass_equals_two(model):
    model.eval()
    first, second = torch.randn(2, 3, *SIZE), torch.randn(1, 3, *SIZE)
    together = model._student_forward(first, second)
    smaller = second[..., :32]
    apart = model._student_forward(first, smaller)
    torch.testing.assert_close(together[0][1][-1], apart[0][1][-1],
                               rtol=1e-3, atol=1e-4)
    assert apart[1][1][-1].shape[-2:] == (16, 8)


def test_weights_of_the_parts(detector):
    model = DEARLi(detector, semi_train_cfg=dict(pseudo_weight=0.0))
    losses = model.loss(*batch())
    assert losses['pseudo_loss_cls'] == 0 < losses['labeled_loss_cls']


def test_padding_gets_no_pseudo_label(model):
    class_logits = torch.tensor([[9., 0., 0., 0.], [0., 0., 9., 0.]])
    masks = torch.full((2, 16, 16), -9.)
    masks[0, :, :4] = 9.
    masks[1, :, 4:] = 9.
    model.teacher.predict_queries = lambda x: (class_logits[None], masks[None])
    label, = model.pseudo_label(torch.zeros(1, 3, *SIZE), views(1, (40, 64)))
    assert label.labels.tolist() == [0, 2]
    assert (label.seg_map[:40] > 0).all()
    assert (label.seg_map[40:] == 0).all()


def _plain_labels(count):
    return [
        PanopticSegments(
            torch.ones(SIZE, dtype=torch.int32), torch.tensor([index % 3]),
            torch.tensor([index % 3 < 2]), torch.tensor([1.]))
        for index in range(count)
    ]


def test_cutmix_pastes_images_and_labels_alike(model):
    model.cutmix.prob = 1.0
    images = torch.arange(3.).view(3, 1, 1, 1).expand(3, 3, *SIZE).clone()
    labels = _plain_labels(3)
    mixed, mixed_labels = model.cutmix(images, labels)
    for index in range(3):
        assert (images[index] == index).all()  # nothing edited in place
        assert (labels[index].seg_map == 1).all()
        partner = (index + 1) % 3
        pasted = mixed[index, 0] == partner
        assert 0.01 < pasted.float().mean() < 0.41
        assert (mixed[index, 0][~pasted] == index).all()
        assert torch.equal(mixed_labels[index].label_map(9),
                           mixed[index, 0].long())


def test_cutmix_off_and_alone(model):
    images = torch.randn(1, 3, *SIZE)
    model.cutmix.prob = 1.0
    assert torch.equal(model.cutmix(images, _plain_labels(1))[0], images)
    model.cutmix.prob = 0.0
    images = torch.randn(3, 3, *SIZE)
    assert torch.equal(model.cutmix(images, _plain_labels(3))[0], images)


def test_fresh_partners_come_from_the_second_half(detector):
    model = DEARLi(
        detector,
        semi_train_cfg=dict(cutmix=dict(prob=1.0, partner='fresh')))
    images = torch.arange(4.).view(4, 1, 1, 1).expand(4, 3, *SIZE).clone()
    mixed, labels = model.cutmix(images, _plain_labels(4))
    assert len(mixed) == len(labels) == 2
    assert mixed[0].unique().tolist() == [0, 2]
    assert mixed[1].unique().tolist() == [1, 3]
    with pytest.raises(ValueError, match='even.*3 images.*batch_size'):
        model.cutmix(images[:3], _plain_labels(3))


def test_predict_on(model):
    inputs = torch.randn(1, 3, *SIZE)
    with torch.no_grad():
        for parameter in model.teacher.parameters():
            parameter.mul_(1.5)
    model.eval()
    outputs = {}
    for mode in ('student', 'teacher', 'both'):
        model.predict_on = mode
        with torch.no_grad():
            outputs[mode], = model.predict(inputs, views(1))
    both = outputs['both']
    for kind in ('panoptic_seg', 'sem_seg'):
        for mode, prefix in (('student', 'pred'), ('teacher', 'teacher')):
            expected = getattr(outputs[mode], f'pred_{kind}').sem_seg
            assert torch.equal(
                getattr(both, f'{prefix}_{kind}').sem_seg, expected)
    assert 'teacher_panoptic_seg' not in outputs['student']


def test_bad_choices_are_named(detector):
    with pytest.raises(ValueError, match="predict_on='ema'.*student"):
        DEARLi(detector, semi_test_cfg=dict(predict_on='ema'))
    with pytest.raises(ValueError, match="partner='other'.*fresh"):
        DEARLi(detector, semi_train_cfg=dict(cutmix=dict(partner='other')))


@pytest.mark.parametrize('frozen', [True, False])
def test_checkpoint_of_one_network_loads_into_both(detector, frozen):
    detector['backbone']['frozen'] = frozen
    single = MODELS.build(detector)
    model = DEARLi(detector)
    missing, unexpected = model.load_state_dict(
        single.state_dict(), strict=False)
    assert not missing and not unexpected
    for network in (model.student, model.teacher):
        for name, value in network.state_dict().items():
            assert torch.equal(value, single.state_dict()[name]), name


def test_own_checkpoint_loads_strictly(model, detector):
    other = DEARLi(detector)
    other.load_state_dict(model.state_dict())
    for name, value in other.state_dict().items():
        assert torch.equal(value, model.state_dict()[name]), name
