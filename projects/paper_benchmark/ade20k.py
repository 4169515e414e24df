# The paper's ADE20K table: four methods, five numbers of labels.
#   python tools/benchmark.py projects/paper_benchmark/ade20k.py --dry-run
# docs/benchmark.md tells what it needs and how to run it on a cluster.
title = 'DEARLi on ADE20K'
work_dir = 'work_dirs/benchmark_ade20k'
claims = 'projects/paper_benchmark/claims.yaml'

_data = 'data/ADEChallengeData2016'
_setting = 'ade20k-{fraction}-640x640.py'

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
    '1-128': dict(labeled=158),
    '1-64': dict(labeled=316),
    '1-32': dict(labeled=632),
    '1-16': dict(labeled=1263),
    '1-8': dict(labeled=2526),
}
seeds = [0]

prepare = {
    # Masks of all training images; goes on where it was stopped.
    'masks': dict(
        command='{python} tools/sam_masks.py ' + _data + '/images/training '
        '{output} --generator sam --checkpoint weights/sam_vit_h_4b8939.pth',
        output=f'{_data}/sam_masks/training'),
    'warm-up': dict(
        config='configs/sam_warmup/'
        'sam-warmup_clip-convnext-b_1xb16-160k_ade20k-640x640.py',
        needs=['masks'],
        output='{work_dir}/iter_160000.pth'),
}
