# The mean teacher on CamVid that is told the true classes of its segments.
_base_ = ('../../../configs/mmseg/'
          'dearli_tiny-clip_1xb4+4-1500_camvid-12-128x128.py')
custom_imports = dict(
    imports=['dearli_mm', 'projects.toy_world', 'mini_benchmark.oracle'],
    allow_failed_imports=False)

model = dict(type='OracleTeacher', knows='names')
annotated_view = _base_.train_dataloader.unlabeled.dataset.weak
annotated_view.insert(1, dict(
    type='LoadSemanticSegments',
    num_classes=_base_.num_classes,
    void_labels=[_base_.void_label]))
train_dataloader = dict(
    unlabeled=dict(
        dataset=dict(type='AnnotatedViewsDataset', weak=annotated_view)))

del annotated_view
