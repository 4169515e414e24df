# CamVid, 12 of 367 images labelled, on the trunk of the mini benchmark:
# supervised, the mean teacher, and the same from a warm-up.
#   export PYTHONPATH=projects/mini_benchmark
#   python tools/benchmark.py projects/mini_benchmark/camvid.py --dry-run
title = 'CamVid, 12 labelled images'
work_dir = 'work_dirs/benchmark_camvid'

_configs = 'projects/mini_benchmark/configs/camvid_'
methods = dict(
    supervised=dict(label='Supervised', config=_configs + 'supervised.py'),
    mean_teacher=dict(
        label='Mean teacher', config=_configs + 'mean-teacher.py'),
    dearli=dict(
        label='DEARLi',
        config=_configs + 'dearli.py',
        needs=['warm-up'],
        cfg_options={'custom_hooks.0.checkpoint': '{warm-up}'}),
    names=dict(
        label='Mean teacher, true names', config=_configs + 'oracle.py'))
fractions = {'12': dict(labeled=12)}
seeds = [0]
prepare = {
    'masks': dict(
        command='{python} tools/sam_masks.py data/camvid/train/images '
        '{output} --generator felzenszwalb --mean-shift 10 --sigma 0.5 '
        '--min-size 0.02',
        output='data/camvid_masks/train'),
    'warm-up': dict(
        config='projects/mini_benchmark/configs/camvid_warm-up.py',
        needs=['masks'],
        output='{work_dir}/iter_1000.pth'),
}
