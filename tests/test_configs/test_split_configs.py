"""The configs of all splits are those that the script makes."""
import runpy

from config_names import ROOT, spec_of, zoo

SCRIPT = runpy.run_path(str(ROOT / 'tools/make_split_configs.py'))


def test_files_are_those_of_the_table():
    made = dict(SCRIPT['split_configs']())
    assert len(made) == 25 * 6
    for name, text in made.items():
        assert (ROOT / 'configs' / name).read_text() == text, (
            f'{name}: run tools/make_split_configs.py')


def test_no_split_is_made_by_hand():
    made = {name.split('/')[-1] for name, _ in SCRIPT['split_configs']()}
    for path in zoo():
        spec = spec_of(path)
        if spec.fraction and spec.network != 'clip-convnext-l':
            assert path.name in made
    for part in ('*_1-*.py', '*_full.py'):
        for path in (ROOT / 'configs/_base_/datasets').glob(part):
            assert path.name in made


def test_script_writes_what_differs(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr('sys.argv', ['', '--out', str(tmp_path)])
    SCRIPT['main']()
    assert len(capsys.readouterr().out.split()) == 150
    path = tmp_path / '_base_/datasets/ade20k_panoptic_1-8.py'
    text = path.read_text()
    path.write_text('changed')
    SCRIPT['main']()
    assert capsys.readouterr().out.split() == [str(path)]
    assert path.read_text() == text
