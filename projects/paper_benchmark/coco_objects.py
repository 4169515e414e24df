# The paper's COCO-Objects table. The warm-up is that of coco_panoptic.py,
# which comes first: the images, and so the masks, are the same.
_base_ = './coco_panoptic.py'

title = 'DEARLi on COCO-Objects'
work_dir = 'work_dirs/benchmark_coco-objects'
claims = 'projects/paper_benchmark/claims_coco_objects.yaml'

_setting = 'coco-objects-{fraction}-512x512.py'

methods = dict(
    supervised=dict(
        config='configs/baselines/supervised_clip-convnext-b_1xb8-80k_' +
        _setting),
    mean_teacher=dict(
        config='configs/baselines/'
        'mean-teacher_clip-convnext-b_1xb8+8-80k_' + _setting),
    dear=dict(
        config='configs/dear/dear_clip-convnext-b_1xb8+8-80k_' + _setting),
    dearli=dict(
        config='configs/dearli/dearli_clip-convnext-b_1xb8+8-80k_' + _setting,
        needs=[],
        cfg_options={
            'custom_hooks.0.checkpoint':
            'work_dirs/benchmark_coco-panoptic/prepare/warm-up/'
            'iter_160000.pth'
        }))
prepare = dict(_delete_=True)
