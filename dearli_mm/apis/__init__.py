"""Inference from Python."""
from .inferencer import DEARLiInferencer
from .prediction import PanopticPrediction
from .vocabulary import Vocabulary, parse_vocabulary, read_vocabulary

__all__ = [
    'DEARLiInferencer', 'PanopticPrediction', 'Vocabulary',
    'parse_vocabulary', 'read_vocabulary'
]
