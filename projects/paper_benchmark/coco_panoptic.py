# The paper's COCO panoptic table: four methods, five numbers of labels.
# docs/benchmark.md tells what it needs and how to run it on a cluster.
title = 'DEARLi on COCO panoptic'
work_dir = 'work_dirs/benchmark_coco-panoptic'

_data = 'data/coco'
_setting = 'coco-panoptic-{fraction}-512x512.py'

methods = dict(
    supervised=dict(
        label='Supervised',
        config='configs/baselines/supervised_clip-convnext-b_1xb8-80k_' +
        _setting),
    mean_teacher=dict(
        label='Mean teacher',
        config='configs/baselines/'
        'mean-teacher_clip-convnext-b_1xb8+8-80k_' + _setting),
    dear=dict(
        label='DEAR',
        config='configs/dear/dear_clip-convnext-b_1xb8+8-80k_' + _setting),
    dearli=dict(
        label='DEARLi',
        config='configs/dearli/dearli_clip-convnext-b_1xb8+8-80k_' + _setting,
        needs=['warm-up'],
        cfg_options={'custom_hooks.0.checkpoint': '{warm-up}'}))

fractions = {
    '1-512': dict(labeled=232),
    '1-256': dict(labeled=463),
    '1-128': dict(labeled=925),
    '1-64': dict(labeled=1849),
    '1-32': dict(labeled=3697),
}
seeds = [0]

prepare = {
    # Masks of all training images; goes on where it was stopped.
    'masks': dict(
        command='{python} tools/sam_masks.py ' + _data + '/train2017 '
        '{output} --generator sam --checkpoint weights/sam_vit_h_4b8939.pth',
        output=f'{_data}/sam_masks/train2017'),
    'warm-up': dict(
        config='configs/sam_warmup/'
        'sam-warmup_clip-convnext-b_1xb16-160k_coco-512x512.py',
        needs=['masks'],
        output='{work_dir}/iter_160000.pth'),
}
