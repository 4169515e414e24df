"""A folder of the package imports from lower layers only; see LAYERS."""
import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / 'dearli_mm'
LAYERS = (  # from low to high; folders of one layer do not know each other
    {'compat', 'stack', 'version'},
    {'functional', 'utils'},
    {'datasets', 'models'},
    {'evaluation', 'visualization'},
    {'engine'},
    {'apis', 'benchmark', 'conversion', 'diagnostics', 'masks'},
    {'few_shot'},
)
LAYER = {name: k for k, names in enumerate(LAYERS) for name in names}


def imports_of(path):
    """Absolute names of what a module imports, also within functions."""
    package = path.relative_to(PACKAGE.parent).parent.parts
    for node in ast.walk(ast.parse(path.read_text('utf-8'))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            end = len(package) - node.level + 1 if node.level else 0
            base = [*package[:end], *filter(None, [node.module])]
            yield from ('.'.join([*base, alias.name]) for alias in node.names)


@pytest.mark.parametrize('folder', sorted(
    path.name for path in PACKAGE.iterdir() if any(path.glob('*.py'))))
def test_folder_imports_only_from_lower_layers(folder):
    height = LAYER[folder]
    upward = {
        (str(path.relative_to(PACKAGE)), name)
        for path in (PACKAGE / folder).rglob('*.py')
        for name in imports_of(path)
        if name.startswith('projects') or name.startswith('dearli_mm.')
        and (other := name.split('.')[1]) != folder
        and LAYER.get(other, 0) >= height
    }
    assert not upward
