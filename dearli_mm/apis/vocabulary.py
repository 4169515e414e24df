"""Classes that are given at test time, as text."""
import os
import re
from collections import Counter
from pathlib import Path
from typing import List, NamedTuple, Optional, Sequence

import numpy as np

from ..utils.text_files import read_text
from ..visualization import palette

_SYNTAX = ('write "ball,star;sand,water": commas between classes, a '
           'semicolon between things and stuff, | between synonyms')


class Vocabulary(NamedTuple):
    """The classes of a network at test time, things first.

    Attributes:
        prompts (list[str]): ``[C]``, synonyms separated by commas, as the
            text classifier takes them.
        num_things (int): How many of them are things.
        names (list[str]): ``[C]``, what they are called in results.
        palette (np.ndarray): uint8 ``[C, 3]``, RGB.
    """
    prompts: List[str]
    num_things: int
    names: List[str]
    palette: np.ndarray

    @property
    def categories(self) -> List[dict]:
        """list[dict]: Categories as COCO lists them; ids count from 1."""
        return [
            dict(id=k + 1, name=name, isthing=int(k < self.num_things))
            for k, name in enumerate(self.names)
        ]

    @property
    def text(self) -> str:
        """str: As :func:`parse_vocabulary` reads it."""
        classes = [re.sub(r'\s*,\s*', '|', line) for line in self.prompts]
        things = ', '.join(classes[:self.num_things])
        stuff = ', '.join(classes[self.num_things:])
        return f'{things}; {stuff}' if stuff else things


def make_vocabulary(prompts: Sequence[str],
                    num_things: int,
                    names: Optional[Sequence[str]] = None,
                    colors: Optional[Sequence] = None) -> Vocabulary:
    """A vocabulary with what is not given filled in.

    Args:
        prompts (Sequence[str]): ``[C]``, commas between synonyms.
        num_things (int): How many of them are things.
        names (Sequence[str], optional): ``[C]``. By default, and if there
            are not C of them, the first synonym of each class.
        colors (Sequence, optional): ``[C, 3]``. By default, and if there are
            not C of them, colours that are far apart.

    Raises:
        ValueError: If two classes have the same name.
    """
    if names is None or len(names) != len(prompts):
        names = [line.split(',')[0].strip() for line in prompts]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f'classes name {twice} more than once; each class '
                         'needs a name of its own')
    if colors is None or len(colors) != len(prompts):
        colors = palette(len(prompts))
    return Vocabulary(
        list(prompts), num_things, list(names), np.asarray(colors, np.uint8))


def read_vocabulary(classes: str) -> Vocabulary:
    """Read classes from a file, or from the text itself.

    Args:
        classes (str): What :func:`parse_vocabulary` reads, or the path of a
            text file with one class per line, its synonyms separated by commas
            or ``|``, and a line ``;`` between things and stuff. An
            ``index:`` before the names is left out, and class 0 with it if
            it is called ``invalid...``.

    Raises:
        ValueError: See :func:`parse_vocabulary`.
        FileNotFoundError: If it looks like a file that is not there.
    """
    path = Path(classes).expanduser()
    if path.suffix != '.txt' and not os.path.isfile(path):
        return parse_vocabulary(classes)
    if not path.is_file():
        raise FileNotFoundError(f'classes={classes!r}: no such file; give a '
                                f'file with one class per line, or {_SYNTAX}')
    # Without "index:", and without class 0 if it is called invalid.
    text = re.sub(r'^0\s*:\s*invalid.*|^\d+\s*:', '', read_text(path),
                  flags=re.MULTILINE)
    return _from_parts([[
        line.replace(',', '|') for line in part.splitlines() if line.strip()
    ] for part in text.split(';')], classes)


def parse_vocabulary(text: str) -> Vocabulary:
    """Read classes as a user writes them.

    Args:
        text (str): ``'ball|sphere,star;sand,water'``: commas separate
            classes, ``|`` separates synonyms, what stands behind ``;`` is
            stuff.

    Returns:
        Vocabulary: Without ``;`` all classes are things.

    Raises:
        ValueError: If there is no class, an empty name, a name twice or a
            second semicolon.
    """
    return _from_parts(
        [part.split(',') if part.strip() else [] for part in text.split(';')],
        text)


def _from_parts(parts: List[List[str]], given: str) -> Vocabulary:
    """A vocabulary of lines with ``|`` between synonyms: things, stuff."""
    source = f'classes={given!r}'
    if len(parts) > 2:
        raise ValueError(
            f'{source} has {len(parts) - 1} semicolons; {_SYNTAX}')
    classes = [[name.strip() for name in line.split('|')]
               for part in parts for line in part]
    if not classes:
        raise ValueError(f'{source} names no class; {_SYNTAX}')
    if not all(name for names in classes for name in names):
        raise ValueError(f'{source} has an empty name; {_SYNTAX}')
    return make_vocabulary([', '.join(names) for names in classes],
                           len(parts[0]))
