from .atomic_checkpoint_hook import AtomicCheckpointHook
from .ema_teacher_hook import EMATeacherHook
from .panoptic_visualization_hook import PanopticVisualizationHook
from .plain_checkpoint_hook import PlainCheckpointHook
from .resumed_schedule_hook import ResumedScheduleHook
from .sam_warmup_hook import SAMWarmupHook
from .teacher_monitor_hook import TeacherMonitorHook
from .work_dir_lock_hook import WorkDirLockHook

__all__ = [
    'AtomicCheckpointHook', 'EMATeacherHook', 'PanopticVisualizationHook',
    'PlainCheckpointHook', 'ResumedScheduleHook', 'SAMWarmupHook',
    'TeacherMonitorHook', 'WorkDirLockHook'
]
