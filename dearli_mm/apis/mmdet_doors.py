"""mmdet's own doors to inference, for configs of this package.

The names and arguments are mmdet's: ``from dearli_mm.apis import
init_detector`` in place of ``from mmdet.apis`` is all that a script changes.
"""
import os.path as osp
from pathlib import Path
from typing import Any, Dict, Optional, Union

import mmengine
import numpy as np
from mmcv.transforms import Compose
from mmdet.apis import DetInferencer as _DetInferencer
from mmdet.apis import init_detector as _init_detector
from mmdet.datasets.transforms import InferencerLoader
from mmdet.evaluation import INSTANCE_OFFSET
from mmdet.registry import TRANSFORMS
from mmdet.structures import DetDataSample
from mmengine.config import Config
from PIL import Image
from torch import nn

from ..functional.panoptic_ids import id2rgb
from ..utils import atomic_path


def init_detector(config: Union[str, Path, Config],
                  checkpoint: Optional[str] = None,
                  palette: str = 'none',
                  device: str = 'cuda:0',
                  cfg_options: Optional[dict] = None) -> nn.Module:
    """mmdet's ``init_detector``, for networks below ``model.detector``.

    mmdet's ``inference_detector`` takes what it returns. Arguments as there.
    """
    # Without options mmdet looks into config.model.backbone.
    return _init_detector(config, checkpoint, palette, device, cfg_options or
                          {})


@TRANSFORMS.register_module()
class AnyImageInferencerLoader(InferencerLoader):
    """mmdet's ``InferencerLoader``, whose files are read as in training."""

    def __init__(self, **kwargs) -> None:
        super().__init__()
        self.from_file = TRANSFORMS.build(dict(type='LoadAnyImage', **kwargs))


class DetInferencer(_DetInferencer):
    """mmdet's ``DetInferencer``, for pipelines that read by LoadAnyImage.

    Predictions need no panopticapi: ``predictions[k]['panoptic_seg']`` is the
    uint8 RGB [H, W, 3] map of ``label + 1000 * instance``, black where there
    is no segment; with ``out_dir`` and ``no_save_pred=False`` it is written.
    """

    def _init_pipeline(self, cfg: Config) -> Compose:
        pipeline = cfg.test_dataloader.dataset.pipeline
        index = self._get_transform_idx(pipeline, ('LoadAnyImage', ))
        if index < 0:
            return super()._init_pipeline(cfg)
        pipeline[index]['type'] = 'AnyImageInferencerLoader'
        return Compose(pipeline)

    def pred2dict(self,
                  data_sample: DetDataSample,
                  pred_out_dir: str = '') -> Dict[str, Any]:
        """See mmdet."""
        if 'pred_panoptic_seg' not in data_sample:
            return super().pred2dict(data_sample, pred_out_dir)
        panoptic = data_sample.pred_panoptic_seg
        del data_sample.pred_panoptic_seg
        result = super().pred2dict(data_sample, pred_out_dir)
        ids = panoptic.sem_seg[0].cpu().numpy()
        is_void = ids % INSTANCE_OFFSET == len(
            self.model.dataset_meta['classes'])
        picture = id2rgb(np.where(is_void, 0, ids))
        if not pred_out_dir:
            return {**result, 'panoptic_seg': picture}
        stem = osp.splitext(osp.basename(data_sample.img_path))[0]
        stem = osp.join(pred_out_dir, 'preds', stem)
        result['panoptic_seg_path'] = f'{stem}_panoptic_seg.png'
        with atomic_path(result['panoptic_seg_path']) as part:
            Image.fromarray(picture).save(part, format='PNG')
        mmengine.dump(result, f'{stem}.json')
        return result
