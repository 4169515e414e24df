"""Class-agnostic masks of many images in a folder of COCO files."""
import hashlib
import json
import os
from functools import cached_property
from pathlib import Path
from typing import Any, Dict, List, Sequence, Union

from ...utils.atomic import write_text

META = 'meta.json'
_NEW_FOLDER = 'Choose another folder, or delete this one.'


class MaskFolder:
    """Masks of images, one file per image.

    The masks of image ``a/b.jpg`` are in ``a/b.jpg.json``, a COCO dataset of
    one image that pycocotools reads as it is: ``COCO(path)``, or
    ``pycocotools.mask.decode(annotation['segmentation'])``. ``meta.json``
    tells how all of them were made. Every file is complete or not there, and
    ends with a digest of these settings, so that what is left of 100 000
    files is known by their last bytes.

    Args:
        root (str | Path): The folder; need not exist.
    """

    def __init__(self, root: Union[str, Path]) -> None:
        self.root = Path(root).expanduser()

    def path(self, name: str) -> Path:
        """File of an image.

        Args:
            name (str): Path of the image relative to the image folder.
        """
        return self.root / f'{name}.json'

    def names(self) -> List[str]:
        """Images that have a file, sorted, relative to the image folder."""
        return sorted(
            path.relative_to(self.root).as_posix()[:-len('.json')]
            for path in self.root.rglob('[!.]*.json')
            if path != self.root / META)

    def meta(self) -> Dict[str, Any]:
        """Content of ``meta.json``.

        Raises:
            FileNotFoundError: If there is none.
            ValueError: If it cannot be read.
        """
        path = self.root / META
        if not path.is_file():
            raise FileNotFoundError(
                f'{self.root} holds no masks (no {META}); write some with '
                'tools/sam_masks.py, or correct the path')
        try:
            meta = json.loads(path.read_text('utf-8'))
            meta['settings'], meta['digest']
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f'{path} is no description of masks '
                             f'({error}). {_NEW_FOLDER}') from error
        return meta

    @cached_property
    def digest(self) -> str:
        """str: Fingerprint of the settings, 16 hexadecimal digits."""
        return self.meta()['digest']

    def prepare(self, settings: Dict[str, Any], dry_run: bool = False) -> None:
        """Note the settings, or compare them with those noted.

        Args:
            settings (dict): What determines the masks; plain JSON.
            dry_run (bool): Whether to write nothing. Defaults to False.

        Raises:
            ValueError: If the folder holds something else, or masks made
                with other settings.
        """
        text = json.dumps(settings, sort_keys=True)
        self.digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        if (self.root / META).exists():
            meta = self.meta()
            if meta['digest'] != self.digest:
                raise ValueError(
                    f'{self.root} holds masks made with other settings: '
                    f'{_differences(meta["settings"], settings)}. '
                    f'{_NEW_FOLDER}')
        elif self.root.exists() and any(self.root.iterdir()):
            raise ValueError(f'{self.root} is not empty and was not written '
                             f'by this tool (no {META} in it). {_NEW_FOLDER}')
        elif not dry_run:
            meta = dict(settings=settings, digest=self.digest)
            write_text(self.root / META, json.dumps(meta, indent=2) + '\n')

    def is_done(self, name: str) -> bool:
        """Whether an image has masks: a whole file, of these settings.

        Args:
            name (str): See :meth:`path`.
        """
        # Only the last bytes are read: 100 000 files are seen in seconds.
        expected = self._tail().encode()
        try:
            with open(self.path(name), 'rb') as file:
                file.seek(-min(len(expected), file.seek(0, os.SEEK_END)),
                          os.SEEK_END)
                return file.read() == expected
        except FileNotFoundError:
            return False

    def write(self, name: str, height: int, width: int,
              instances: Sequence[Dict[str, Any]]) -> None:
        """Write the masks of an image, all or nothing.

        Args:
            name (str): See :meth:`path`.
            height (int): Of the image.
            width (int): Of the image.
            instances (Sequence[dict]): COCO annotations without ids; there
                may be none.
        """
        annotations = [
            dict(id=number, image_id=1, category_id=1, iscrowd=0, **instance)
            for number, instance in enumerate(instances, 1)
        ]
        content = json.dumps(
            dict(
                images=[
                    dict(id=1, file_name=name, height=height, width=width)
                ],
                categories=[dict(id=1, name='object')],
                annotations=annotations))
        # The digest comes last, in place of the closing brace.
        write_text(self.path(name), content[:-1] + self._tail())

    def _tail(self) -> str:
        return f', "info": {{"settings": "{self.digest}"}}}}\n'


def read_mask_file(path: Union[str, Path]) -> Dict[str, Any]:
    """Read one file of a :class:`MaskFolder`.

    Raises:
        FileNotFoundError: If it is not there.
        ValueError: If it is not complete.
    """
    try:
        with open(path, encoding='utf-8') as file:
            content = json.load(file)
        content['annotations'], content['images'][0]['height']
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f'{path}: no such mask file; write it with tools/sam_masks.py'
        ) from error
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise ValueError(f'{path} is no complete mask file ({error}); run '
                         'tools/sam_masks.py again, which replaces it'
                         ) from error
    return content


def _differences(there: Dict[str, Any], asked: Dict[str, Any]) -> str:
    return ', '.join(
        f'{key} is {there.get(key)!r} there and {asked.get(key)!r} here'
        for key in dict.fromkeys([*there, *asked])
        if there.get(key) != asked.get(key))
