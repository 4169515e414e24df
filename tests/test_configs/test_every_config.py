"""What holds for all configs, those of the quickstart as well."""
import pytest
from config_names import ROOT
from mmengine.config import Config


@pytest.mark.parametrize(
    'path',
    sorted((ROOT / 'configs').glob('[!_]*/*.py')),
    ids=lambda p: p.stem)
def test_it_can_be_read_and_dumped(path, tmp_path):
    config = Config.fromfile(path)
    object.__setattr__(config, '_format_python_code', False)
    config.dump(tmp_path / 'dumped.py')
    again = Config.fromfile(tmp_path / 'dumped.py')
    assert again.model == config.model
    assert config.custom_imports.imports[0] == 'dearli_mm'
