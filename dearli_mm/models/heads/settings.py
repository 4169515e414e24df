"""What ``test_cfg`` of the two heads may hold."""
from mmdet.utils import OptConfigType

from dearli_mm.utils import refuse_unknown

# How masks become segments, of pseudo-labels as well as of results.
SEGMENTS = dict(
    alpha=0.4,
    ensemble_on_valid_masks=False,
    score_thr=0.0,
    overlap_thr=0.8,
    void_on=True)
RESULTS = ('panoptic_on', 'semantic_on', 'max_per_img')
MMDET_NAMES = dict(object_mask_thr='score_thr', iou_thr='overlap_thr',
                   max_per_image='max_per_img')


def check_test_cfg(test_cfg: OptConfigType) -> None:
    """Refuse settings that nobody reads.

    Raises:
        ValueError: Names them, and what was meant.
    """
    refuse_unknown(test_cfg or (), (*SEGMENTS, *RESULTS), 'test_cfg',
                   MMDET_NAMES)
