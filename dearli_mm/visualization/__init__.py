from .drawing import (contact_sheet, draw_segments, enlarge, legend, palette,
                      panel_size, side_by_side)
from .labels import label_segments

__all__ = [
    'contact_sheet', 'draw_segments', 'enlarge', 'label_segments', 'legend',
    'palette', 'panel_size', 'side_by_side'
]
