# Which 12 to label: those of choose_to_label.py against three random draws,
# three seeds, after grid.py's data and CLIP have been made.
#   export PYTHONPATH=projects/mini_benchmark
#   python tools/benchmark.py projects/mini_benchmark/choice_grid.py --jobs 2
# The choice does not depend on a seed, its trainings do.
title = 'Mini benchmark: which 12 scenes are labelled'
work_dir = 'work_dirs/mini_benchmark_choice'

_train = 'data/mini_benchmark/train'
_clip = 'data/mini_benchmark/clip/dearli_mini.safetensors'
_configs = 'projects/mini_benchmark/configs/'
_number = 12

methods = dict(
    supervised=dict(
        label='Supervised',
        config=_configs + 'supervised.py',
        needs=['covering', 'distant', 'draw-0', 'draw-1', 'draw-2'],
        cfg_options={'train_dataloader.dataset.split': '{split}'}),
    dear=dict(
        label='DEAR',
        config=_configs + 'dear.py',
        needs=['covering', 'distant', 'draw-0', 'draw-1', 'draw-2'],
        cfg_options={
            'train_dataloader.labeled.dataset.split': '{split}',
            'train_dataloader.unlabeled.dataset.split': '{split}'
        }))
fractions = {
    'coverage': dict(labeled=_number, values=dict(
        split=f'{work_dir}/prepare/covering/list.txt')),
    'k-centre': dict(labeled=_number, values=dict(
        split=f'{work_dir}/prepare/distant/list.txt')),
    **{
        f'random-{seed}': dict(labeled=_number, seeds=[seed], values=dict(
            split=f'{work_dir}/prepare/draw-{seed}/list.txt'))
        for seed in (0, 1, 2)
    }
}
seeds = [0, 1, 2]

_choose = '{python} tools/analysis/choose_to_label.py ' + _train + \
    f'/images --num {_number} --out {{output}} --import mini_benchmark ' \
    f'--clip {_clip} --clip-model dearli_mini --method '
prepare = {
    'covering': dict(
        command=_choose + 'coverage', output='{work_dir}/list.txt'),
    'distant': dict(
        command=_choose + 'k-centre', output='{work_dir}/list.txt'),
    **{
        f'draw-{seed}': dict(
            command='{python} tools/dataset_converters/make_split.py ' +
            f'{_train}/panoptic.json --number {_number} --seed {seed} '
            '--out {output}',
            output='{work_dir}/list.txt')
        for seed in (0, 1, 2)
    }
}
