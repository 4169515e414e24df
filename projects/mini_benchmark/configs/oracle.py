# The mean teacher that is told the true classes of its segments: an experiment
# on what its pseudo-labels lack. `model.knows='segments'` tells it everything.
_base_ = './mean-teacher.py'
custom_imports = dict(
    imports=['dearli_mm', 'mini_benchmark', 'mini_benchmark.oracle'],
    allow_failed_imports=False)

model = dict(type='OracleTeacher', knows='names')
annotated_view = _base_.train_dataloader.unlabeled.dataset.weak
annotated_view.insert(1, dict(type='LoadPanopticSegments'))
train_dataloader = dict(
    unlabeled=dict(
        dataset=dict(type='AnnotatedViewsDataset', weak=annotated_view)))

del annotated_view
