"""The tool: storage, resume, failures, several processes."""
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import torch.multiprocessing as mp
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from stripes import Stripes

from dearli_mm.datasets.masks import MaskFolder, read_mask_file
from dearli_mm.masks import find_images, generate_masks

ROOT = Path(__file__).resolve().parents[2]
TOOL = str(ROOT / 'tools' / 'sam_masks.py')
STRIPES = ['--generator', 'stripes', '--import', 'stripes']


def write_images(folder, count, size=(20, 30)):
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        image = np.full((*size, 3), 10 * index % 255, np.uint8)
        cv2.imwrite(str(folder / f'{index:03d}.png'), image)


@pytest.fixture
def images(tmp_path):
    write_images(tmp_path / 'images', 3)
    write_images(tmp_path / 'images' / 'deeper', 2)
    return tmp_path / 'images'


@pytest.fixture
def run(monkeypatch, images, tmp_path):
    """Run the tool in this process; gives its exit code."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))

    def call(*flags):
        argv = [TOOL, str(images), str(tmp_path / 'masks'), *STRIPES, *flags]
        monkeypatch.setattr(sys, 'argv', argv)
        with pytest.raises(SystemExit) as stop:
            runpy.run_path(TOOL, run_name='__main__')
        return stop.value.code

    return call


def test_masks_are_read_by_pycocotools_alone(run, tmp_path, capsys):
    assert run() == 0
    assert '5 images: 0 done, 5 are left' in capsys.readouterr().out
    path = tmp_path / 'masks' / 'deeper' / '001.png.json'
    coco = COCO(path)
    annotations = coco.loadAnns(coco.getAnnIds())
    decoded = coco_mask.decode([a['segmentation'] for a in annotations])
    assert decoded.shape == (20, 30, 2)
    assert decoded[:, :2, 0].all() and not decoded[:, 2:, 0].any()
    assert coco.annToMask(annotations[1])[3:5].all()
    assert annotations[0]['area'] == 40
    assert annotations[1]['bbox'] == [0, 3, 30, 2]
    assert annotations[1]['crop_box'] == [0, 0, 30, 20]
    assert annotations[1]['point_coords'] == [[5.0, 4.0]]
    assert annotations[0]['predicted_iou'] == 0.9
    assert coco.imgs[1] == dict(
        id=1, file_name='deeper/001.png', height=20, width=30)
    settings = json.loads(
        (tmp_path / 'masks' / 'meta.json').read_text())['settings']
    assert settings['generator'] == 'Stripes' and settings['width'] == 2
    assert 'seconds' not in settings and 'dearli_mm' in settings['version']


def test_second_run_does_what_is_left(run, tmp_path, capsys):
    run()
    folder = MaskFolder(tmp_path / 'masks')
    done = folder.path('000.png')
    before = done.stat().st_mtime_ns
    folder.path('001.png').unlink()
    cut = folder.path('002.png')
    cut.write_bytes(cut.read_bytes()[:-30])
    other = folder.path('deeper/000.png')
    other.write_text(other.read_text().replace(folder.digest, 16 * '0'))
    capsys.readouterr()
    assert run('--dry-run') == 0
    assert '2 done, 3 are left' in capsys.readouterr().out
    assert not folder.is_done('001.png')
    assert run() == 0
    assert all(map(folder.is_done, folder.names()))
    assert len(folder.names()) == 5
    assert done.stat().st_mtime_ns == before


def test_other_settings_are_refused(run):
    run()
    message = run('--width', '3')
    assert 'width is 2 there and 3 here' in message
    assert 'another folder' in message
    assert run('--seconds', '0.001') == 0  # does not change the masks


def test_dry_run_writes_nothing(run, tmp_path):
    assert run('--dry-run') == 0
    assert not (tmp_path / 'masks').exists()


def test_foreign_folder_is_refused(run, tmp_path):
    (tmp_path / 'masks').mkdir()
    (tmp_path / 'masks' / 'thesis.txt').write_text('')
    assert 'not written by this tool' in run()
    (tmp_path / 'masks' / 'meta.json').write_text('{')
    assert 'meta.json is no description of masks' in run()


def test_failing_images_are_listed_and_images_without_masks_stored(
        run, images, tmp_path, capsys):
    write_images(images / 'flat', 1, (10, 30))
    write_images(images / 'tall', 1, (70, 30))
    (images / 'broken.jpg').write_bytes(b'no image')
    assert run() == 1
    text = capsys.readouterr().out
    assert '2 images failed' in text
    assert 'flat/000.png: RuntimeError: too flat' in text
    assert 'broken.jpg: UnreadableImageError' in text
    folder = MaskFolder(tmp_path / 'masks')
    assert len(folder.names()) == 6
    assert read_mask_file(
        folder.path('tall/000.png'))['annotations'] == []
    (images / 'broken.jpg').unlink()
    (images / 'flat' / '000.png').unlink()
    assert run() == 0


def test_flags_of_the_generator(run, capsys):
    assert run('--help') == 0
    text = capsys.readouterr().out
    assert '--width' in text and 'of a stripe (default: 2)' in text
    assert run('--points-per-side', '32') == 2


def tool(images, masks, *flags, processes=1):
    """Command that runs the tool in other processes."""
    command = [sys.executable]
    if processes > 1:
        with socket.socket() as server:
            server.bind(('localhost', 0))
            port = server.getsockname()[1]
        command += ['-m', 'torch.distributed.run', '--nproc-per-node',
                    str(processes), '--master-port', str(port)]
        flags = (*flags, '--launcher', 'pytorch')
    return [*command, TOOL, str(images), str(masks), *STRIPES, *flags]


def test_killed_then_finished_by_two_processes(tmp_path):
    images, masks = tmp_path / 'images', tmp_path / 'masks'
    write_images(images, 30)
    write_images(images / 'flat', 1, (10, 30))
    env = dict(
        os.environ,
        OMP_NUM_THREADS='1',
        PYTHONPATH=os.pathsep.join(
            [str(ROOT), str(Path(__file__).parent),
             os.environ.get('PYTHONPATH', '')]))
    process = subprocess.Popen(
        tool(images, masks, '--seconds', '0.1'), env=env,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    folder = MaskFolder(masks)
    end = time.monotonic() + 120
    while len(folder.names()) < 4 and time.monotonic() < end:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()

    survivors = folder.names()
    assert 4 <= len(survivors) < 31
    assert all(map(folder.is_done, survivors))
    stamps = {name: folder.path(name).stat().st_mtime_ns
              for name in survivors}
    result = subprocess.run(
        tool(images, masks, '--seconds', '0.05', processes=2), env=env,
        capture_output=True, text=True, timeout=120)
    assert result.returncode != 0  # torchrun passes on that one image failed
    assert f'31 images: {len(survivors)} done' in result.stdout
    assert '1 images failed' in result.stdout
    assert len(folder.names()) == 30
    assert all(map(folder.is_done, folder.names()))
    for name, stamp in stamps.items():
        assert folder.path(name).stat().st_mtime_ns == stamp


def _write_both(rank, store, images, folders):
    """One of two processes that make masks of images for each folder."""
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{store}', rank=rank, world_size=2)
    for folder in folders:
        generate_masks(find_images(images), Stripes(), folder)
    torch.distributed.destroy_process_group()


def test_two_folders_in_one_process_group(images, tmp_path):
    folders = [str(tmp_path / name) for name in ('first', 'second')]
    mp.start_processes(
        _write_both, (tmp_path / 'store', str(images), folders), nprocs=2,
        start_method='fork')  # has the libraries loaded
    for folder in map(MaskFolder, folders):
        assert all(map(folder.is_done, find_images(str(images))))


def test_sources(images, tmp_path):
    found = find_images(str(images))
    assert list(found) == [
        '000.png', '001.png', '002.png', 'deeper/000.png', 'deeper/001.png'
    ]
    names = images / 'list.txt'
    names.write_text('deeper/000.png\ndeeper/001.png\n')
    assert list(find_images(str(names))) == ['000.png', '001.png']
    assert list(find_images(str(names), root=str(images))) == [
        'deeper/000.png', 'deeper/001.png'
    ]
    with pytest.raises(ValueError, match='does not hold 2'):
        find_images(str(names), root=str(tmp_path / 'elsewhere'))
    with pytest.raises(FileNotFoundError, match='nothing'):
        find_images(str(tmp_path / 'nothing'))


def test_source_is_a_dataset(images, tmp_path):
    annotations = dict(
        images=[dict(id=1, file_name='deeper/000.png', height=20, width=30)],
        annotations=[], categories=[])
    (tmp_path / 'coco.json').write_text(json.dumps(annotations))
    config = tmp_path / 'config.py'
    config.write_text(f'''
train_dataloader = dict(dataset=dict(
    type='CocoDataset', ann_file={str(tmp_path / "coco.json")!r},
    data_prefix=dict(img={str(images)!r})))
val_dataloader = dict(dataset=dict(
    type='ConcatDataset', datasets=[train_dataloader['dataset']]))
''')
    assert list(find_images(str(config), root=str(images))) == [
        'deeper/000.png'
    ]
    with pytest.raises(KeyError, match="has no 'test_dataloader'"):
        find_images(str(config), 'test_dataloader.dataset')


def test_source_is_the_whole_training_set(images, tmp_path):
    """What is labelled and what is not, out of their wrappers."""
    names = ['000.png', '001.png']
    (tmp_path / 'coco.json').write_text(json.dumps(dict(
        images=[dict(id=k, file_name=f'deeper/{name}', height=20, width=30)
                for k, name in enumerate(names)],
        annotations=[], categories=[])))
    config = tmp_path / 'config.py'
    config.write_text(f'''
train_dataloader = dict(labeled=dict(dataset=dict(
    type='SemiSupPanopticDataset', split=['000.png'], dataset=dict(
        type='CocoDataset', ann_file={str(tmp_path / "coco.json")!r},
        data_prefix=dict(img={str(images)!r})))))
''')
    assert list(find_images(str(config), 'train_set', str(images))) == [
        f'deeper/{name}' for name in names]
    config.write_text('train_dataloader = None')
    with pytest.raises(KeyError, match="has no 'dataset'"):
        find_images(str(config), 'train_set')
