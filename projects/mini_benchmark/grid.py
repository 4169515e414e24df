# The mini benchmark: four methods, 12 and 50 of 800 labelled scenes.
#   export PYTHONPATH=projects/mini_benchmark
#   python tools/benchmark.py projects/mini_benchmark/grid.py --dry-run
# The README says what it needs.
title = 'Mini benchmark: photographs, CPU'
work_dir = 'work_dirs/mini_benchmark'

_data = 'data/mini_benchmark'
_configs = 'projects/mini_benchmark/configs/'
_one_loader = {'train_dataloader.dataset.split': '{split}'}
_two_loaders = {
    'train_dataloader.labeled.dataset.split': '{split}',
    'train_dataloader.unlabeled.dataset.split': '{split}'
}

methods = dict(
    supervised=dict(
        label='Supervised',
        config=_configs + 'supervised.py',
        cfg_options=_one_loader),
    mean_teacher=dict(
        label='Mean teacher',
        config=_configs + 'mean-teacher.py',
        cfg_options=_two_loaders),
    dear=dict(
        label='DEAR', config=_configs + 'dear.py', cfg_options=_two_loaders),
    dearli=dict(
        label='DEARLi',
        config=_configs + 'dearli.py',
        needs=['warm-up'],
        cfg_options={
            **_two_loaders, 'custom_hooks.0.checkpoint': '{warm-up}'
        }))
fractions = {
    '12': dict(labeled=12, values=dict(split=_configs + 'splits/12.txt')),
    '50': dict(
        labeled=50,
        seeds=[0],
        values=dict(split=_configs + 'splits/50.txt')),
}
seeds = [0, 1]
prepare = {
    'masks': dict(
        command='{python} tools/sam_masks.py ' + _data + '/train/images '
        '{output} --generator felzenszwalb --sigma 0.8 --min-size 0.02',
        output='data/mini_benchmark_masks/train'),
    'warm-up': dict(
        config=_configs + 'warm-up.py',
        needs=['masks'],
        output='{work_dir}/iter_1000.pth'),
}
