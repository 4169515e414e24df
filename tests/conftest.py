import gc
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope

import dearli_mm  # noqa: F401  (before mmdet, for mmcv-lite)
import projects.toy_world  # noqa: F401  (its CLIP is known by name)

DATA = Path(__file__).parent / 'data'


def pytest_collection_finish():
    # mmengine collects garbage whenever a dataset is built, in 0.3 s with all
    # that is imported; frozen objects are not looked at.
    gc.freeze()


class Golden:
    """Reference arrays of one file as tensors; JSON strings decoded."""

    def __init__(self, name: str) -> None:
        self.arrays = np.load(DATA / 'golden' / f'{name}.npz')

    def __getitem__(self, key: str):
        array = self.arrays[key]
        if array.dtype.kind == 'U':
            return json.loads(str(array))
        return torch.from_numpy(np.array(array))

    def __contains__(self, key: str) -> bool:
        return key in self.arrays.files

    def group(self, prefix: str) -> dict:
        """All arrays whose name starts with the prefix, without it."""
        return {
            name[len(prefix):]: self[name]
            for name in self.arrays.files if name.startswith(prefix)
        }


@pytest.fixture
def golden():
    """Loader of reference arrays: ``golden('a_classification_logits')``."""
    return Golden


@pytest.fixture(autouse=True)
def _seed_and_scope():
    init_default_scope('mmdet')
    torch.manual_seed(0)
    np.random.seed(0)
