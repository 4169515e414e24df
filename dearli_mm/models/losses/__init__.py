from .criterion_config import criterion_config
from .set_criterion import SetCriterion

__all__ = ['SetCriterion', 'criterion_config']
