"""Class names with synonyms, and the prompts made of them."""
import re
from collections import Counter
from difflib import get_close_matches
from pathlib import Path
from typing import List, Mapping, Sequence, Union

from dearli_mm.utils.text_files import read_text

_SIZES = ('small', 'medium', 'large')

TEMPLATES = {
    # The 14 single-sentence templates of ViLD, as FC-CLIP uses them.
    'vild': (
        'a photo of a {}.',
        'This is a photo of a {}',
        'There is a {} in the scene',
        'There is the {} in the scene',
        'a photo of a {} in the scene',
        *(f'a photo of a {size} {{}}.' for size in _SIZES),
        *(f'This is a photo of a {size} {{}}.' for size in _SIZES),
        *(f'There is a {size} {{}} in the scene.' for size in _SIZES),
    ),
    'plain': ('{}', ),
}

Classes = Union[Sequence[str], Mapping, str, Path]


def parse_classes(classes: Classes) -> List[List[str]]:
    """Read class names with their synonyms.

    Args:
        classes (Sequence[str] | Mapping | str | Path): Class names, commas
            between synonyms; or a dataset's metainfo (its ``classes``); or
            the path of a text file with one line ``index:synonym,synonym`` per
            class (index 0 is left out if it is called ``invalid...``). A
            mapping with ``prompts`` besides, the path of such a file in any
            order, takes the synonyms from there, by name.

    Returns:
        list[list[str]]: Synonyms of each class, stripped.

    Raises:
        ValueError: If there is no class or an empty name.
        FileNotFoundError: If the file is not there.
    """
    source = 'classes'
    if isinstance(classes, (str, Path)):
        source = str(classes)
        classes = _read_class_file(Path(classes).expanduser())
    elif isinstance(classes, Mapping):
        source = "metainfo['classes']"
        if classes.get('prompts'):
            return match_prompts(parse_classes(classes['prompts']),
                                 classes['classes'],
                                 str(classes['prompts']))
        classes = classes['classes']
    if len(classes) == 0:
        raise ValueError(f'{source} is empty; name at least one class')
    parsed = [[name.strip() for name in line.split(',')] for line in classes]
    for index, (line, names) in enumerate(zip(classes, parsed)):
        if not all(names):
            raise ValueError(
                f'{source}: class {index} ({line!r}) has an empty name; '
                'write names separated by single commas')
    return parsed


def match_prompts(prompts: Sequence[Sequence[str]],
                  names: Sequence[str],
                  source: str = 'prompts') -> List[List[str]]:
    """Bring lines of synonyms into the order of a dataset's classes.

    A class is the line that begins with its name, else the one line that has
    it among its synonyms. What does not fit so is compared without COCO's
    endings (``-merged``, ``-other``, ``-stuff``), then without blanks, then
    in any order of words; letter case and hyphens never count.

    Args:
        prompts (Sequence[Sequence[str]]): Synonyms, line by line.
        names (Sequence[str]): Classes in the order of the model.
        source (str): Where the lines are from, for the error.

    Returns:
        list[list[str]]: Synonyms of each class.

    Raises:
        ValueError: If a class has no line, or several; lists all of them.
    """
    lines = [_lines_of(name.split(',')[0], prompts) for name in names]
    # A line that is one class alone is none of the others'.
    for _ in names:
        sure = {found[0] for found in lines if len(found) == 1}
        lines = [found if len(found) == 1 else
                 [k for k in found if k not in sure] or found
                 for found in lines]
    problems = []
    for name, found in zip(names, lines):
        if len(found) > 1:
            lines_of_it = [prompts[k][0] for k in found]
            problems.append(f'{name!r} may be {lines_of_it}')
        elif not found:
            near = get_close_matches(
                name.lower(),
                [word.lower() for line in prompts for word in line], 2)
            problems.append(f'{name!r} has no line'
                            f'{f", near are {near}" if near else ""}')
    taken = Counter(found[0] for found in lines if len(found) == 1)
    problems += [f'the line of {prompts[k][0]!r} would be {count} classes'
                 for k, count in taken.items() if count > 1]
    if problems:
        raise ValueError(f'{source} does not fit the {len(names)} classes: ' +
                         '; '.join(problems))
    return [list(prompts[found[0]]) for found in lines]


def _lines_of(name: str, prompts: Sequence[Sequence[str]]) -> List[int]:
    """Lines that a name may mean, by the strictest rule that finds any."""
    for simplify in (_plain, _core, _joined, _bag):
        key = simplify(name)
        for words in (slice(0, 1), slice(None)):
            found = [k for k, line in enumerate(prompts)
                     if key in map(simplify, line[words])]
            if found:
                return found
    return []


def _plain(name: str) -> str:
    return ' '.join(re.split(r'[\s_-]+', name.lower().strip()))


def _core(name: str) -> str:
    """A name without COCO's endings."""
    return re.sub(r'( other| merged| stuff)+$', '', _plain(name))


def _joined(name: str) -> str:
    return _core(name).replace(' ', '')


def _bag(name: str) -> str:
    """Its words in any order: floor-wood is a wood floor."""
    return ' '.join(sorted(_core(name).split()))


def _read_class_file(path: Path) -> List[str]:
    if not path.is_file():
        raise FileNotFoundError(
            f'classes={str(path)!r}: no such file; give a list of names or '
            "a text file with one line 'index:synonym,synonym' per class")
    lines = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        index, colon, names = line.partition(':')
        if not colon or not index.strip().isdigit():
            raise ValueError(
                f'{path}, line {number}: {line!r} is not of the form '
                "'index:synonym,synonym'")
        if int(index) == 0 and names.strip().startswith('invalid'):
            continue
        lines.append(names)
    return lines


def make_prompts(names: Sequence[str],
                 templates: Union[str, Sequence[str]]) -> List[str]:
    """Put every name into every template, names in the outer loop.

    Args:
        names (Sequence[str]): Synonyms of all classes in a row.
        templates (str | Sequence[str]): Key of ``TEMPLATES`` or own
            templates with one ``{}`` each.

    Raises:
        ValueError: If the templates are unknown or lack the place.
    """
    return [
        template.format(name) for name in names
        for template in resolve_templates(templates)
    ]


def resolve_templates(templates: Union[str, Sequence[str]]) -> Sequence[str]:
    """Look up named templates; check own ones."""
    if isinstance(templates, str):
        if templates not in TEMPLATES:
            raise ValueError(f'templates={templates!r} is unknown; choose of '
                             f'{sorted(TEMPLATES)} or give a list')
        return TEMPLATES[templates]
    for template in templates:
        if template.count('{}') != 1:
            raise ValueError(f'template {template!r} must hold one {{}}')
    return tuple(templates)
