"""Every config of the zoo holds the numbers that its name promises."""
import pytest
from config_names import load, spec_of, zoo

LABELED = {
    'ade20k': {'1-128': 158, '1-64': 316, '1-32': 632, '1-16': 1263,
               '1-8': 2526},
    'coco': {'1-512': 232, '1-256': 463, '1-128': 925, '1-64': 1849,
             '1-32': 3697},
    'cityscapes': {'1-30': 100, '1-16': 186, '1-8': 372, '1-4': 744,
                   '1-2': 1488},
    'voc2012': {'1-16': 92, '1-8': 183, '1-4': 366, '1-2': 732,
                'full': 1464},
}
DATA = {  # things, stuff, crop, dataset class, folder, its annotation files
    'ade20k': (100, 50, 640, 'ADE20K150PanopticDataset',
               'data/ADEChallengeData2016/', 'ade20k_panoptic_{}.json'),
    'coco-panoptic': (80, 53, 512, 'COCOPanopticDataset', 'data/coco/',
                      'annotations/panoptic_{}2017.json'),
    'coco-objects': (80, 1, 512, 'COCOObjectsPanopticDataset', 'data/coco/',
                     'annotations/panoptic_objects_{}2017.json'),
    'cityscapes': (8, 11, 768, 'CityscapesPanopticDataset',
                   'data/cityscapes/', 'cityscapes_panoptic_{}.json'),
    'voc2012': (20, 1, 512, 'VOC2012PanopticDataset',
                'data/VOCdevkit/VOC2012/', 'voc2012_panoptic_{}.json'),
}
TRAIN = {'voc2012': 'trainaug'}  # name of the training part; else train
# Where test images are larger than crops, and training's short sides with
# them: those of the images times 0.5 to 2.
TEST_SIDE = {'cityscapes': 1024}
JITTER = {'cityscapes': dict(
    scales=[1024 * k / 10 / 768 for k in range(5, 21)], max_long=16 / 3)}
NETWORKS = {  # channels, model and weights of CLIP
    'clip-convnext-b': ([128, 256, 512, 1024], 'convnext_base_w_320',
                        'laion_aesthetic_s13b_b82k_augreg'),
    'clip-convnext-l': ([192, 384, 768, 1536], 'convnext_large_d_320',
                        'laion2b_s29b_b131k_ft_soup'),
    'r50': ([256, 512, 1024, 2048], 'convnext_base_w_320',
            'laion_aesthetic_s13b_b82k_augreg'),
}
SEMI = ('dear', 'dearli', 'mean-teacher')
ALPHA = {'dear': 0.4, 'dearli': 0.4, 'zero-shot': 1.0}  # else 0
MEAN = {'r50': [123.675, 116.28, 103.53]}
STD = {'r50': [58.395, 57.12, 57.375]}
CLIP_MEAN = [122.7709383, 116.7460125, 104.09373615]
CLIP_STD = [68.5005327, 66.6321579, 70.32316305]


@pytest.fixture(params=zoo(), ids=lambda path: path.stem)
def case(request):
    return spec_of(request.param), load(request.param), request.param


def test_the_zoo_is_complete():
    found = {(s.method, s.network, s.data, s.fraction)
             for s in map(spec_of, zoo())}
    expected = {('sam-warmup', n, d, None)
                for n, d in (('clip-convnext-b', 'ade20k'),
                             ('clip-convnext-b', 'coco-panoptic'),
                             ('clip-convnext-b', 'cityscapes'),
                             ('clip-convnext-b', 'voc2012'),
                             ('clip-convnext-l', 'ade20k'))}
    expected |= {(method, 'clip-convnext-l', 'ade20k', '1-128')
                 for method in ('dear', 'dearli')}
    for data in DATA:
        expected.add(('zero-shot', 'clip-convnext-b', data, None))
        for fraction in LABELED[data.split('-')[0]]:
            expected |= {
                (method, 'clip-convnext-b', data, fraction)
                for method in (*SEMI, 'supervised')
            }
            expected.add(('mean-teacher', 'r50', data, fraction))
    assert found == expected


