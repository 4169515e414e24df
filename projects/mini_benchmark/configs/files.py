# How the files of the mini benchmark are made: preflight tells it for what is
# missing. Commands are run from the top folder, in this order.
how_to_get = {
    'data/mini_benchmark':
    'python projects/mini_benchmark/make_scenes.py',
    'data/mini_benchmark/clip':
    'PYTHONPATH=projects/mini_benchmark '
    'python projects/mini_benchmark/train_clip.py',
    'data/mini_benchmark_masks/train':
    'python tools/sam_masks.py data/mini_benchmark/train/images '
    'data/mini_benchmark_masks/train --generator felzenszwalb --sigma 0.8 '
    '--min-size 0.02',
}
