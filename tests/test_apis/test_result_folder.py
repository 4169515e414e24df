"""What is written is what was predicted, and can be read by the package."""
import json

import cv2
import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from numpy.testing import assert_array_equal

from dearli_mm.apis.inputs import Video, find_inputs
from dearli_mm.apis.loading import ImageLoader
from dearli_mm.apis.result_folder import OUTPUTS, ResultFolder
from dearli_mm.apis.run import infer_images, infer_video
from dearli_mm.apis.video_writer import _rate
from dearli_mm.datasets import PanopticDataset
from dearli_mm.evaluation import PanopticMetric
from dearli_mm.datasets.panoptic_ground_truth import ground_truth_of_sample
from dearli_mm.functional import PanopticSegments
from dearli_mm.models.heads.mask_classification_fusion_head import \
    encode_panoptic


@pytest.fixture
def out(tmp_path):
    return tmp_path / 'out'


def metainfo(vocabulary):
    names, things = vocabulary.names, vocabulary.num_things
    return dict(
        classes=names, thing_classes=names[:things],
        stuff_classes=names[things:])


def dataset_of(out, vocabulary, images):
    return PanopticDataset(
        ann_file=str(out / 'panoptic.json'),
        data_prefix=dict(img=str(images), seg=str(out / 'panoptic')),
        metainfo=metainfo(vocabulary), pipeline=[], test_mode=True)


def files(folder):
    return sorted(path.relative_to(folder).as_posix()
                  for path in folder.rglob('*') if path.is_file())


def test_output_read_back_is_the_prediction(inferencer, images, out):
    inferencer.set_classes('ball,star,fish;sand,water')
    predictions = inferencer(images, out_dir=out)
    dataset = dataset_of(out, inferencer.vocabulary, images)
    assert len(dataset) == 3
    metric = PanopticMetric(
        ann_file=str(out / 'panoptic.json'), seg_prefix=str(out / 'panoptic'))
    metric.dataset_meta = metainfo(inferencer.vocabulary)
    for k, prediction in enumerate(predictions):
        info = dataset.get_data_info(k)
        assert info['img_path'] == str(images / prediction.name)
        truth = ground_truth_of_sample(info, range(3))
        assert_array_equal(truth.seg_map, prediction.seg_map)
        assert_array_equal(truth.labels, prediction.labels)
        segments = PanopticSegments(*map(torch.from_numpy, (
            prediction.seg_map, prediction.labels, prediction.is_thing,
            prediction.scores)))
        sample = dict(info, pred_panoptic_seg=PixelData(
            sem_seg=encode_panoptic(segments, 5)[None]).to_dict())
        metric.process(None, [sample])
    result = metric.evaluate(3)
    assert [v for k, v in result.items() if k.endswith('PQ')] == [100.0]


def test_json(inferencer, images, out):
    prediction = inferencer(images, out_dir=out)[0]
    content = json.loads((out / 'panoptic.json').read_text())
    assert content['categories'][8] == dict(id=9, name='sand', isthing=0)
    assert content['images'][1]['file_name'] == 'sub/a.jpg'
    assert content['annotations'][1]['file_name'] == 'sub/a.png'
    segments = content['annotations'][0]['segments_info']
    assert len(segments) == len(prediction.labels)
    for k, segment in enumerate(segments):
        rows, columns = np.nonzero(prediction.seg_map == k + 1)
        x, y = columns.min(), rows.min()
        assert segment['bbox'] == [x, y, columns.max() - x + 1,
                                   rows.max() - y + 1]
        assert segment['area'] == len(rows)
        assert segment['category_id'] == prediction.labels[k] + 1
        assert segment['score'] == pytest.approx(prediction.scores[k],
                                                 abs=1e-5)
    bgr = cv2.imread(str(out / 'panoptic/a.png')).astype(int)
    ids = bgr[..., 2] + 256 * bgr[..., 1] + 65536 * bgr[..., 0]
    assert_array_equal(ids[prediction.seg_map == 1], segments[0]['id'])


@pytest.mark.parametrize('outputs', [*OUTPUTS, OUTPUTS])
def test_each_output_alone(inferencer, images, out, outputs):
    outputs = (outputs, ) if isinstance(outputs, str) else outputs
    assert not infer_images(inferencer, find_inputs(str(images)), out,
                            outputs, batch_size=2)
    assert {path.name for path in out.iterdir() if path.is_dir()} == set(
        outputs)
    assert (out / 'panoptic.json').exists() == ('panoptic' in outputs)
    for output in outputs:
        assert len(files(out / output)) == 3
    if 'semantic' in outputs:
        prediction, = inferencer(images / 'a.png', return_semantic=True)
        assert_array_equal(
            cv2.imread(str(out / 'semantic/a.png'), cv2.IMREAD_UNCHANGED),
            prediction.semantic)


