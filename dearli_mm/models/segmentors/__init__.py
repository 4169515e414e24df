from .dearli_segmentor import DEARLiSegmentor

__all__ = ['DEARLiSegmentor']
