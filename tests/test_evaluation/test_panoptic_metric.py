"""The metric on generated data, against a slow reference written here."""
import json
import os
from collections import Counter

import cv2
import numpy as np
import pytest
import torch
import torch.distributed
import torch.multiprocessing
from mmdet.registry import METRICS

from dearli_mm.functional.panoptic_ids import id2rgb

META = dict(
    classes=('cat', 'dog', 'sky', 'grass'),
    thing_classes=('cat', 'dog'),
    stuff_classes=('sky', 'grass'))
# Neither the order nor the numbers of the model's classes.
CATEGORIES = [
    dict(id=30, name='grass', isthing=0), dict(id=4, name='dog', isthing=1),
    dict(id=11, name='cat', isthing=1), dict(id=7, name='sky', isthing=0)]
CATEGORY_ID = {
    META['classes'].index(c['name']): c['id'] for c in CATEGORIES}
NUM_IMAGES, SIZE, VOID = 7, 12, 4


def random_scene(rng):
    """A 12x12 map of blocks: list of (mask, label, iscrowd), stuff first."""
    blocks = rng.integers(0, 6, (4, 4)).repeat(3, 0).repeat(3, 1)
    plan = [(2, 0), (3, 0), (0, 0), (0, 0), (1, int(rng.random() < 0.5))]
    return [(blocks == k, label, crowd)
            for k, (label, crowd) in enumerate(plan, 1) if (blocks == k).any()]


def perturbed(scene, rng):
    """A prediction: the scene, shifted by a pixel, some classes changed."""
    pred = np.full((SIZE, SIZE), VOID)
    for k, (mask, label, _) in enumerate(scene):
        if rng.random() < 0.2:
            label = int(rng.integers(0, 4))
        mask = np.roll(mask, rng.integers(0, 2), axis=1)
        pred[mask] = label + (1000 * (k + 1) if label < 2 else 0)
    return pred


class World:
    """Images, annotation file, semantic PNGs and samples in a folder."""

    def __init__(self, folder, perfect=False):
        rng = np.random.default_rng(1)
        self.folder, self.samples, self.scenes = folder, [], []
        for name in ('panoptic', 'semantic'):
            os.makedirs(folder / name, exist_ok=True)
        annotations = []
        for k in range(NUM_IMAGES):
            scene = random_scene(rng)
            if perfect:  # crowds cannot be predicted
                scene = [(mask, label, 0) for mask, label, _ in scene]
            annotations.append(self._write(scene, k))
            pred = np.full((SIZE, SIZE), VOID)
            for s, (mask, label, _) in enumerate(scene):
                pred[mask] = label + 1000 * (s + 1)
            pred = pred if perfect else perturbed(scene, rng)
            self.scenes.append(scene)
            self._add_sample(k, annotations[-1], pred)
        images = [dict(id=k, file_name=f'{k}.jpg') for k in range(NUM_IMAGES)]
        content = dict(categories=CATEGORIES, images=images,
                       annotations=annotations)
        (folder / 'panoptic.json').write_text(json.dumps(content))

    def _write(self, scene, k):
        ids, semantic = np.zeros((SIZE, SIZE), int), \
            np.full((SIZE, SIZE), 255, np.uint8)
        segments = []
        for s, (mask, label, crowd) in enumerate(scene):
            ids[mask], semantic[mask] = 1000 * (s + 1) + k, label
            segments.append(
                dict(id=1000 * (s + 1) + k, category_id=CATEGORY_ID[label],
                     iscrowd=crowd))
        name = f'{k}.png'
        cv2.imwrite(str(self.folder / 'panoptic' / name),
                    id2rgb(ids)[..., ::-1])
        cv2.imwrite(str(self.folder / 'semantic' / name), semantic)
        return dict(image_id=k, file_name=name, segments_info=segments)

    def _add_sample(self, k, annotation, pred):
        info = [
            dict(id=segment['id'], category=label,
                 is_thing=label < 2 and not crowd)
            for segment, (_, label, crowd) in zip(
                annotation['segments_info'], self.scenes[-1])]
        panoptic = torch.from_numpy(pred)[None]
        self.samples.append(dict(
            img_id=k, img_path=f'images/{k}.jpg', segments_info=info,
            seg_map_path=str(self.folder / 'panoptic' / f'{k}.png'),
            pred_panoptic_seg=dict(sem_seg=panoptic),
            pred_sem_seg=dict(sem_seg=panoptic % 1000)))

    def source(self, **kwargs):
        return dict(ann_file=str(self.folder / 'panoptic.json'),
                    seg_prefix=str(self.folder / 'panoptic'), **kwargs)


def build(meta=META, **kwargs):
    metric = METRICS.build(dict(type='PanopticMetric', **kwargs))
    metric.dataset_meta = meta
    return metric


def evaluate(samples, **kwargs):
    metric = build(**kwargs)
    for k in range(0, len(samples), 2):
        metric.process(None, samples[k:k + 2])
    return metric.evaluate(len(samples))


