from .resumable_train_loop import ResumableTrainLoop
from .semi_sup_train_loop import SemiSupTrainLoop

__all__ = ['ResumableTrainLoop', 'SemiSupTrainLoop']
