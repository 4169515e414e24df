import re
from typing import Tuple

from mmdet.registry import LOG_PROCESSORS
from mmengine.runner import LogProcessor

# What PanopticMetric's tables show, but for PQ and mIoU.
IN_TABLES = re.compile(r'\S+/(?:[SR]Q|[PSR]Q_(?:th|st)|PQ/.+?): \S+(?:  |$)')


@LOG_PROCESSORS.register_module()
class PanopticLogProcessor(LogProcessor):
    """mmengine's, whose line of a validation has no number twice.

    :class:`PanopticMetric` prints tables. Of their numbers the line repeats PQ
    and mIoU; files and other backends get all of them, as before.
    """

    def get_log_after_epoch(self, *args, **kwargs) -> Tuple[dict, str]:
        """See mmengine."""
        tag, line = super().get_log_after_epoch(*args, **kwargs)
        return tag, IN_TABLES.sub('', line)
