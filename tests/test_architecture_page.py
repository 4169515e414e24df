"""docs/architecture.md names files, functions and methods that there are."""
import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / 'docs/architecture.md').read_text('utf-8')
PLACES = re.findall(r'`((?:\w[\w-]*/)+[\w-]+\.py)(?::([\w.]+))?`', TEXT)


def names_of(path):
    """Functions, classes, and methods as ``Class.method``."""
    for node in ast.parse(path.read_text('utf-8')).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
            for child in getattr(node, 'body', ()):
                if isinstance(child, ast.FunctionDef):
                    yield f'{node.name}.{child.name}'


def test_places_exist():
    assert len(PLACES) > 60
    for file, name in PLACES:
        path = ROOT / file if file.startswith(('configs', 'tests')) \
            else ROOT / 'dearli_mm' / file
        assert path.is_file(), file
        assert not name or name in set(names_of(path)), f'{file}:{name}'
