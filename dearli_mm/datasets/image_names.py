"""Which image a name means, and what the files made of an image are called.

One rule for splits, lists of exclusion and tools. A name with a folder or a
suffix means that file, of those in subfolders the one that fits; a bare stem
means the one image that has it. A name that fits several images means none.
A name may begin with folders above those of the images, as public lists do
(``leftImg8bit/train/a/b.png`` for ``a/b.png``). Where no image is in a
subfolder, folders of a name need not fit.
"""
import os
from collections import defaultdict
from pathlib import PurePosixPath
from typing import Dict, Iterable, List, Mapping, NamedTuple, Sequence

from .image_folders import IMAGE_SUFFIXES


class Found(NamedTuple):
    """What a list of names means.

    Attributes:
        indices (list[int]): Images, in the order of the names.
        unknown (list[str]): Names that no image has.
        ambiguous (dict[str, list[str]]): Images of each name that several
            have.
        twice (list[str]): Names of images that were named before.
    """
    indices: List[int]
    unknown: List[str]
    ambiguous: Dict[str, List[str]]
    twice: List[str]


class ImageNames:
    """Finds images by name.

    Args:
        names (Sequence[str]): File name of each image relative to the folder
            of images.
        paths (Sequence[str], optional): Their paths, for names that begin
            with folders above that one. Default: ``names``.
    """

    def __init__(self,
                 names: Sequence[str],
                 paths: Sequence[str] = ()) -> None:
        self.names = [_posix(name) for name in names]
        self._paths = [_posix(os.path.abspath(path)) for path in paths] or \
            self.names
        self._is_flat = not any('/' in name for name in self.names)
        # By the last part of the name, with its suffix and without.
        self._files: Dict[str, List[int]] = defaultdict(list)
        self._stems: Dict[str, List[int]] = defaultdict(list)
        for index, name in enumerate(self.names):
            last = name.rpartition('/')[2]
            self._files[last].append(index)
            self._stems[without_suffix(last)].append(index)

    def find(self, lines: Iterable[str]) -> Found:
        """Find the images of a list.

        Args:
            lines (Iterable[str]): One image per line. If no image is called
                like the whole line, its first word counts, if that has the
                suffix of an image (public lists go on with the annotation).
        """
        found = Found([], [], {}, [])
        seen = set()
        for line in lines:
            matches = self._matches(line)
            if len(matches) > 1:
                found.ambiguous[line] = [self.names[k] for k in matches]
            elif not matches:
                found.unknown.append(line)
            elif matches[0] in seen:
                found.twice.append(line)
            else:
                seen.add(matches[0])
                found.indices.append(matches[0])
        return found

    def hint(self, line: str) -> str:
        """What an unknown name may have meant: an image of its stem, if there
        is one, with another folder or suffix."""
        last = _posix(line).rpartition('/')[2]
        like = self._stems.get(without_suffix(last), [])
        return f'{line!r} (there is {self.names[like[0]]!r})' if like else \
            repr(line)

    def _matches(self, line: str) -> List[int]:
        line = line.strip()
        whole = self._images(line)
        first = line.split()[0] if line else ''
        if whole or first == line or without_suffix(first) == first:
            return whole
        return self._images(first)

    def _images(self, name: str) -> List[int]:
        name = _posix(name)
        last = name.rpartition('/')[2]
        bare = without_suffix(last) == last
        called = (self._stems if bare else self._files).get(last, [])
        fitting = [k for k in called
                   if _ends(self._paths[k], name, bare)]
        # Lists of the literature begin with folders that a download lacks.
        if not fitting and self._is_flat:
            return called
        if not fitting:
            fitting = [k for k in called if '/' in self.names[k]
                       and _ends(name, self.names[k], bare)]
        if name == last and bare:
            return fitting
        # The image of exactly this name, among those in folders below.
        exact = [index for index in fitting
                 if name in (self.names[index],
                             without_suffix(self.names[index]))]
        return exact if len(exact) == 1 else fitting


def _ends(path: str, name: str, bare: bool) -> bool:
    """Whether the last parts of a path are those of a name; ``bare``: both
    without suffix."""
    if bare:
        path, name = without_suffix(path), without_suffix(name)
    return f'/{path}'.endswith(f'/{name}')


def without_suffix(name: str) -> str:
    """A name without the suffix of an image; other points stay."""
    stem, point, suffix = name.rpartition('.')
    return stem if f'{point}{suffix}'.lower() in IMAGE_SUFFIXES and stem else \
        name


def result_names(names: Sequence[str]) -> List[str]:
    """What the files made of images are called, before their own suffix.

    Args:
        names (Sequence[str]): File names of images, relative to their folder.

    Returns:
        list[str]: Each name without its suffix, and with it where several
        images would share the result: ``a/0``, but ``b.jpg`` and ``b.png``.
    """
    stems = [without_suffix(_posix(name)) for name in names]
    count: Dict[str, int] = defaultdict(int)
    for stem in stems:
        count[stem.lower()] += 1
    return [stem if count[stem.lower()] == 1 else _posix(name)
            for stem, name in zip(stems, names)]


def image_name(sample: Mapping) -> str:
    """Name of a data sample's image, relative to the folder of images.

    Args:
        sample (Mapping): Meta information: ``img_name``, as
            :class:`PanopticDataset` tells it; without it the last part of
            ``img_path`` is all that is known.
    """
    return _posix(sample.get('img_name') or
                  os.path.basename(sample.get('img_path')))


def relative_name(path: str, folder: str) -> str:
    """A path relative to a folder of images; its last part if it is not
    below it."""
    if folder and path.startswith(folder.rstrip('/') + '/'):
        return _posix(path[len(folder.rstrip('/')) + 1:])  # of 200 000 paths
    name = _posix(os.path.relpath(path, folder or os.curdir))
    return name.rpartition('/')[2] if name.startswith('../') else name


def _posix(name: str) -> str:
    """A name with ``/`` between its parts, without ``.`` parts."""
    name = str(name)
    if name.strip() == name and not any(
            part in name for part in ('\\', './', '//')):
        return name  # as most are
    return PurePosixPath(str(name).strip().replace('\\', '/')).as_posix()
