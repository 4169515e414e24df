import socket
import sys

import numpy as np
import pytest
from tiny_checkpoint import write_checkpoint

from dearli_mm.apis import DEARLiInferencer
from projects.demo import page
from projects.demo.demo import HEADERS, Demo

IMAGE = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)


@pytest.fixture(scope='module')
def inferencer(tmp_path_factory):
    checkpoint = write_checkpoint(tmp_path_factory.mktemp('work_dir'))
    return DEARLiInferencer(str(checkpoint), device='cpu')


def test_picture_and_table(inferencer):
    picture, rows = Demo(inferencer).segment(IMAGE, '', 0.4, 0.0)
    assert picture.dtype == np.uint8 and picture.shape[1] == 512
    prediction, = inferencer(IMAGE[..., ::-1])
    assert len(rows) == len(prediction.labels)
    assert all(len(row) == len(HEADERS) for row in rows)
    shares = [float(row[3].rstrip('%')) for row in rows]
    assert shares == sorted(shares, reverse=True)
    assert {row[0] for row in rows} == set(prediction.class_names)


def test_classes_of_a_question_do_not_stay(inferencer):
    demo = Demo(inferencer)
    _, rows = demo.segment(IMAGE, 'fish|goldfish;\n water', 0.4, 0.0)
    assert {row[0] for row in rows} <= {'fish', 'water'}
    assert {row[1] for row in rows} <= {'thing', 'stuff'}
    demo.segment(IMAGE, inferencer.original_vocabulary.text, 0.4, 0.0)
    # Unchanged text means the dataset's own names and colours.
    assert inferencer.vocabulary is inferencer.original_vocabulary


def test_unchanged_classes_are_not_embedded_again(inferencer, monkeypatch):
    demo = Demo(inferencer)
    demo.segment(IMAGE, 'fish', 0.4, 0.0)
    monkeypatch.setattr(inferencer, 'set_classes', pytest.fail)
    demo.segment(IMAGE, ' fish ', 0.6, 0.1)
    assert (inferencer.alpha, inferencer.score_thr) == (0.6, 0.1)


@pytest.mark.parametrize('image, classes, message', [
    (None, '', 'choose an image'),
    (IMAGE, 'a;b;c', 'semicolons'),
    (IMAGE, __file__, None),
])
def test_questions_that_cannot_be_answered(inferencer, image, classes,
                                           message):
    demo = Demo(inferencer)
    if message is None:  # a path is a name like any other, and is not read
        demo.segment(image, classes, 0.4, 0.0)
        assert inferencer.vocabulary.names == [classes]
        return
    with pytest.raises(ValueError, match=message):
        demo.segment(image, classes, 0.4, 0.0)


def test_page(inferencer):
    gradio = pytest.importorskip('gradio')
    built = page.build_page(Demo(inferencer))
    assert isinstance(built, gradio.Blocks)
    assert built.analytics_enabled is False
    answer = next(iter(built.fns.values())).fn
    picture, rows = answer(IMAGE, 'fish;water', 0.4, 0.0)
    assert picture.shape[1] == 512 and rows
    with pytest.raises(gradio.Error, match='choose an image'):
        answer(None, '', 0.4, 0.0)


def test_port_that_is_taken():
    with socket.create_server(('127.0.0.1', 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(OSError, match=f'port={port}.*--port'):
            page.check_port('127.0.0.1', port)
    page.check_port('127.0.0.1', port)


def test_without_gradio(monkeypatch):
    monkeypatch.setitem(sys.modules, 'gradio', None)
    with pytest.raises(ImportError, match=r'pip install -e "\.\[demo\]"'):
        page.import_gradio()
