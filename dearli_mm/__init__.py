"""DEARLi: semi-supervised panoptic segmentation for MMDetection.

Importing the package registers its modules with mmdet's registries, and its
configs with mmengine (``_base_ = 'dearli_mm::dearli/...'``), and does nothing
else::

    custom_imports = dict(imports=['dearli_mm'], allow_failed_imports=False)
"""
from . import compat  # isort: skip  # before anything that imports mmcv.ops

compat.ensure_mmcv_ops()

from mmengine.config.utils import MODULE2PACKAGE  # noqa: E402

from . import datasets, engine, evaluation, models, visualization  # noqa: E402
from .version import __version__  # noqa: E402

MODULE2PACKAGE['dearli_mm'] = 'dearli_mm'

__all__ = [
    '__version__', 'datasets', 'engine', 'evaluation', 'models',
    'visualization'
]
