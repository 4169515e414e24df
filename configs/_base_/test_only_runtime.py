# Of a network that needs no training: `mim test` alone.
_base_ = './one_network_runtime.py'

val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
