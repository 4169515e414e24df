"""The configs of a run, as text that people can keep and change."""
from pathlib import Path
from typing import List

from .. import __file__ as package_file
from .options import Options, class_names, label_of, panoptic_files

SHORT = 10000  # steps up to which a run is short; docs/recipes.md
MAX_BURN_IN = 500
CONFIG = '''# Written by tools/few_shot.py, and yours to change.
# docs/recipes.md tells where the settings come from.
_base_ = __import__('dearli_mm') and [  # for `mim train mmdet`
    {bases}
]
custom_imports = dict(
    imports={modules}, allow_failed_imports=False)

# ------------------------------------------------------------ edit, or inherit
photos = {photos!r}
labeled = {labeled!r}
crop = {crop}  # side of the training crop, and short side at test

# ----------------------------------------------------------------- the classes
thing_classes = {things}
stuff_classes = {stuff}
# What CLIP reads: things first, commas between synonyms. More words help.
class_prompts = [
    {prompts}
]
metainfo = dict(
    classes=thing_classes + stuff_classes,
    thing_classes=thing_classes,
    stuff_classes=stuff_classes)

# ----------------------------------------------------------------- the network
model = dict(
    detector=dict(
        backbone=dict(
            model_name={clip_model!r},
            pretrained={clip!r}),
        panoptic_head=dict(
            num_things_classes=len(thing_classes),
            num_stuff_classes=len(stuff_classes),
            text_classifier=dict(classes=class_prompts)),
        panoptic_fusion_head=dict(
            num_things_classes=len(thing_classes),
            num_stuff_classes=len(stuff_classes)),
        test_cfg=dict(alpha={alpha})),
    semi_train_cfg=dict(
        # What the teacher misses is no void.
        pseudo_void_weight=0.02,
        pseudo_label=dict(alpha={alpha})))

# -------------------------------------------------------------------- the data
train_loader = dict(
    batch_size={batch_size},  # per GPU
    num_workers={workers},
    persistent_workers={persistent},
    sampler=dict(type='ResumableInfiniteSampler'))
train_dataloader = dict(
    labeled=dict(
        **train_loader,
        dataset=dict(
            type='SemiSupPanopticDataset',
            role='labeled',
            split=labeled,
            dataset=dict(
                type='PanopticDataset',
                ann_file={ann_file!r},
                data_prefix=dict(img=photos, seg={seg!r}),
                metainfo=metainfo,
                pipeline=[dict(type='LabeledView', size=crop)]))),
    unlabeled=dict(
        **train_loader,
        dataset=dict(
            type='SemiSupPanopticDataset',
            role='unlabeled',
            images=[photos],
            exclude={exclude},
            weak=[
                dict(type='LoadAnyImage'),
                dict(type='RandomScaleCropFlip', size=crop)
            ],
            strong=[dict(type='StrongPhotometricAugment')])))
test_pipeline = [
    dict(type='LoadAnyImage'),
    dict(type='TestView', size=crop)
]
{validation}
tta_pipeline = [dict(type='LoadAnyImage'),
                dict(type='TestTimeViews', size=crop)]

# ---------------------------------------------------------------- the schedule
train_cfg = dict(max_iters={steps}, val_interval={interval})
param_scheduler = [dict(type='PolyLR', eta_min=0, power=0.9, begin=0,
                        end={steps}, by_epoch=False)]
default_hooks = dict(checkpoint=dict(interval={save}{save_best}))
custom_hooks = [
{hooks}]

# A child could change these names, but nothing by them.
del photos, labeled, crop, train_loader, test_pipeline
'''
WITH_VALIDATION = '''val_dataloader = dict(
    batch_size=1,
    num_workers={workers},
    persistent_workers={persistent},
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='PanopticDataset',
        ann_file={ann_file!r},
        data_prefix=dict(img={photos!r}, seg={seg!r}),
        metainfo=metainfo,
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = [
    dict(type='PanopticMetric', prefix='student', classwise=True),
    dict(type='PanopticMetric', prefix='teacher', prediction='teacher')
]
test_evaluator = val_evaluator'''
WITHOUT_VALIDATION = '''# No photo is held out: there is no number.
val_dataloader = val_cfg = val_evaluator = None
# How images are prepared for inference, and what their classes are.
test_dataloader = dict(
    dataset=dict(
        type='PanopticDataset',
        data_prefix=dict(img=photos, seg=''),
        metainfo=metainfo,
        pipeline=test_pipeline))
test_evaluator = [dict(type='PanopticMetric', prefix='student')]'''
WARM_UP = '''# The warm-up of config.py: masks of all photos, and no labels.
_base_ = ['./config.py']

detector = _base_.model.detector
model = dict(
    _delete_=True,
    type='CLIPMask2Former',
    data_preprocessor=_base_.model.data_preprocessor.data_preprocessor,
    backbone=detector.backbone,
    panoptic_head=dict(
        detector.panoptic_head,
        text_classifier=dict(
            type='CLIPTextClassifier', classes=['object'], templates='vild'),
        num_things_classes=1,
        num_stuff_classes=0,
        loss_weights=dict(cls=0.0, mask=5.0, dice=5.0)),
    panoptic_fusion_head=dict(
        type='MaskProposalFusionHead',
        num_things_classes=1,
        num_stuff_classes=0),
    train_cfg=detector.train_cfg,
    test_cfg=dict(alpha=0.0, max_per_img=100))
del detector

train_dataloader = dict(
    _delete_=True,
    batch_size={batch_size},
    num_workers={workers},
    persistent_workers={persistent},
    sampler=dict(type='ResumableInfiniteSampler'),
    dataset=dict(
        type='SAMSegmentsDataset',
        data_prefix=dict(img={photos!r}, masks={masks!r}),
        pipeline=[dict(
            type='WarmUpView',
            size={crop},
            # There are no more queries to match masks with.
            max_masks=_base_.model.detector.panoptic_head.num_queries)]))
val_dataloader = val_cfg = val_evaluator = None
test_dataloader = test_cfg = test_evaluator = None

train_cfg = dict(
    _delete_=True, type='ResumableTrainLoop', max_iters={steps},
    val_interval={steps})
param_scheduler = [dict(type='PolyLR', eta_min=0, power=0.9, begin=0,
                        end={steps}, by_epoch=False)]
default_hooks = dict(
    checkpoint=dict(interval={save}, save_best=None),
    visualization=dict(draw=False))
custom_hooks = []
'''


