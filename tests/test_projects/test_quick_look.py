"""The notebook runs from its first cell to its last."""
import ast
import json
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / 'projects/demo/quick_look.ipynb'


def run_cells(sources, monkeypatch):
    """Run cells in one namespace; what each of them shows."""
    monkeypatch.setattr(sys, 'path', list(sys.path))
    names, shown = {}, []
    for source in sources:
        tree = ast.parse(source)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, NOTEBOOK.name, 'exec'), names)
        if last is not None:
            shown.append(eval(
                compile(ast.Expression(last.value), NOTEBOOK.name, 'eval'),
                names))
    return names, shown


def test_notebook(monkeypatch, capsys):
    monkeypatch.chdir(NOTEBOOK.parent)
    cells = [cell for cell in json.loads(NOTEBOOK.read_text())['cells']
             if cell['cell_type'] == 'code']
    names, shown = run_cells([''.join(cell['source']) for cell in cells],
                             monkeypatch)
    assert 'of 6 images in' in capsys.readouterr().out
    assert (names['data'] / 'out/panoptic.json').is_file()
    scene, segments, others = filter(None, shown)
    assert scene.size == (384, 384)
    assert (np.asarray(segments)[:384] != np.asarray(others)[:384]).any()
    assert len(names['prediction'].labels) >= 3


def test_what_is_stored_is_the_result_of_the_cells():
    cells = json.loads(NOTEBOOK.read_text())['cells']
    outputs = [output for cell in cells for output in cell.get('outputs', [])]
    assert sum('image/png' in o.get('data', {}) for o in outputs) == 3
    text = ''.join(''.join(o.get('text', [])) for o in outputs)
    assert 'no segment' in text and str(ROOT) not in text
