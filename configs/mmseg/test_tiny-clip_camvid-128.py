# `mim test mmsegmentation`: mmseg's own IoUMetric for checkpoints that the
# two configs of mmdet beside this one have trained.
_base_ = [
    '../_base_/models/dearli_tiny-clip.py',
    '../_base_/datasets/camvid_mmseg.py', '../_base_/mmseg_runtime.py'
]
custom_imports = dict(
    imports=['dearli_mm', 'dearli_mm.mmseg', 'projects.toy_world'],
    allow_failed_imports=False)

detector = _base_.model.detector
detector.panoptic_head.update(
    num_things_classes=0, num_stuff_classes=_base_.num_classes)
detector.panoptic_head.text_classifier.classes = _base_.class_prompts
detector.panoptic_fusion_head.update(
    num_things_classes=0, num_stuff_classes=_base_.num_classes)
detector.test_cfg.alpha = 0.0  # as in training

model = dict(
    _delete_=True,
    type='DEARLiSegmentor',
    network='student',  # or 'teacher', where the checkpoint has both
    detector=detector,
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=_base_.model.data_preprocessor.data_preprocessor.mean,
        std=_base_.model.data_preprocessor.data_preprocessor.std,
        bgr_to_rgb=True,
        test_cfg=dict(size_divisor=32)))
test_cfg = dict(type='TestLoop')
train_dataloader = None  # it only tests
val_dataloader = None
val_evaluator = None

# A child could change this name, but nothing by it.
del detector
