from .semi_sup_train_loop import SemiSupTrainLoop

__all__ = ['SemiSupTrainLoop']
