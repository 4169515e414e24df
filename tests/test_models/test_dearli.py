"""Student and teacher: sharing, pseudo-labels, CutMix, checkpoints."""
import copy
from unittest import mock

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


def test_void_weight_of_pseudo_labels(detector):
    inputs, samples = batch()
    found = {}
    for weight in (None, 0.1, 0.0):
        torch.manual_seed(0)
        model = DEARLi(detector, dict(pseudo_void_weight=weight))
        model.init_weights()
        torch.manual_seed(1)
        found[weight] = model.loss(inputs, samples)
    for name, value in found[None].items():  # 0.1 is the criterion's own
        assert torch.equal(value, found[0.1][name]), name
        same = torch.equal(value, found[0.0][name])
        assert same is (name != 'pseudo_loss_cls'), name


def test_nothing_found_and_void_without_weight(detector):
    model = DEARLi(detector, dict(pseudo_void_weight=0.0,
                                  pseudo_label=dict(score_thr=1.0)))
    model.init_weights()
    losses = model.loss(*batch())
    assert losses['pseudo_segments'] == 0
    assert losses['pseudo_loss_cls'].abs().sum() == 0
    sum(value.sum() for name, value in losses.items()
        if 'loss' in name).backward()
    assert all(p.grad.isfinite().all() for p in model.student.parameters()
               if p.grad is not None)


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
    together = model.student_forward(first, second)
    smaller = second[..., :32]
    apart = model.student_forward(first, smaller)
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
    model.teacher.predict_queries = lambda *_: (class_logits[None],
                                                masks[None])
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
    with mock.patch.object(model.student.backbone, 'forward',
                           wraps=model.student.backbone.forward) as tower:
        model.predict(inputs, views(1))
    assert tower.call_count == 1  # both networks share it


def test_bad_choices_are_named(detector):
    with pytest.raises(ValueError, match="predict_on='ema'.*student"):
        DEARLi(detector, semi_test_cfg=dict(predict_on='ema'))
    with pytest.raises(ValueError, match="partner='other'.*fresh"):
        DEARLi(detector, semi_train_cfg=dict(cutmix=dict(partner='other')))


@pytest.mark.parametrize('config,meant', [
    (dict(semi_train_cfg=dict(cutmx=dict(prob=1.))), "cutmx .*'cutmix'"),
    (dict(semi_train_cfg=dict(cutmix=dict(probability=1.))),
     r"cutmix\.probability .*'prob'"),
    (dict(semi_train_cfg=dict(pseudo_label=dict(score_threshold=.5))),
     "pseudo_label.score_threshold .*'score_thr'"),
    (dict(semi_test_cfg=dict(predict='both')), "predict .*'predict_on'"),
])
def test_unknown_settings_are_named_with_what_was_meant(detector, config,
                                                        meant):
    with pytest.raises(ValueError, match=meant):
        DEARLi(detector, **config)


def test_settings_of_tests_do_not_change_pseudo_labels(detector):
    seen = []

    def found(semi_train_cfg=None, **test_cfg):
        model = DEARLi(dict(detector, test_cfg=test_cfg), semi_train_cfg)
        model.teacher.predict_queries = lambda _, settings: (seen.append(
            settings) or (torch.tensor([[[9., 0., 0., 0.]]]),
                          torch.full((1, 1, 16, 16), 9.)))
        label, = model.pseudo_label(torch.zeros(1, 3, *SIZE), views(1))
        return label.num_segments

    assert found() == found(score_thr=2., alpha=1., overlap_thr=1.1) == 1
    assert seen[0] == seen[1] and seen[0]['alpha'] == 0.4
    assert found(dict(pseudo_label=dict(score_thr=2., alpha=0.))) == 0
    assert seen[2]['alpha'] == 0.


