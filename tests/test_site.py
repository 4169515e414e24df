"""The site builds without a network, all links of its pages included."""
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip('material')
pytest.importorskip('mkdocstrings_handlers.python')

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope='module')
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp('site')
    done = subprocess.run(
        [sys.executable, '-m', 'mkdocs', 'build', '-q', '-d', str(out)],
        cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out


def test_pages(site):
    for page in ROOT.glob('docs/*.md'):
        assert (site / page.stem / 'index.html').is_file(), page
    assert 'quickstart.png' in (site / 'index.html').read_text()
    assert (site / 'images/quickstart.png').is_file()
    assert (site / 'projects/mini_benchmark/results/pictures.jpg').is_file()


def test_api(site):
    models = (site / 'api/models/index.html').read_text()
    for name in ('detectors.dearli.DEARLi',
                 'heads.clip_mask2former_head.CLIPMask2FormerHead'):
        assert f'id="dearli_mm.models.{name}"' in models
    functional = (site / 'api/functional/index.html').read_text()
    assert 'id="dearli_mm.functional.geometric_ensemble"' in functional


def test_links_between_pages(site):
    home = (site / 'index.html').read_text()
    links = {link for link in re.findall(r'href="([^"#?]+)', home)
             if '://' not in link}
    assert 'projects/mini_benchmark/' in links and 'train/' in links
    for link in links:
        target = site / link
        assert target.exists() or (target / 'index.html').exists(), link
