# The paper's network: a GPU, batch 8 + 8 crops of 640, and the weights of CLIP
# at the path that configs/_base_/models/dearli_clip-convnext-b.py names.
_base_ = [
    '../../../configs/_base_/models/dearli_clip-convnext-b.py',
    './my_photos.py', '../../../configs/_base_/schedules/adamw_poly_80k.py',
    '../../../configs/_base_/default_runtime.py'
]
crop = 640
max_iters = 20000

model = dict(
    detector=dict(
        panoptic_head=dict(
            num_things_classes=_base_.num_things,
            num_stuff_classes=_base_.num_stuff,
            text_classifier=dict(classes=_base_.class_prompts)),
        panoptic_fusion_head=dict(
            num_things_classes=_base_.num_things,
            num_stuff_classes=_base_.num_stuff)))
train_cfg = dict(max_iters=max_iters, val_interval=2000)
param_scheduler = [dict(type='PolyLR', eta_min=0, power=0.9, begin=0,
                        end=max_iters, by_epoch=False)]

# Pipelines hold the size of the crop: name it where it is used.
labeled_pipeline = _base_.labeled_pipeline
labeled_pipeline[2].size = crop
weak_view = _base_.weak_view
weak_view[1].size = crop
test_pipeline = _base_.test_pipeline
test_pipeline[1].scale = (4 * crop, crop)
train_dataloader = dict(
    labeled=dict(
        batch_size=8,
        num_workers=4,
        dataset=dict(dataset=dict(pipeline=labeled_pipeline))),
    unlabeled=dict(
        batch_size=8, num_workers=4, dataset=dict(weak=weak_view)))
val_dataloader = dict(dataset=dict(dataset=dict(pipeline=test_pipeline)))
test_dataloader = val_dataloader
