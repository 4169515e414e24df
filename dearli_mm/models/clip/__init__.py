from .class_prompts import TEMPLATES, parse_classes
from .loading import build_clip, clip_weights_path
from .text_classifier import CLIPTextClassifier

__all__ = [
    'CLIPTextClassifier', 'TEMPLATES', 'build_clip', 'clip_weights_path',
    'parse_classes'
]
