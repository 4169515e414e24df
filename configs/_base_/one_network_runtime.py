# Of a run without a teacher, hence without its hooks.
_base_ = './default_runtime.py'

custom_hooks = []