def test_second_run_does_what_is_left(inferencer, images, out, capsys):
    found = find_inputs(str(images))
    infer_images(inferencer, found, out)
    written = {path: path.stat().st_mtime_ns for path in out.rglob('*.*')}
    infer_images(inferencer, found, out)
    assert '3 of 3 images have results' in capsys.readouterr().out
    assert written == {p: p.stat().st_mtime_ns for p in out.rglob('*.*')}

    (out / 'overlay/a.jpg').unlink()
    cv2.imwrite(str(images / 'sub/a.jpg'), np.zeros((30, 31, 3), np.uint8))
    infer_images(inferencer, found, out)
    assert '1 of 3 images have results' in capsys.readouterr().out
    content = json.loads((out / 'panoptic.json').read_text())
    assert content['images'][1]['height'] == 30

    inferencer.configure(score_thr=0.01)  # other results
    infer_images(inferencer, found, out)
    assert 'have results' not in capsys.readouterr().out


def test_killed_run_leaves_no_json_and_is_continued(inferencer, images, out,
                                                    monkeypatch, capsys):
    found = find_inputs(str(images))
    add, calls = ResultFolder.add, []

    def stop_at_third(self, prediction):
        calls.append(prediction.name)
        if len(calls) == 3:
            raise KeyboardInterrupt
        add(self, prediction)

    monkeypatch.setattr(ResultFolder, 'add', stop_at_third)
    with pytest.raises(KeyboardInterrupt):
        infer_images(inferencer, found, out)
    assert not (out / 'panoptic.json').exists()
    monkeypatch.undo()
    infer_images(inferencer, found, out)
    assert '2 of 3 images have results' in capsys.readouterr().out
    assert len(dataset_of(out, inferencer.vocabulary, images)) == 3
    assert not list(out.glob('*.journal'))


def test_broken_image_is_skipped(inferencer, images, out, capsys):
    (images / 'broken.png').write_bytes(b'\x89PNG nothing')
    failures = infer_images(inferencer, find_inputs(str(images)), out,
                            batch_size=2)
    assert [failure.name for failure in failures] == ['broken.png']
    assert 'broken.png' in capsys.readouterr().err
    assert len(dataset_of(out, inferencer.vocabulary, images)) == 3


def test_images_of_one_stem_have_results_of_their_own(inferencer, images,
                                                      out):
    cv2.imwrite(str(images / 'a.bmp'), np.zeros((9, 9, 3), np.uint8))
    for _ in range(2):
        assert not infer_images(inferencer, find_inputs(str(images)), out)
        assert {'overlay/a.bmp.jpg', 'overlay/a.png.jpg',
                'panoptic/a.bmp.png'} <= set(files(out))


def test_files_of_others_are_not_replaced(inferencer, images, out):
    drawn = out / 'panoptic' / 'a.png'
    drawn.parent.mkdir(parents=True)
    drawn.write_bytes(b'drawn by hand')
    with pytest.raises(ValueError, match='files are there.*a.png'):
        infer_images(inferencer, find_inputs(str(images)), out)
    assert files(out) == ['panoptic/a.png']
    assert drawn.read_bytes() == b'drawn by hand'


def test_other_outputs_and_images_in_one_folder(inferencer, images, out):
    """What an earlier run wrote is replaced, whatever it was of."""
    found = find_inputs(str(images))
    infer_images(inferencer, found, out, ['overlay'])
    infer_images(inferencer, found, out, ['panoptic', 'overlay'])
    infer_images(inferencer, found[:1], out)
    for path in (out / 'panoptic').rglob('*.png'):
        path.write_bytes(b'old')
    infer_images(inferencer, found, out)
    assert len(dataset_of(out, inferencer.vocabulary, images)) == 3


@pytest.mark.parametrize('inside', ['', 'results'])
def test_results_are_no_photos(inferencer, images, inside):
    count = len(find_inputs(str(images)))
    infer_images(inferencer, find_inputs(str(images)), images / inside)
    assert len(find_inputs(str(images))) == count
    assert len(find_inputs(str(images / '**/*'))) == count


def test_one_image_that_fails_does_not_end_the_rest(inferencer, images, out,
                                                    monkeypatch):
    predict = inferencer.model.test_step

    def lacks_memory(batch):
        for sample in batch['data_samples']:
            if sample.img_path.endswith('a.png'):
                raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't "
                                   'allocate memory: you tried to allocate')
        return predict(batch)

    monkeypatch.setattr(inferencer.model, 'test_step', lacks_memory)
    failure, = infer_images(inferencer, find_inputs(str(images)), out,
                            batch_size=3)
    assert failure.name == 'a.png'
    assert 'a.png: memory is too small' in str(failure.error)
    assert len(dataset_of(out, inferencer.vocabulary, images)) == 2
    monkeypatch.setattr(
        inferencer, '_load',
        ImageLoader([dict(type='LoadAnyImage'), dict(type='Resize', scale=0)]))
    failures = infer_images(inferencer, find_inputs(str(images)), out / 'b')
    assert len(failures) == 3 and 'a.png' in str(failures[0].error)


