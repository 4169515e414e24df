"""Class names with synonyms, and the prompts made of them."""
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
            the path of a text file with one line ``index:synonym,synonym`` a
            class (index 0 is left out if it is called ``invalid...``).

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


def _read_class_file(path: Path) -> List[str]:
    if not path.is_file():
        raise FileNotFoundError(
            f'classes={str(path)!r}: no such file; give a list of names or '
            "a text file with one line 'index:synonym,synonym' a class")
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
