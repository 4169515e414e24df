"""A procedural world to try things in, and a tiny CLIP that knows it.

Importing the package makes the CLIP known to open_clip as ``dearli_tiny``;
configs do that with ``custom_imports``.
"""
from pathlib import Path

import open_clip

CLIP_NAME = 'dearli_tiny'
CLIP_WEIGHTS = Path(__file__).parent / f'{CLIP_NAME}.safetensors'

open_clip.add_model_config(CLIP_WEIGHTS.with_suffix('.json'))
