"""Registries of the scope ``dearli_mm``, which find what mmdet's find.

mmengine looks for them, by this file's name, wherever a config inherits from
``'dearli_mm::...'``: it marks all that comes from there with this scope.
"""
from mmdet import registry
from mmengine.registry import Registry

for _parent in list(vars(registry).values()):
    if isinstance(_parent, Registry):
        Registry(_parent.name, parent=_parent, scope='dearli_mm',
                 locations=['dearli_mm'])
