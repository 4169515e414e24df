from ..utils.colors import palette
from .drawing import (NO_SEGMENT, contact_sheet, draw_segments, enlarge,
                      legend, panel_size, side_by_side)
from .labels import label_segments
from .panoptic_visualizer import PanopticVisualizer

__all__ = [
    'NO_SEGMENT', 'PanopticVisualizer', 'contact_sheet', 'draw_segments',
    'enlarge', 'label_segments', 'legend', 'palette', 'panel_size',
    'side_by_side'
]
