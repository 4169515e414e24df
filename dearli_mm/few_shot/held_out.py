"""Validation photos: they are neither labels nor unlabelled photos."""
from pathlib import Path
from typing import List, Set

from ..datasets.panoptic_json import read_panoptic_json
from ..utils.atomic import write_text
from .config import ann_files
from .options import Options


def write_held_out(options: Options) -> None:
    """List the validation photos within PHOTOS in ``val.txt``, by full path.

    By path, for another folder may have files of the same names.

    Args:
        options (Options): Of a run whose labels are converted.

    Raises:
        ValueError: If a labelled photo is among the validation photos.
    """
    if not options.val_labels:
        return
    val = _photos(options, 'val_labels', options.val_photos)
    both = sorted(set(val) & set(_photos(options, 'labels', options.photos)))
    if both:
        raise ValueError(
            f'{len(both)} photos are in LABELS and in --val-labels, for '
            f'instance {both[0]}; a photo that measures is not trained on: '
            'take its label out of one of them')
    if options.holds_val_photos:
        write_text(Path(options.out) / 'val.txt',
                   ''.join(f'{path}\n' for path in val))


def count_held_out(options: Options) -> int:
    """Number of validation photos."""
    return len(_names(options, 'val_labels'))


def _photos(options: Options, part: str, folder: str) -> List[str]:
    """Full paths; of photos within PHOTOS below the path that this has."""
    root, photos = Path(folder).resolve(), Path(options.photos)
    if root.is_relative_to(photos.resolve()):
        root = photos.absolute() / root.relative_to(photos.resolve())
    return [str(root / name) for name in sorted(_names(options, part))]


def _names(options: Options, part: str) -> Set[str]:
    content = read_panoptic_json(str(ann_files(options, part)[0]))
    return {image['file_name'] for image in content.images}
