import pytest
from tiny_checkpoint import write_checkpoint, write_images

from dearli_mm.apis import DEARLiInferencer


@pytest.fixture(scope='session')
def checkpoint(tmp_path_factory):
    """Of a network with random weights."""
    return write_checkpoint(tmp_path_factory.mktemp('work_dir'))


@pytest.fixture(scope='session')
def shared_inferencer(checkpoint):
    return DEARLiInferencer(str(checkpoint), device='cpu')


@pytest.fixture
def inferencer(shared_inferencer):
    """The network, as it comes out of its checkpoint."""
    shared_inferencer.set_classes(shared_inferencer.original_vocabulary)
    shared_inferencer.configure(alpha=0.4, score_thr=0.0)
    return shared_inferencer


@pytest.fixture
def images(tmp_path):
    """A folder of three images."""
    return write_images(tmp_path / 'images')
