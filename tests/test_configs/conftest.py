import sys

import pytest
from config_names import ROOT


@pytest.fixture(scope='session', autouse=True)
def project_packages():
    """Configs of a project may import the package beside them."""
    before = list(sys.path)
    sys.path += [str(path) for path in (ROOT / 'projects').iterdir()]
    yield
    sys.path[:] = before
