"""What the tools do, and inference from Python.

``DEARLiInferencer`` is imported when it is asked for: the tools that need no
network stay quick.
"""
__all__ = ['DEARLiInferencer']


def __getattr__(name: str):
    if name in __all__:
        from .inference import DEARLiInferencer
        return DEARLiInferencer
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