def reference(world):
    """COCO's rules pixel by pixel and segment by segment."""
    counts, inter, union = {c: [0, 0, 0, 0] for c in range(4)}, Counter(), \
        Counter()
    for scene, sample in zip(world.scenes, world.samples):
        pred = sample['pred_panoptic_seg']['sem_seg'][0].tolist()
        owner = [[None] * SIZE for _ in range(SIZE)]
        for s, (mask, _, _) in enumerate(scene):
            for y, x in zip(*np.nonzero(mask)):
                owner[y][x] = s
        pixels = Counter()
        for y in range(SIZE):
            for x in range(SIZE):
                p = None if pred[y][x] % 1000 == VOID else pred[y][x]
                s = owner[y][x]
                pixels[s, p] += 1
                if s is not None:
                    truth, guess = scene[s][1], pred[y][x] % 1000
                    inter[truth] += truth == guess
                    union.update({truth, guess})
        matched = match_segments(scene, pixels, counts)
        count_unmatched(scene, pixels, counts, matched)
    pq = {c: i / (t + 0.5 * fp + 0.5 * fn)
          for c, (i, t, fp, fn) in counts.items() if t + fp + fn}
    iou = [inter[c] / union[c] for c in range(4) if union[c]]
    return pq, 100 * sum(iou) / len(iou), counts


def match_segments(scene, pixels, counts):
    matched = set()
    for (s, p), shared in pixels.items():
        if s is None or p is None or scene[s][2] or scene[s][1] != p % 1000:
            continue
        area_s = sum(n for (a, _), n in pixels.items() if a == s)
        area_p = sum(n for (_, b), n in pixels.items() if b == p)
        iou = shared / (area_s + area_p - shared - pixels[None, p])
        if iou > 0.5:
            counts[p % 1000][0] += iou
            counts[p % 1000][1] += 1
            matched |= {('gt', s), ('pred', p)}
    return matched


def count_unmatched(scene, pixels, counts, matched):
    for s, (_, label, crowd) in enumerate(scene):
        if ('gt', s) not in matched and not crowd:
            counts[label][3] += 1
    for p in {b for _, b in pixels if b is not None}:
        if ('pred', p) in matched:
            continue
        area = forgiven = 0
        for (s, b), n in pixels.items():
            if b == p:
                area += n
                if s is None or (scene[s][2] and scene[s][1] == p % 1000):
                    forgiven += n
        if forgiven / area <= 0.5:
            counts[p % 1000][2] += 1


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def test_agrees_with_the_reference(world):
    pq, mean_iou, counts = reference(world)
    # The data exercise every rule.
    assert all(sum(row[k] for row in counts.values()) > 2 for k in (1, 2, 3))
    assert any(crowd for scene in world.scenes for *_, crowd in scene)
    result = evaluate(world.samples, classwise=True)
    for label, name in enumerate(META['classes']):
        assert result[f'panoptic/PQ/{name}'] == pytest.approx(100 * pq[label])
    mean = {'': range(4), '_th': (0, 1), '_st': (2, 3)}
    for suffix, group in mean.items():
        expected = 100 * np.mean([pq[c] for c in group])
        assert result[f'panoptic/PQ{suffix}'] == pytest.approx(expected)
    assert result['panoptic/mIoU'] == pytest.approx(mean_iou)


def test_all_sources_of_ground_truth_agree(world):
    expected = evaluate(world.samples)
    assert evaluate(world.samples, **world.source()) == expected
    semantic = str(world.folder / 'semantic')
    assert evaluate(world.samples, semantic_prefix=semantic) == expected
    for sample in world.samples:  # the annotation file needs no meta keys
        del sample['segments_info'], sample['seg_map_path']
    assert evaluate(world.samples, **world.source()) == expected


def test_perfect_prediction(tmp_path):
    result = evaluate(World(tmp_path, perfect=True).samples, classwise=True)
    assert len(result) == 14 and set(result.values()) == {100.}
    assert all(isinstance(value, float) for value in result.values())


def test_semantic_prediction_is_optional(world):
    for sample in world.samples:
        del sample['pred_sem_seg']
    assert 'panoptic/mIoU' not in evaluate(world.samples)


def test_teacher_is_scored_apart(world):
    for sample in world.samples:
        teacher = torch.full((1, SIZE, SIZE), VOID)
        sample['teacher_panoptic_seg'] = dict(sem_seg=teacher)
    result = evaluate(world.samples, prediction='teacher', prefix='teacher')
    assert result['teacher/PQ'] == 0 and 'teacher/mIoU' not in result


