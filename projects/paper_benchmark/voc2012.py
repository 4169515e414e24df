# The grid of ade20k.py on Pascal VOC 2012; the paper has no such table.
_base_ = './ade20k.py'

title = 'DEARLi on Pascal VOC 2012'
work_dir = 'work_dirs/benchmark_voc2012'
claims = 'projects/paper_benchmark/claims_voc2012.yaml'

_data = 'data/VOCdevkit/VOC2012'
_setting = 'voc2012-{fraction}-512x512.py'

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
        config='configs/dearli/dearli_clip-convnext-b_1xb8+8-80k_' + _setting))

fractions = {
    '_delete_': True,
    '1-16': dict(labeled=92),
    '1-8': dict(labeled=183),
    '1-4': dict(labeled=366),
    '1-2': dict(labeled=732),
    'full': dict(labeled=1464),
}

prepare = {
    # Of the training images alone: JPEGImages holds those of validation, too.
    'masks': dict(
        command='{python} tools/sam_masks.py '
        'configs/_base_/datasets/voc2012_panoptic.py {output} '
        '--dataset train_set '
        '--generator sam --checkpoint weights/sam_vit_h_4b8939.pth',
        output=f'{_data}/sam_masks/trainaug'),
    'warm-up': dict(
        config='configs/sam_warmup/'
        'sam-warmup_clip-convnext-b_1xb16-160k_voc2012-512x512.py'),
}
