from pathlib import Path

import pytest
from few_labeled_photos import write_photos

from dearli_mm.few_shot.options import Options
from projects.toy_world import CLIP_NAME, CLIP_WEIGHTS

BASE = str(Path(__file__).resolve().parents[2] /
           'configs/_base_/models/dearli_tiny-clip.py')


@pytest.fixture
def options(tmp_path):
    """Five photos, of which two are labelled."""
    write_photos(tmp_path / 'photos', 5, 2)

    def make(**changes):
        return Options(**{**dict(
            photos=str(tmp_path / 'photos'), labels=str(tmp_path / 'photos'),
            out=str(tmp_path / 'out'), clip=str(CLIP_WEIGHTS),
            clip_model=CLIP_NAME, base=BASE, things=('mug, cup', ),
            stuff=('table', ), modules=('projects.toy_world', ), steps=30,
            warm_up_steps=20, crop=64), **changes})

    return make
