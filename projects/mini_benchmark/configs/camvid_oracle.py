# The mean teacher on CamVid that is told the true classes of its segments.
_base_ = './camvid_mean-teacher.py'
custom_imports = dict(
    imports=['dearli_mm', 'mini_benchmark', 'mini_benchmark.oracle'],
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
