"""Finding and checking what is converted."""
from pathlib import Path
from typing import List, Sequence, Union

import numpy as np

from ..datasets.image_files import open_image, read_image_size
from ..datasets.image_folders import IMAGE_SUFFIXES, list_images
from ..datasets.image_names import result_names
from ..datasets.panoptic_files import Source


def pair_images(images: Path,
                folders: Sequence[Path],
                suffix: str = '.png',
                ending: str = '',
                partial: bool = False) -> List[Source]:
    """Images of a folder with the annotation files of the same stem.

    Where several images share a stem, annotation files are called like the
    whole image, ``a.jpg.png`` and ``a.tif.png``.

    Args:
        images (Path): Folder of images, with subfolders.
        folders (Sequence[Path]): Folders of annotation files, laid out alike.
        suffix (str): What annotation files have in place of the image's
            suffix. Defaults to '.png'.
        ending (str): End of the images' stems that annotation files lack.
            Defaults to none.
        partial (bool): Leave out images without annotation, which are the
            unlabelled ones. Defaults to False.

    Returns:
        list[Source]: Sorted; inputs are the image and its annotation files.

    Raises:
        FileNotFoundError: If an annotation file is not there, or with
            ``partial`` all of them; says how many.
        ValueError: If a folder has annotation without an image.
    """
    paths = list_images(images)
    names = [path.relative_to(images).as_posix() for path in paths]
    stems = [stem[:-len(ending)] if ending and stem.endswith(ending) else stem
             for stem in result_names(names)]
    sources = [
        Source(name, (str(path), *(
            str(folder / f'{stem}{suffix}') for folder in folders)))
        for path, name, stem in zip(paths, names, stems)
    ]
    annotated = [source for source in sources
                 if all(Path(path).is_file() for path in source.inputs[1:])]
    if partial and annotated:
        sources = annotated
    for k, folder in enumerate(folders, start=1):
        missing = [s.inputs[k] for s in sources
                   if not Path(s.inputs[k]).is_file()]
        if missing:
            raise FileNotFoundError(
                f'{len(missing)} of {len(sources)} images in {images} have no '
                f'annotation in {folder}, for instance {missing[0]}')
        found = [p.relative_to(folder).as_posix()[:-len(suffix)]
                 for p in folder.rglob(f'*{suffix}')]
        extra = sorted(set(found) - set(stems))
        if extra:
            raise ValueError(
                f'{folder} has annotation of {len(extra)} images that are not '
                f'in {images} (with a suffix of '
                f'{", ".join(sorted(IMAGE_SUFFIXES))}), for instance '
                f'{extra[0]!r}')
    return sources


def check_frame(image: Union[str, Path], size: Sequence[int],
                annotation: Union[str, Path]) -> None:
    """Check that an image has the size of its annotation.

    Either with its EXIF rotation or without: the loader follows the
    annotation.

    Args:
        image (str | Path): The image.
        size (Sequence[int]): Height and width of the annotation.
        annotation (str | Path): Its file, for the message.

    Raises:
        ValueError: If neither fits.
    """
    found = read_image_size(str(image))
    if tuple(size) not in (found.stored, found.shown):
        raise ValueError(
            f'{annotation} is of {size[0]} x {size[1]} pixels (height x '
            f'width), its image {image} of {found.shown[0]} x '
            f'{found.shown[1]}: annotate that very image, or scale the '
            'annotation')


def read_map(path: str,
             image: str,
             limit: int = 2**16 - 1,
             ndim: int = 2) -> np.ndarray:
    """Read a file whose pixel values mean something.

    Args:
        path (str): The file.
        image (str): Its image, which must be of the same size.
        limit (int): Greatest value that there may be. Defaults to what 16
            bits hold.
        ndim (int): 2 for grey and palette files, 3 for RGB. Defaults to 2.

    Returns:
        np.ndarray: int32 ``[H, W]`` or ``[H, W, 3]``.

    Raises:
        ValueError: If the file has other channels, values or another size.
    """
    values = np.array(open_image(path))
    if values.ndim != ndim or values.dtype.kind not in 'biu' or \
            values.max() > limit:
        kind = 'grey or palette' if ndim == 2 else 'RGB'
        raise ValueError(
            f'{path} should be a {kind} PNG of values up to {limit}, is '
            f'{values.dtype} {list(values.shape)} up to {values.max()}')
    check_frame(image, values.shape[:2], path)
    return values.astype(np.int32)


def need(path: Path, what: str, remedy: str) -> Path:
    """Check that a source is there.

    Raises:
        FileNotFoundError: If not; names the path, and what to do.
    """
    if not path.exists():
        raise FileNotFoundError(f'{what} {path} is not there. {remedy}')
    return path
