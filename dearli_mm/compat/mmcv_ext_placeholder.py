"""dearli_mm placeholder for mmcv._ext (this line marks the file as ours).

``mmcv-lite`` has no compiled operators, yet mmdet imports ``mmcv.ops``, which
looks them up when it is imported. This module answers the lookup and raises
only when an operator is called. ``dearli_mm.compat`` loads this very file as
``mmcv._ext``, or copies it there: so it imports nothing.
"""
IS_DEARLI_MM_PLACEHOLDER = True

# What mmcv asks for when it describes the environment; not operators.
_INFO = ('get_compiler_version', 'get_compiling_cuda_version')


class MissingOpError(RuntimeError):
    """A compiled mmcv operator was called, but mmcv has none."""


def __getattr__(name: str):
    # Dunder names are questions of the import system and of inspection.
    if name.startswith('__'):
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')

    def op(*args, **kwargs):
        if name in _INFO:
            return 'not available'
        raise MissingOpError(
            f"The mmcv operator '{name}' was called, but the installed mmcv "
            'has no compiled operators (mmcv-lite). Install full mmcv in its '
            'place:\n    pip uninstall -y mmcv-lite\n'
            '    pip install --no-build-isolation mmcv==2.1.0\n'
            '(it is built from source in 5 to 20 minutes and needs a C++ '
            'compiler; docs/install.md has the details).')

    op.__name__ = op.__qualname__ = name
    return op