def test_schedule(case):
    spec, config, _ = case
    assert config.val_cfg.type == 'ValLoop'
    assert config.test_cfg.type == 'TestLoop'
    if spec.method == 'zero-shot':
        assert spec.batch is None and config.train_dataloader is None
        assert 'train_cfg' not in config and 'optim_wrapper' not in config
        return
    steps = 160000 if spec.method == 'sam-warmup' else 80000
    loop = 'SemiSupTrainLoop' if spec.method in SEMI else 'ResumableTrainLoop'
    assert config.train_cfg == dict(
        type=loop, max_iters=steps, val_interval=20000)
    wrapper = config.optim_wrapper
    assert wrapper.type == 'OptimWrapper'  # full precision
    assert wrapper.optimizer.type == 'AdamW'
    assert wrapper.optimizer.lr == 1e-4
    assert wrapper.optimizer.weight_decay == 0.05
    assert wrapper.clip_grad == dict(max_norm=0.01, norm_type=2)
    no_decay = dict(norm_decay_mult=0.0, embedding_decay_mult=0.0)
    if spec.network == 'r50':
        no_decay['custom_keys'] = dict(backbone=dict(lr_mult=0.1))
    assert wrapper.paramwise_cfg == no_decay
    assert config.param_scheduler == [
        dict(type='PolyLR', eta_min=0, power=0.9, begin=0, end=steps,
             by_epoch=False)
    ]


def test_batches(case):
    spec, config, _ = case
    if spec.method == 'zero-shot':
        return
    sizes = {
        '1xb8+8-80k': {'labeled': 8, 'unlabeled': 8},
        '1xb8-80k': {'labeled': 8},
        '1xb16-160k': {'masks': 16},
    }[spec.batch]
    parts = config.train_dataloader
    if spec.method not in SEMI:
        parts = {next(iter(sizes)): parts}
    assert {name: part.batch_size for name, part in parts.items()} == sizes
    assert config.auto_scale_lr.base_batch_size == next(iter(sizes.values()))
    for name, part in parts.items():
        assert part.sampler.type == 'ResumableInfiniteSampler'
        if name != 'masks':
            assert part.dataset.type == 'SemiSupPanopticDataset'
            assert part.dataset.role == name


def sized(view, spec, **kwargs):
    """A training view at the size of the data."""
    return dict(type=view, size=spec.crop, **JITTER.get(spec.data, {}),
                **kwargs)


def test_training_images(case):
    spec, config, path = case
    things, stuff, crop, dataset, root, annotations = DATA[spec.data]
    assert spec.crop == crop
    if spec.method == 'zero-shot':
        return
    if spec.method == 'sam-warmup':
        source = config.train_dataloader.dataset
        assert (source.type, source.data_root) == ('SAMSegmentsDataset', root)
        view, = source.pipeline
        assert view == sized('WarmUpView', spec, max_masks=200)
        assert view.max_masks >= config.model.panoptic_head.num_queries
        return
    count = LABELED[spec.data.split('-')[0]][spec.fraction]
    assert f'{count:,} '.replace(',', ' ') in path.read_text()
    folder = count if spec.data == 'voc2012' else \
        spec.fraction.replace('-', '_')
    split = f'{root}splits/{folder}/labeled.txt'
    parts = config.train_dataloader
    parts = parts.values() if spec.method in SEMI else [parts]
    for part in parts:
        assert part.dataset.split == split
        source = part.dataset.dataset
        assert (source.type, source.data_root) == (dataset, root)
        assert source.ann_file == annotations.format(
            TRAIN.get(spec.data, 'train'))
        if part.dataset.role == 'labeled':
            assert source.pipeline == [sized('LabeledView', spec)]
        else:
            assert part.dataset.weak == [
                dict(type='LoadAnyImage'),
                sized('RandomScaleCropFlip', spec)
            ]
            assert part.dataset.strong == [
                dict(type='StrongPhotometricAugment')]


def test_validation(case):
    spec, config, _ = case
    _, _, crop, dataset, root, annotations = DATA[spec.data]
    assert config.test_dataloader == config.val_dataloader
    assert config.test_evaluator == config.val_evaluator
    source = config.val_dataloader.dataset
    assert (source.type, source.data_root) == (dataset, root)
    assert source.ann_file == annotations.format('val')
    load = dict(type='LoadAnyImage')
    side = TEST_SIDE.get(spec.data, crop)
    assert source.pipeline == [load, dict(type='TestView', size=side)]
    assert config.tta_pipeline == [
        load, dict(type='TestTimeViews', size=side)]
    evaluators = config.val_evaluator
    if spec.method == 'sam-warmup':
        assert evaluators == [dict(type='ClassAgnosticRecall')]
        return
    prefixes = ['student', 'teacher'] if spec.method in SEMI else ['student']
    assert [e.prefix for e in evaluators] == prefixes
    assert {e.type for e in evaluators} == {'PanopticMetric'}
    assert [e.get('prediction') for e in evaluators] == [
        None, 'teacher'][:len(prefixes)]
    semantic = root + 'ade20k_semantic_val/' if spec.data == 'ade20k' else None
    assert {e.get('semantic_prefix') for e in evaluators} == {semantic}


