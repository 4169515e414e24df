"""The lines of docs/data.md, "Other values", change a value everywhere."""
import ast
import inspect
import re

import pytest
from config_names import ROOT, flat
from mmengine.config import Config
from mmengine.runner import Runner

LEAVES = [
    'configs/dearli/dearli_clip-convnext-b_1xb8+8-80k_ade20k-1-128-640x640',
    'configs/dearli/dearli_clip-convnext-l_1xb8+8-80k_ade20k-1-128-640x640',
    'configs/dearli/dearli_clip-convnext-b_1xb8+8-80k_coco-objects-1-64-'
    '512x512',
    'configs/dearli/dearli_tiny-clip_1xb4+4-1500_photo-composites-16-128x128',
    'configs/dear/dear_clip-convnext-b_1xb8+8-80k_coco-panoptic-1-512-512x512',
    'configs/baselines/mean-teacher_clip-convnext-b_1xb8+8-80k_ade20k-1-8-'
    '640x640',
    'configs/baselines/mean-teacher_r50_1xb8+8-80k_coco-objects-1-32-512x512',
    'configs/baselines/supervised_clip-convnext-b_1xb8-80k_ade20k-1-16-'
    '640x640',
    'configs/baselines/supervised_clip-convnext-b_1xb8-80k_coco-panoptic-1-32-'
    '512x512',
    'configs/baselines/supervised_tiny-clip_1xb4-1500_toy-world-16-128x128',
    'configs/dearli/dearli_clip-convnext-b_1xb8+8-80k_cityscapes-1-30-768x768',
    'configs/baselines/supervised_clip-convnext-b_1xb8-80k_voc2012-full-'
    '512x512',
    'configs/sam_warmup/sam-warmup_clip-convnext-b_1xb16-160k_cityscapes-'
    '768x768',
    'configs/sam_warmup/sam-warmup_clip-convnext-b_1xb16-160k_ade20k-640x640',
    'configs/sam_warmup/sam-warmup_clip-convnext-l_1xb16-160k_ade20k-640x640',
    'configs/sam_warmup/sam-warmup_clip-convnext-b_1xb16-160k_coco-512x512',
    'configs/sam_warmup/sam-warmup_tiny-clip_1xb8-1000_photo-composites-'
    '128x128',
    'configs/quickstart/dear_tiny-clip_toy-world',
    'configs/quickstart/dearli_tiny-clip_toy-world',
    'configs/quickstart/warm-up_tiny-clip_toy-world',
    'projects/mini_benchmark/configs/mean-teacher',
    'projects/mini_benchmark/configs/dearli',
    'projects/mini_benchmark/configs/supervised',
    'projects/mini_benchmark/configs/warm-up',
    'projects/custom_dataset/configs/dearli_tiny-clip_my-photos',
    'projects/custom_dataset/configs/dearli_clip-convnext-b_my-photos',
    'projects/other_backbones/configs/resnet-50_toy-world',
    'projects/other_backbones/configs/swin-t_zero-shot_photo-composites',
]
NEW = dict(crop=448, split='data/my_split.txt', folder='/my/', batch=3)
# Of the folder, where the lines of the docs are not all.
ADE20K_METRICS = '''
val_evaluator = test_evaluator = [
    dict(metric, semantic_prefix='/my/data/ade20k_semantic_val/')
    for metric in _base_.val_evaluator]
'''
MASKS_ELSEWHERE = '''
_base_ = 'PARENT.py'
train_dataloader = dict(dataset=dict(data_prefix=dict(
    img='/my/data/train/images/', masks='/my/masks/')))
val_dataloader = test_dataloader = dict(dataset=dict(data_root='/my/data/'))
'''


def section(config):
    """Of docs/data.md, for a config."""
    loader = config.train_dataloader
    if 'labeled' in loader:
        return 'Two loaders'
    return 'The warm-up' if loader.dataset.type == 'SAMSegmentsDataset' \
        else 'One loader'