def test_folder_of_another_tool_and_one_that_is_a_file(inferencer, images,
                                                       out):
    out.mkdir()
    (out / 'panoptic.json').write_text('{"images": []}')
    with pytest.raises(ValueError, match='not written by this tool'):
        inferencer(images, out_dir=out)
    with pytest.raises(OSError, match='a.png'):
        inferencer(images, out_dir=images / 'a.png')


def test_many_classes_take_semantic_maps_of_16_bits(inferencer, images, out):
    inferencer.set_classes(','.join(f'c{k}' for k in range(300)))
    infer_images(inferencer, find_inputs(images / 'a.png'), out,
                 ['semantic'])
    read = cv2.imread(str(out / 'semantic/a.png'), cv2.IMREAD_UNCHANGED)
    assert read.dtype == np.uint16
    prediction, = inferencer(images / 'a.png', return_semantic=True)
    assert_array_equal(read, prediction.semantic)


def test_video(inferencer, tmp_path, out):
    path = tmp_path / 'clip.avi'
    writer = cv2.VideoWriter(
        str(path), cv2.VideoWriter_fourcc(*'MJPG'), 5., (64, 48))
    for k in range(5):
        writer.write(np.full((48, 64, 3), 40 * k, np.uint8))
    writer.release()
    video = Video(path)
    assert video.num_frames == 5 and video.fps == 5.
    infer_video(inferencer, video, out, ['overlay', 'panoptic'], batch_size=2)
    frames = list(Video(out / 'clip.mp4'))
    assert len(frames) == 5
    assert frames[0].image.shape == (384, 512, 3)  # 8 times as large
    assert files(out / 'panoptic') == [f'clip/{k:06d}.png' for k in range(5)]
    dataset = dataset_of(out, inferencer.vocabulary, tmp_path)
    assert [dataset.get_data_info(k)['img_id'] for k in range(5)] == [
        f'clip/{k:06d}' for k in range(5)]
    assert not list(out.glob('.*'))


@pytest.mark.parametrize('told, held', [
    (105.611, 105.61), (59.94, 59.94), (23.976, 23.976), (1000., 1000.),
    (999.999, 1000.), (29.97002997, 29.97), (655.361, 655.4)])
def test_rates_are_those_that_mpeg4_holds(told, held):
    assert _rate(told) == held


def test_video_of_others_is_not_replaced(inferencer, tmp_path, out):
    path = tmp_path / 'clip.avi'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'),
                             105.611, (64, 64))
    for _ in range(2):
        writer.write(np.zeros((64, 64, 3), np.uint8))
    writer.release()
    for _ in range(2):  # its own is written anew
        infer_video(inferencer, Video(path), out)
    assert Video(out / 'clip.mp4').num_frames == 2
    path = path.rename(tmp_path / 'clip.mov')
    with pytest.raises(ValueError, match='clip.mp4 is there, and is no over'):
        infer_video(inferencer, Video(path), out)


def test_ends_with_what_was_found(inferencer, images, out, capsys):
    infer_images(inferencer, find_inputs(str(images)), out)
    lines = capsys.readouterr().out.splitlines()
    content = json.loads((out / 'panoptic.json').read_text())
    segments = [segment for annotation in content['annotations']
                for segment in annotation['segments_info']]
    start = lines.index(f'panoptic/, overlay/, panoptic.json of 3 images in '
                        f'{out}: {len(segments)} segments')
    rows = {' '.join(line.split()[:-3]): line.split()[-3:]
            for line in lines[start + 3:]}
    pixels = sum(image['height'] * image['width']
                 for image in content['images'])
    void = 100 * (1 - sum(s['area'] for s in segments) / pixels)
    assert rows.pop('no segment') == ['0', '0', f'{void:.1f}']
    assert sum(int(row[0]) for row in rows.values()) == len(segments)
    assert sum(float(row[2]) for row in rows.values()) == pytest.approx(
        100 - void, abs=0.5)


def test_says_that_nothing_was_found(inferencer, images, out, capsys):
    inferencer.configure(score_thr=1.0)
    infer_images(inferencer, find_inputs(str(images)), out, ['overlay'])
    printed = capsys.readouterr().out
    assert 'segments.json of 3 images' in printed and ': 0 segments' in printed
    assert 'No segment was found.' in printed
