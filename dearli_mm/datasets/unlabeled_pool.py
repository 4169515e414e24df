"""The images that a run may use without labels."""
import logging
import os
from functools import cache
from typing import List, Sequence, Set

from mmengine.logging import print_log
from torch.utils.data import Dataset

from .image_folders import list_images
from .image_names import ImageNames, relative_name
from .splits import read_split


def infos_of_dataset(dataset: Dataset) -> List[dict]:
    """What may be known of unlabelled images: no annotation. A ``name`` is
    the file's, relative to the folder of images."""
    folder = getattr(dataset, 'data_prefix', {}).get('img', '')
    infos = (dataset.get_data_info(k) for k in range(len(dataset)))
    return [
        dict({key: info[key]
              for key in ('img_path', 'img_id', 'height', 'width')
              if key in info}, name=relative_name(info['img_path'], folder))
        for info in infos
    ]


def infos_of_folders(sources: Sequence[str],
                     known: Sequence[str]) -> List[dict]:
    """Images of folders and lists; each once, and none that is known."""
    real_folder = cache(os.path.realpath)

    def resolve(path: str) -> str:
        if os.path.islink(path):
            return os.path.realpath(path)
        folder, name = os.path.split(path)
        return os.path.join(real_folder(folder), name)

    seen = set(map(resolve, known if sources else ()))
    infos = []
    for source in sources:
        folder = source if os.path.isdir(source) else os.path.dirname(source)
        for path in map(str, list_images(source)):
            real = resolve(path)
            if real not in seen:
                seen.add(real)
                infos.append(
                    dict(
                        img_path=path,
                        img_id=path,
                        name=relative_name(path, folder)))
    return infos


def image_names(infos: Sequence[dict]) -> ImageNames:
    """The images, to be found by name."""
    return ImageNames([info['name'] for info in infos],
                      [info['img_path'] for info in infos])


def without_excluded(infos: List[dict],
                     exclude: Sequence[str]) -> List[dict]:
    """Images that no list excludes; the log says what each list took.

    Args:
        infos (list[dict]): Images, each with ``img_path`` and ``name``.
        exclude (Sequence[str]): Split files.

    Raises:
        ValueError: If a name stands for several images.
    """
    images = image_names(infos) if exclude else None
    taken: Set[int] = set()
    for source in exclude:
        found = images.find(read_split(source))
        if found.ambiguous:
            line, names = next(iter(found.ambiguous.items()))
            raise ValueError(
                f'exclude={source!r}: {len(found.ambiguous)} names stand for '
                f'several unlabelled images, for instance {line!r} for '
                f'{names[:3]}; write the folder and the suffix as well')
        lost = f'; {len(found.unknown)} names are of no unlabelled image, ' \
            f'for instance {images.hint(found.unknown[0])}' \
            if found.unknown else ''
        print_log(
            f'exclude={source!r}: {len(found.indices)} images are kept from '
            f'the unlabelled ones{lost}', 'current',
            logging.WARNING if lost else logging.INFO)
        taken.update(found.indices)
    return [info for index, info in enumerate(infos) if index not in taken]
