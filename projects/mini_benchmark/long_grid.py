# The mini benchmark four times as long, with 12 labelled scenes, from the
# warm-up of grid.py.
#   python tools/benchmark.py projects/mini_benchmark/long_grid.py --jobs 2
title = 'Mini benchmark: photographs, CPU, 6000 steps'
work_dir = 'work_dirs/mini_benchmark_long'

_configs = 'projects/mini_benchmark/configs/'
_longer = {
    'train_cfg.max_iters': 6000,
    'train_cfg.val_interval': 1500,
    'param_scheduler.0.end': 6000
}

methods = {
    name: dict(label=label, config=f'{_configs}{name}.py', cfg_options=_longer)
    for name, label in (('supervised', 'Supervised'),
                        ('mean-teacher', 'Mean teacher'), ('dear', 'DEAR'),
                        ('dearli', 'DEARLi'))
}
fractions = {'12': dict(labeled=12)}
seeds = [0]