def config_text(options: Options) -> str:
    """The config of training."""
    out = Path(options.out).absolute()
    things, stuff = class_names(options)
    json_path, png_folder = ann_files(options, 'labels')
    bases = [options.base, 'schedules/adamw_poly_80k.py', 'default_runtime.py']
    return CONFIG.format(
        bases=',\n    '.join(repr(base_config(name)) for name in bases),
        modules=['dearli_mm', *options.modules],
        photos=str(Path(options.photos).absolute()) + '/',
        labeled=str(out / 'labeled.txt'),
        crop=options.crop,
        things=[label_of(name) for name in things],
        stuff=[label_of(name) for name in stuff],
        prompts=',\n    '.join(map(repr, [*things, *stuff])),
        clip_model=options.clip_model,
        clip=str(Path(options.clip).expanduser().absolute()),
        alpha=options.alpha,
        **_loader(options),
        ann_file=str(json_path),
        seg=f'{png_folder}/',
        exclude=[str(out / f'{name}.txt') for name in ('labeled', 'val')
                 if name == 'labeled' or options.holds_val_photos],
        validation=_validation(options),
        steps=options.steps,
        interval=max(1, options.steps // 10),
        save=max(1, min(1000, options.steps // 10)),
        save_best='' if options.val_labels else ', save_best=None',
        hooks=_hooks(options))


def warm_up_text(options: Options) -> str:
    """The config of the warm-up, which inherits from that of training."""
    return WARM_UP.format(
        photos=str(Path(options.photos).absolute()) + '/',
        masks=str(Path(options.out).absolute() / 'masks') + '/',
        crop=options.crop,
        **dict(_loader(options), batch_size=2 * options.batch_size),
        steps=options.warm_up_steps,
        save=max(1, min(1000, options.warm_up_steps // 10)))


def ann_files(options: Options, part: str) -> List[Path]:
    """JSON file and PNG folder of ``'labels'`` or ``'val_labels'``."""
    if options.format == 'panoptic':
        json_path, _ = panoptic_files(getattr(options, part))
    else:
        json_path = Path(options.out) / part / 'panoptic.json'
    return [json_path.absolute(), json_path.with_suffix('').absolute()]


def warm_up_checkpoint(options: Options) -> Path:
    """What the warm-up leaves."""
    return Path(options.out).absolute() / 'warm-up' / \
        f'iter_{options.warm_up_steps}.pth'


def base_config(name: str) -> str:
    """A config of ``_base_``, as this installation has it.

    Args:
        name (str): Within ``_base_``, of models without the folder; or the
            path of a file.
    """
    if Path(name).is_file():
        return str(Path(name).absolute())
    if name.startswith('dearli_') and '/' not in name:
        name = f'models/{name}'
    package = Path(package_file).resolve().parent
    return f'dearli_mm::_base_/{name}' if (package / '.mim').is_dir() else \
        str(package.parent / 'configs' / '_base_' / name)


def _loader(options: Options) -> dict:
    return dict(batch_size=options.batch_size, workers=options.workers,
                persistent=options.workers > 0)


def _validation(options: Options) -> str:
    if not options.val_labels:
        return WITHOUT_VALIDATION
    json_path, png_folder = ann_files(options, 'val_labels')
    return WITH_VALIDATION.format(
        **_loader(options), ann_file=str(json_path), seg=f'{png_folder}/',
        photos=str(Path(options.val_photos).absolute()) + '/')


def _hooks(options: Options) -> str:
    """Hooks: of the warm-up if there is one, and of a short run's teacher."""
    hooks = []
    if options.masks != 'none':
        hooks.append("    dict(\n        type='SAMWarmupHook',\n"
                     f'        checkpoint={str(warm_up_checkpoint(options))!r}'
                     ',\n        required=True),\n')
    teacher = "dict(type='EMATeacherHook', decay=0.999, ramp='auto')"
    if options.steps < SHORT:
        burn_in = min(MAX_BURN_IN, options.steps // 3)
        teacher = ("dict(type='EMATeacherHook', decay=0.99, ramp='auto', "
                   f'burn_in={burn_in})')
    return ''.join([*hooks, f'    {teacher},\n',
                    "    dict(type='TeacherMonitorHook', patience=100)\n"])
