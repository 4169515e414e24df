"""Made images with label PNG files, as datasets of mmseg read them."""
from pathlib import Path
from typing import Sequence, Tuple

import numpy as np
from PIL import Image


def write_semantic_data(folder: Path, stems: Sequence[str],
                        sizes: Sequence[Tuple[int, int]], num_classes: int,
                        void: int) -> None:
    """Noise images in ``images`` and blocks of labels in ``labels``."""
    rng = np.random.default_rng(0)
    for name in ('images', 'labels'):
        (folder / name).mkdir(parents=True)
    for k, stem in enumerate(stems):
        height, width = sizes[k % len(sizes)]
        blocks = rng.integers(0, num_classes + 1, (3, 4), dtype=np.uint8)
        blocks[blocks == num_classes] = void
        labels = np.kron(blocks, np.ones((height // 3 + 1, width // 4 + 1)))
        labels = labels[:height, :width].astype(np.uint8)
        noise = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / f'images/{stem}.jpg')
        Image.fromarray(labels).save(folder / f'labels/{stem}.png')
