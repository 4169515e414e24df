"""Runs the commands of projects/custom_dataset/README.md as written."""
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

REPO = Path(__file__).resolve().parents[2]
README = REPO / 'projects/custom_dataset/README.md'
COLORS = dict(wall=(90, 140, 60), table=(60, 90, 150), mug=(30, 30, 200),
              spoon=(200, 200, 200), plate=(230, 160, 40))
UPRIGHT = Image.Exif()
UPRIGHT[0x0112] = 6
# What only the test adds: three steps instead of 1500, no worker processes.
_THREE = ['--cfg-options', 'train_cfg.max_iters=3', 'train_cfg.val_interval=3',
          'param_scheduler.0.end=3', 'val_dataloader.num_workers=0',
          'val_dataloader.persistent_workers=False']
SHORTER = {
    'warm-up': _THREE + ['train_dataloader.num_workers=0',
                         'train_dataloader.persistent_workers=False'],
    'tools/train.py': _THREE + [
        'train_cfg.val_before_train=False',
        'custom_hooks.0.checkpoint=work_dirs/my_photos_warm-up/iter_3.pth',
        'train_dataloader.labeled.num_workers=0',
        'train_dataloader.labeled.persistent_workers=False',
        'train_dataloader.unlabeled.num_workers=0',
        'train_dataloader.unlabeled.persistent_workers=False'
    ],
    'tools/test.py': [
        '--cfg-options', 'test_dataloader.num_workers=0',
        'test_dataloader.persistent_workers=False'
    ]
}
# One process for all commands: starting one takes longer than most of them.
DRIVER = r"""
import json, runpy, subprocess, sys
for command, more in json.load(open(sys.argv[1])):
    words = subprocess.run(
        ['bash', '-c', "printf '%s\\\\0' " + command], check=True,
        capture_output=True, text=True).stdout.split('\\0')[1:-1]
    print('$', command, flush=True)
    sys.argv = words + more
    sys.path[0] = 'tools'
    try:
        runpy.run_path(words[0], run_name='__main__')
    except SystemExit as end:
        if end.code:
            raise
    if 'dearli_mm' in sys.modules:  # else the next run writes there
        sys.modules['dearli_mm'].visualization.PanopticVisualizer.\
            _instance_dict.clear()
"""


def _draw_photo(rng: np.random.Generator):
    """A table before a wall with things on it, and its shapes."""
    height, width = 72, 96
    edge = int(rng.integers(25, 40))
    shapes = [('wall', [(0, 0), (width, 0), (width, edge), (0, edge)]),
              ('table', [(0, edge), (width, edge), (width, height),
                         (0, height)])]
    for label in ('mug', 'spoon', 'plate', 'mug'):
        x, y = rng.integers((0, 15), (width - 20, height - 20))
        w, h = rng.integers(8, 20, 2)
        shapes.append((label, [(x, y), (x + w, y), (x + w, y + h),
                               (x, y + h)]))
    image = np.zeros((height, width, 3), np.uint8)
    for label, points in shapes:
        cv2.fillPoly(image, [np.int32(points)], COLORS[label])
    noise = rng.integers(-20, 20, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8), shapes


def _make_photos(folder: Path) -> None:
    (folder / 'the second day').mkdir(parents=True)
    rng = np.random.default_rng(0)
    suffixes = ['.jpg', '.JPG', '.png', '.jpeg']
    for k in range(30):
        image, shapes = _draw_photo(rng)
        path = folder / ('the second day' if k % 3 == 0 else '') / (
            f'IMG {k:04d}{suffixes[k % 4]}')
        if k % 5 == 0:  # held upright: the viewer turns what is stored
            stored = Image.fromarray(np.rot90(image)[..., ::-1])
            stored.save(path, exif=UPRIGHT)
        else:
            cv2.imwrite(str(path), image)
        if k < 20:
            path.with_suffix('.json').write_text(
                json.dumps(
                    dict(
                        imagePath=path.name,
                        imageHeight=image.shape[0],
                        imageWidth=image.shape[1],
                        imageData=None,
                        shapes=[
                            dict(
                                label=label,
                                shape_type='polygon',
                                points=np.asarray(points).tolist(),
                                group_id=None) for label, points in shapes
                        ])))


def _commands():
    blocks = re.findall(r'```bash\n(.*?)```', README.read_text(), re.S)
    return [line for block in blocks for line in block.splitlines()]


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    """Folder in which the commands ran, and what they printed."""
    root = tmp_path_factory.mktemp('custom_dataset')
    for name in ('configs', 'projects', 'tools'):
        (root / name).symlink_to(REPO / name)
    _make_photos(root / 'data/my_photos')
    commands = [(command, SHORTER.get(
        'warm-up' if '/warm-up_' in command else command.split()[1], []))
        for command in _commands()]
    (root / 'commands.json').write_text(json.dumps(commands))
    path = [str(REPO), os.environ.get('PYTHONPATH', '')]
    result = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', DRIVER, 'commands.json'],
        cwd=root, text=True, capture_output=True,
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(path),
                 OMP_NUM_THREADS='1'))
    assert result.returncode == 0, result.stdout + result.stderr
    return root, result.stdout


def test_every_command_runs(run):
    _, printed = run
    assert printed.count('$ python tools/') == len(_commands()) == 12


def test_converts_and_splits(run):
    root, printed = run
    assert '20 images (20 converted now)' in printed
    data = root / 'data/my_photos_panoptic'
    assert len(list((data / 'panoptic').rglob('*.png'))) == 20
    val = (data / 'val.txt').read_text().splitlines()
    labeled = (data / 'labeled.txt').read_text().splitlines()
    assert (len(val), len(labeled)) == (5, 15)
    assert not set(val) & set(labeled)


def test_looks_before_training(run):
    root, printed = run
    assert 'labeled: 15 images\nunlabeled: 10 images\nval: 5 images\n' \
        'no problem found' in printed
    assert 'every class has a labelled example' in printed
    assert (root / 'work_dirs/my_photos/stats.png').is_file()
    assert (root / 'work_dirs/my_photos/browse/browse.jpg').is_file()


def test_masks_and_warm_up(run):
    root, printed = run
    assert (root / 'work_dirs/my_photos_warm-up/iter_3.pth').is_file()
    assert 'SAMWarmupHook: student and teacher start from' in printed
    names = {path.stem for path in (
        root / 'data/my_photos_masks').rglob('IMG 0003*')}
    assert len(names) == 1


def test_trains_and_measures(run):
    root, printed = run
    results = root / 'work_dirs/my_photos/results'
    assert any(results.rglob('the second day/IMG 0003*'))
    assert (root / 'work_dirs/my_photos/iter_3.pth').is_file()
    pictures = root / 'work_dirs/my_photos/pictures'
    assert len(list(pictures.rglob('*.png'))) >= 5
    assert printed.count('student') and printed.count('mIoU')
