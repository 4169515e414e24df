# DEARLi after a warm-up on the true segments, four times as long as that of
# grid.py: what masks can give at most.
#   python tools/benchmark.py projects/mini_benchmark/true_masks_grid.py
title = 'Mini benchmark: a warm-up on true segments'
work_dir = 'work_dirs/mini_benchmark_true-masks'

_data = 'data/mini_benchmark'
_configs = 'projects/mini_benchmark/configs/'
_options = {
    'train_dataloader.labeled.dataset.split': '{split}',
    'train_dataloader.unlabeled.dataset.split': '{split}',
    'custom_hooks.0.checkpoint': '{warm-up}'
}

methods = dict(
    dearli=dict(
        label='DEARLi, true masks',
        config=_configs + 'dearli.py',
        needs=['warm-up'],
        cfg_options=_options),
    no_void=dict(
        label='... without void on pseudo-labels',
        config=_configs + 'dearli.py',
        needs=['warm-up'],
        cfg_options={
            **_options, 'model.semi_train_cfg.pseudo_void_weight': 0.0
        }))
fractions = {
    '12': dict(labeled=12, values=dict(split=_configs + 'splits/12.txt'))
}
seeds = [0, 1]
prepare = {
    'masks': dict(
        command='{python} projects/mini_benchmark/true_masks.py '
        + _data + '/train {output}',
        output='data/mini_benchmark_masks/true'),
    'warm-up': dict(
        config=_configs + 'warm-up.py',
        needs=['masks'],
        cfg_options={
            'train_dataloader.dataset.data_prefix.masks': '{masks}/',
            'train_cfg.max_iters': 4000,
            'param_scheduler.0.end': 4000
        },
        output='{work_dir}/iter_4000.pth'),
}
