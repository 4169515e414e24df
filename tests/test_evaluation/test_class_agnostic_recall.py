import cv2
import numpy as np
import pytest
import torch

from dearli_mm.evaluation import ClassAgnosticRecall
from dearli_mm.functional.panoptic_ids import id2rgb

IDS = np.zeros((10, 10), np.int64)
IDS[:5], IDS[5:, :4], IDS[9, 9], IDS[8, 8] = 1, 2, 3, 4
META = dict(classes=('thing', 'stuff'), thing_classes=('thing', ),
            stuff_classes=('stuff', ))


def sample(tmp_path, masks):
    path = str(tmp_path / 'ids.png')
    cv2.imwrite(path, id2rgb(IDS)[..., ::-1])
    segments = [
        dict(id=1, category=1, is_thing=False),
        dict(id=2, category=0, is_thing=True),
        dict(id=3, category=0, is_thing=False),  # a crowd
        dict(id=4, category=0, is_thing=True),
        dict(id=9, category=0, is_thing=True),  # has no pixel
    ]
    return dict(
        img_path='x.jpg', seg_map_path=path, segments_info=segments,
        pred_instances=dict(masks=torch.as_tensor(np.stack(masks))))


@pytest.fixture
def metric():
    metric = ClassAgnosticRecall(num_proposals=(1, 2),
                                 iou_thresholds=(0.5, 0.75))
    metric.dataset_meta = META
    return metric


def test_recall_on_paper(metric, tmp_path):
    half = IDS == 1
    half[4] = False  # IoU 0.8 with the stuff
    metric.process({}, [sample(tmp_path, [IDS == 2, half, IDS == 4])])
    result = metric.evaluate(1)
    assert result == {
        'recall/AR@1': pytest.approx(100 / 3),
        'recall/AR@2': pytest.approx(200 / 3),
        'recall/AR@1_th': 50,
        'recall/AR@2_th': 50,
        'recall/AR@1_st': 0,
        'recall/AR@2_st': 100
    }


def test_no_proposals(metric, tmp_path):
    metric.process({}, [sample(tmp_path, np.zeros((1, 10, 10), bool))])
    assert metric.evaluate(1)['recall/AR@2'] == 0


def test_errors(metric, tmp_path):
    given = sample(tmp_path, np.zeros((1, 5, 5), bool))
    with pytest.raises(ValueError, match='must be rescaled'):
        metric.process({}, [given])
    del given['pred_instances']
    with pytest.raises(KeyError, match='MaskProposalFusionHead'):
        metric.process({}, [given])
    with pytest.raises(ValueError, match='below 0.5'):
        ClassAgnosticRecall(iou_thresholds=(0.3, ))