def test_absent_classes(world):
    """Stuff neither annotated nor predicted: NaN, and no part of PQ."""
    for sample in world.samples:
        sample['segments_info'] = [
            s for s in sample['segments_info'] if s['category'] < 2]
        pred = sample['pred_panoptic_seg']['sem_seg']
        pred[pred % 1000 > 1] = VOID
        del sample['pred_sem_seg']
    result = evaluate(world.samples, classwise=True)
    assert np.isnan(result['panoptic/PQ_st'])
    assert np.isnan(result['panoptic/PQ/sky'])
    assert result['panoptic/PQ'] == result['panoptic/PQ_th'] > 0


def test_logs_tables(world, monkeypatch):
    logged = []
    monkeypatch.setattr('dearli_mm.evaluation.panoptic_metric.print_log',
                        lambda text, logger: logged.append(text))
    evaluate(world.samples, classwise=True)
    summary, classes = logged
    assert summary.startswith('panoptic (7 images)\n')
    assert '| things |' in summary and 'mIoU' in summary
    assert [line.split()[1] for line in classes.splitlines()[4:-1]] == \
        list(META['classes'])


def test_errors_of_samples(world):
    sample = dict(world.samples[0])
    del sample['segments_info']
    with pytest.raises(KeyError, match='meta_keys of PackDetInputs'):
        evaluate([sample])
    with pytest.raises(KeyError, match="semi_test_cfg.predict_on='both'"):
        evaluate(world.samples, prediction='teacher')
    sample = dict(world.samples[0])
    del sample['pred_panoptic_seg']
    with pytest.raises(KeyError, match='panoptic_on=True'):
        evaluate([sample])
    small = dict(sem_seg=torch.zeros(1, 6, 6, dtype=torch.long))
    sample = dict(world.samples[0], pred_panoptic_seg=small)
    with pytest.raises(ValueError, match=r'images/0\.jpg has shape \[6, 6\]'):
        evaluate([sample])


def test_errors_of_the_annotation_file(world):
    with pytest.raises(ValueError, match='ann_file and seg_prefix together'):
        build(ann_file='panoptic.json')
    sample = dict(world.samples[0], img_id=99)
    with pytest.raises(KeyError, match=r'panoptic\.json has no .* 99'):
        evaluate([sample], **world.source())
    meta = dict(META, classes=('cat', 'dog', 'sky', 'lawn'))
    with pytest.raises(ValueError, match=r"metainfo\['classes'\]: \['grass'"):
        build(meta=meta, **world.source()).process(None, world.samples[:1])
    meta = dict(classes=META['classes'], thing_classes=())
    with pytest.raises(KeyError, match="no 'stuff_classes'"):
        build(meta=meta).process(None, world.samples[:1])
    os.remove(world.folder / 'panoptic' / '0.png')
    with pytest.raises(FileNotFoundError, match=r'0\.png .*seg_prefix of'):
        evaluate(world.samples, **world.source())


def test_errors_of_the_semantic_files(world):
    semantic = world.folder / 'semantic'
    kwargs = dict(semantic_prefix=str(semantic))
    with pytest.raises(ValueError, match=r'semantic.0\.png: .*holds \[255\]'):
        evaluate(world.samples, semantic_ignore_index=254, **kwargs)
    with pytest.raises(FileNotFoundError, match='semantic_suffix'):
        evaluate(world.samples, semantic_suffix='_labels.png', **kwargs)
    cv2.imwrite(str(semantic / '0.png'), np.zeros((SIZE, SIZE, 3), np.uint8))
    with pytest.raises(ValueError, match='one channel'):
        evaluate(world.samples, **kwargs)


def test_semantic_files_keep_the_folders_of_images(world):
    semantic = world.folder / 'semantic'
    expected = evaluate(world.samples[:1], semantic_prefix=str(semantic))
    (semantic / 'a').mkdir()
    os.rename(semantic / '0.png', semantic / 'a/0.png')
    sample = dict(world.samples[0], img_name='a/0.jpg')
    assert evaluate([sample], semantic_prefix=str(semantic)) == expected
    os.rename(semantic / 'a/0.png', semantic / '0.png')
    other = dict(world.samples[0], img_path='b/0.jpg')
    with pytest.raises(ValueError, match='0.png would be.*b/0.jpg'):
        evaluate([world.samples[0], other], semantic_prefix=str(semantic))


def score_in_process(rank, folder, samples):
    """One of two processes; 7 images padded to 8, as samplers do."""
    os.chdir(folder)
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{folder}/store', rank=rank, world_size=2)
    metric = build(classwise=True)
    metric.process(None, (samples + samples[:1])[rank::2])
    result = metric.evaluate(NUM_IMAGES)
    (folder / f'rank{rank}.json').write_text(json.dumps(result))
    # Not destroyed: with a file store that can hang on PyTorch 2.1.
    torch.distributed.barrier()


def test_two_processes_give_the_numbers_of_one(world):
    torch.multiprocessing.spawn(
        score_in_process, (world.folder, world.samples), nprocs=2)
    expected = evaluate(world.samples, classwise=True)
    for rank in range(2):
        result = json.loads((world.folder / f'rank{rank}.json').read_text())
        assert result == expected
