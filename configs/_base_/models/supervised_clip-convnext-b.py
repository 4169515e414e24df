# One network that learns from labelled images alone, without zero-shot
# branch. `--cfg-options model.test_cfg.alpha=0.4` switches that on at test.
_base_ = './dearli_clip-convnext-b.py'

model = dict(
    _base_.model.detector,
    _delete_=True,
    data_preprocessor=_base_.model.data_preprocessor.data_preprocessor,
    test_cfg=dict(_base_.model.detector.test_cfg, alpha=0.0))
