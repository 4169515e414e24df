# What pseudo-labels lack: the mean teacher, told the names of its segments, as
# it is and from the warm-up, which grid.py makes.
#   python tools/benchmark.py projects/mini_benchmark/oracle_grid.py
title = 'Mini benchmark: pseudo-labels with true names'
work_dir = 'work_dirs/mini_benchmark_oracle'

_configs = 'projects/mini_benchmark/configs/'
_splits = {
    'train_dataloader.labeled.dataset.split': '{split}',
    'train_dataloader.unlabeled.dataset.split': '{split}'
}

methods = dict(
    names=dict(
        label='Mean teacher, true names',
        config=_configs + 'oracle.py',
        cfg_options=_splits),
    names_warm_up=dict(
        label='... from the warm-up',
        config=_configs + 'oracle_dearli.py',
        cfg_options=_splits))
fractions = {
    '12': dict(labeled=12, values=dict(split=_configs + 'splits/12.txt'))
}
seeds = [0, 1]
