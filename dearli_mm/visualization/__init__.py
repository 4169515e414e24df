from .drawing import (contact_sheet, draw_segments, enlarge, legend, palette,
                      panel_size, side_by_side)

__all__ = [
    'contact_sheet', 'draw_segments', 'enlarge', 'legend', 'palette',
    'panel_size', 'side_by_side'
]