def test_hooks(case):
    spec, config, _ = case
    hooks = [hook.type for hook in config.custom_hooks]
    if spec.method not in SEMI:
        assert hooks == []
        return
    ema = next(h for h in config.custom_hooks if h.type == 'EMATeacherHook')
    assert ema == dict(type='EMATeacherHook', decay=0.999, ramp='auto')
    warmed_up = 'SAMWarmupHook' in hooks
    assert warmed_up == (spec.method == 'dearli')
    if warmed_up:
        hook = config.custom_hooks[hooks.index('SAMWarmupHook')]
        images = spec.data.split('-')[0]
        assert hook.required and hook.checkpoint == (
            f'work_dirs/sam-warmup_{spec.network}_{images}/iter_160000.pth')


def test_network(case):
    spec, config, _ = case
    model = config.model
    network = model.detector if spec.method in SEMI else model
    assert model.type == ('DEARLi' if spec.method in SEMI else
                          'CLIPMask2Former')
    assert network.type == 'CLIPMask2Former'
    head, encoder = network.panoptic_head, \
        network.panoptic_head.pixel_decoder.encoder
    channels, clip, weights = NETWORKS[spec.network]
    assert head.in_channels == channels
    assert (head.num_queries, head.feat_channels, head.out_channels) == (
        200, 256, 256)
    assert head.transformer_decoder.num_layers == 9
    assert encoder.num_layers == 6
    assert encoder.layer_cfg.ffn_cfg.feedforward_channels == 1024
    ffn = head.transformer_decoder.layer_cfg.ffn_cfg
    assert ffn.feedforward_channels == 2048
    if spec.network == 'r50':
        assert network.backbone.init_cfg.checkpoint == \
            'weights/resnet50-0676ba61.pth'
        assert (network.backbone.type, network.backbone.depth) == ('ResNet',
                                                                   50)
        image_clip = head.text_classifier
    else:
        assert network.backbone.type == 'OpenCLIPBackbone'
        assert network.backbone.frozen
        image_clip = network.backbone
    assert image_clip.model_name == clip
    assert image_clip.pretrained == f'weights/{clip}_{weights}.safetensors'
    pixels = model.data_preprocessor.get('data_preprocessor',
                                         model.data_preprocessor)
    assert pixels.mean == MEAN.get(spec.network, CLIP_MEAN)
    assert pixels.std == STD.get(spec.network, CLIP_STD)
    assert pixels.bgr_to_rgb and pixels.pad_size_divisor == 32


def test_losses_and_inference(case):
    spec, config, _ = case
    model = config.model
    network = model.detector if spec.method in SEMI else model
    head = network.panoptic_head
    cls_weight = 0.0 if spec.method == 'sam-warmup' else 2.0
    assert head.loss_weights == dict(cls=cls_weight, mask=5.0, dice=5.0)
    assert head.get('match_weights') is None  # those of the losses
    assert head.void_weight == 0.1
    assert network.train_cfg == dict(
        num_points=12544,
        oversample_ratio=3.0,
        importance_sample_ratio=0.75)
    inference = network.test_cfg
    assert inference.alpha == ALPHA.get(spec.method, 0.0)
    if spec.method == 'sam-warmup':
        return
    assert not inference.ensemble_on_valid_masks
    assert (inference.score_thr, inference.overlap_thr) == (0.0, 0.8)
    # The zero-shot baseline's void was never trained.
    assert inference.get('void_on', True) == (spec.method != 'zero-shot')
    if spec.method in SEMI:
        assert model.semi_train_cfg == dict(
            labeled_weight=1.0,
            pseudo_weight=1.0,
            # As evaluation, whose settings are its own.
            pseudo_label=dict(alpha=ALPHA.get(spec.method, 0.0),
                              ensemble_on_valid_masks=False,
                              score_thr=0.0, overlap_thr=0.8),
            cutmix=dict(prob=0.5, area=(0.02, 0.4), aspect=(0.3, 1 / 0.3),
                        partner='batch'))
        assert model.semi_test_cfg == dict(predict_on='both')


def test_classes(case):
    spec, config, _ = case
    model = config.model
    network = model.detector if spec.method in SEMI else model
    things, stuff = (1, 0) if spec.method == 'sam-warmup' else \
        DATA[spec.data][:2]
    for part in (network.panoptic_head, network.panoptic_fusion_head):
        assert (part.num_things_classes, part.num_stuff_classes) == (things,
                                                                     stuff)
    text = network.panoptic_head.text_classifier
    assert len(text.classes) == things + stuff
    assert text.templates == 'vild'