def test_void_may_be_left_out_of_pseudo_labels(detector):
    model = DEARLi(
        detector, semi_train_cfg=dict(pseudo_label=dict(void_on=False)))
    class_logits = torch.tensor([[[0., 1., 0., 9.]]])
    masks = torch.full((1, 1, 16, 16), 9.)
    model.teacher.predict_queries = lambda *_: (class_logits, masks)
    label, = model.pseudo_label(torch.zeros(1, 3, *SIZE), views(1))
    assert label.labels.tolist() == [1]


@pytest.mark.parametrize('network', ['both', 'student'])
def test_set_classes(model, network):
    classes = ['tree, oak', 'bush', 'cow', 'sea', 'sand']
    weak = torch.randn(1, 3, *SIZE)
    model.pseudo_label(weak, views(1))
    text = model.teacher.panoptic_head.text_classifier
    (model if network == 'both' else model.student).set_classes(classes, 3)
    counts = []
    for part in (model.student, model.teacher):
        logits, _ = part.predict_queries(weak)
        fusion = part.panoptic_fusion_head
        counts.append((logits.shape[-1] - 1, fusion.num_classes,
                       fusion.num_things_classes,
                       part.panoptic_head.num_things_classes))
    assert counts[0] == (5, 5, 3, 3)
    if network == 'both':
        assert counts[1] == counts[0]
        losses = model.loss(*batch())
        assert losses['pseudo_loss_cls'].isfinite()
    else:  # the teacher keeps its own, which agree with one another
        assert counts[1] == (3, 3, 2, 2)
        assert model.teacher.panoptic_head.text_classifier is text


@pytest.mark.parametrize('part,given', [
    ('student.', True),
    ('teacher.', True),
    ('student.backbone.', False),
    ('student.panoptic_head.pixel_decoder.', False),
])
def test_checkpoint_of_a_part(model, detector, part, given):
    """What the teacher gets, and whether it counts as given weights."""
    other = DEARLi(detector)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.add_(1.)
    state = {
        name: value
        for name, value in other.state_dict().items() if name.startswith(part)
    }
    model.load_state_dict(state, strict=False)
    student, teacher = model.student.state_dict(), model.teacher.state_dict()
    for name, value in teacher.items():
        assert torch.equal(value, student[name]), name
        if f'student.{name}' in state:
            assert torch.equal(value, state[f'student.{name}']), name
    assert model.teacher_is_given is given


def test_teacher_is_given_what_a_warm_up_trains(model):
    state = {
        name: value
        for name, value in model.state_dict().items() if
        not any(part in name
                for part in ('cls_embed', 'void_embedding', 'logit_scale'))
    }
    assert not model.teacher_is_given
    model.load_state_dict(state, strict=False)
    assert model.teacher_is_given


def test_models_are_pickled_and_copied(model, tmp_path):
    inputs, samples = batch(1, 1)
    torch.save(model, tmp_path / 'model.pt')
    loaded = torch.load(tmp_path / 'model.pt', weights_only=False)
    for other in (loaded, copy.deepcopy(model)):
        assert other.teacher.backbone is other.student.backbone
        torch.manual_seed(5)
        expected = model.loss(inputs, samples)
        torch.manual_seed(5)
        for name, value in other.loss(inputs, samples).items():
            assert torch.equal(value, expected[name]), name


def test_training_goes_on_after_inference_mode(detector):
    model = DEARLi(detector)  # the text classifier is not made yet, either
    with torch.inference_mode():
        model.predict(torch.randn(1, 3, *SIZE), views(1))
        model.pseudo_label(torch.randn(1, 3, *SIZE), views(1))
    losses = model.loss(*batch())
    sum(v for k, v in losses.items() if 'loss' in k).backward()
    for name, parameter in model.student.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, name


def test_one_image_has_no_partner(detector):
    cutmix = DEARLi(detector).cutmix
    assert "partner='fresh'" in cutmix.check_batch_size(1)
    assert cutmix.check_batch_size(2) is None
    cutmix.prob = 0.
    assert cutmix.check_batch_size(1) is None


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
