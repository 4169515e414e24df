"""Inference from Python."""
from .inferencer import DEARLiInferencer
from .mmdet_doors import DetInferencer, init_detector
from .prediction import PanopticPrediction
from .vocabulary import Vocabulary, parse_vocabulary, read_vocabulary

__all__ = [
    'DEARLiInferencer', 'DetInferencer', 'PanopticPrediction', 'Vocabulary',
    'init_detector', 'parse_vocabulary', 'read_vocabulary'
]
