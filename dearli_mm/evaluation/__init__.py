from .class_agnostic_recall import ClassAgnosticRecall
from .panoptic_metric import PanopticMetric

__all__ = ['ClassAgnosticRecall', 'PanopticMetric']
