# CamVid, 12 of 367 images labelled: supervised against DEARLi with what is in
# a clone, the toy world's CLIP and masks of the generator without weights; the
# mean teacher alone, also with the true names of its segments.
#   export PYTHONPATH=projects/mini_benchmark
#   python tools/benchmark.py projects/mini_benchmark/camvid.py --dry-run
title = 'CamVid, 12 labelled images'
work_dir = 'work_dirs/benchmark_camvid'

methods = dict(
    supervised=dict(
        label='Supervised',
        config='configs/mmseg/'
        'supervised_tiny-clip_1xb4-1500_camvid-12-128x128.py'),
    dearli=dict(
        label='DEARLi',
        config='projects/mini_benchmark/configs/camvid_dearli.py',
        needs=['warm-up'],
        cfg_options={'custom_hooks.0.checkpoint': '{warm-up}'}),
    mean_teacher=dict(
        label='Mean teacher',
        config='configs/mmseg/'
        'dearli_tiny-clip_1xb4+4-1500_camvid-12-128x128.py'),
    names=dict(
        label='Mean teacher, true names',
        config='projects/mini_benchmark/configs/camvid_oracle.py'))
fractions = {'12': dict(labeled=12)}
seeds = [0]
prepare = {
    'masks': dict(
        command='{python} tools/sam_masks.py data/camvid/train/images '
        '{output} --generator felzenszwalb',
        output='data/camvid_masks/train'),
    'warm-up': dict(
        config='projects/mini_benchmark/configs/camvid_warm-up.py',
        needs=['masks'],
        output='{work_dir}/iter_1000.pth'),
}