def child_text(path, config, change):
    """The documented child config; None where there is no such change."""
    project = 'projects/custom_dataset/'
    own = path.startswith(project)
    page = (ROOT / (f'{project}README.md' if own else 'docs/data.md'))
    text = page.read_text().split('## Other values\n')[1]
    if not own:
        text = text.split(f'### {section(config)}')[1].split('\n### ')[0]
    blocks = re.findall(r'```python\n(# another (\w+).*?)```', text, re.S)
    text = {name: block for block, name in blocks}.get(change)
    if change == 'folder' and section(config) == 'The warm-up' and \
            'data_root' not in config.train_dataloader.dataset:
        return MASKS_ELSEWHERE
    if change == 'folder' and 'semantic_prefix' in str(config.val_evaluator):
        return text + ADE20K_METRICS
    return text


def data_of(config):
    """A config as a dict of dotted keys, but its network."""
    return {key: value for key, value in flat(config).items()
            if not key.startswith('.model.')}


def is_old(config, change):
    """Whether a value at a place is one that must change."""
    loader = config.train_dataloader
    loader = loader.labeled if 'labeled' in loader else loader
    val = config.val_dataloader.dataset
    val = val.get('dataset', val)
    if change == 'crop':
        return lambda key, value: key.endswith('.size') and value != 448
    if change == 'split':
        return lambda key, value: value == loader.dataset.split
    if change == 'batch':
        return lambda key, value: value == loader.batch_size and \
            re.match(r'\.train_dataloader\..*batch_size$', key)
    folders = (val.data_root, ) if 'data_root' in val else (
        val.data_prefix.img, val.data_prefix.seg.replace('panoptic/', ''))
    return lambda key, value: str(value).startswith(folders)


@pytest.mark.parametrize('change', NEW)
@pytest.mark.parametrize('path', LEAVES, ids=lambda path: path.split('/')[-1])
def test_few_lines_change_a_value_everywhere(path, change, tmp_path):
    parent = Config.fromfile(ROOT / f'{path}.py')
    text = child_text(path, parent, change)
    if text is None:
        assert (change, section(parent)) == ('split', 'The warm-up')
        return
    assert len(ast.parse(text).body) <= 5
    (tmp_path / 'child.py').write_text(
        text.replace('PARENT.py', str(ROOT / f'{path}.py')))
    child = data_of(Config.fromfile(tmp_path / 'child.py'))
    old = is_old(parent, change)
    places = [key for key, value in data_of(parent).items() if old(key, value)]
    assert places
    assert not [key for key, value in child.items() if old(key, value)]
    for key in places:
        assert child[key] == NEW[change] or \
            str(child[key]).startswith(NEW['folder']), key


def test_on_the_command_line():
    config = Config.fromfile(ROOT / f'{LEAVES[0]}.py')
    text = (ROOT / 'docs/data.md').read_text().split('`--cfg-options`')[1]
    options = re.findall(r'`(\S+)=448`', text)
    config.merge_from_dict({key: 448 for key in options})
    sizes = [value for key, value in data_of(config).items()
             if key.endswith('.size')]
    assert sizes == len(options) * [448] and options


def test_no_name_misleads():
    """Each name on top of a config is read by a runner, or told below."""
    read = set(inspect.signature(Runner.__init__).parameters) | {
        'custom_imports', 'how_to_get', 'runner_type', 'tta_model',
        'tta_pipeline'}
    asked_for = {  # by children, as `_base_.NAME`
        'classes', 'class_prompts', 'clip_weights', 'metainfo', 'num_classes',
        'num_stuff', 'num_things', 'stuff_classes', 'thing_classes',
        'vocabulary', 'void_label'}
    paths = [*(ROOT / 'configs').glob('[!_]*/*.py'),
             *(ROOT / 'projects').glob('*/configs/*.py')]
    assert len(paths) > 100
    for path in paths:
        names = set(Config.fromfile(path)._cfg_dict)
        assert names <= read | asked_for, path
