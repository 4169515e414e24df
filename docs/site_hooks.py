"""What mkdocs is told besides the pages of docs/.

README, CHANGELOG, CONTRIBUTING and the pages of projects/ become pages of the
site, and so does each room of the package, of its docstrings. Links between
them are turned; what is no page (configs, code) keeps its text alone.
"""
import posixpath
import re
from pathlib import Path

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r'(!?)\[([^\]]*)\]\(([^)\s]+)\)')
ROOMS = {
    'functional': 'The mathematics: pure functions on tensors',
    'models': 'Networks, heads, losses',
    'datasets': 'Datasets, transforms, samplers',
    'engine': 'Loops, hooks, optimisers',
    'evaluation': 'Metrics',
    'apis': 'Inference',
    'masks': 'Class-agnostic masks',
    'conversion': 'Converters, splits',
    'benchmark': 'Grids of runs',
    'few_shot': 'Few labels in one command',
    'diagnostics': 'Checks of data and devices',
    'visualization': 'Pictures',
}


def pages_outside() -> dict:
    """Pages and pictures outside of docs/: their place on the site."""
    found = {'README.md': 'index.md', 'CHANGELOG.md': 'changelog.md',
             'CONTRIBUTING.md': 'contributing.md'}
    for page in sorted(ROOT.glob('projects/*/README.md')):
        name = page.parent.name
        found[f'projects/{name}/README.md'] = f'projects/{name}.md'
        for path in sorted(page.parent.rglob('*')):
            if path.suffix in ('.png', '.jpg', '.svg') or \
                    path.name == 'report.md':
                inner = path.relative_to(ROOT).as_posix()
                found[inner] = inner
    return found


def on_files(files: Files, config) -> Files:
    """Add the pages that docs/ does not hold."""
    for source, target in pages_outside().items():
        path = ROOT / source
        if path.suffix == '.md':
            file = File.generated(config, target, content=path.read_text())
        else:
            file = File.generated(config, target, abs_src_path=str(path))
        files.append(file)
    rooms = ''
    for room, title in ROOMS.items():
        files.append(File.generated(
            config, f'api/{room}.md',
            content=f'# {title}\n\n::: dearli_mm.{room}\n'))
        rooms += f'- [`dearli_mm.{room}`]({room}.md): {title}\n'
    files.append(File.generated(
        config, 'api/index.md', content=f'# API\n\n{rooms}'))
    return files


def on_page_markdown(markdown: str, page, config, files) -> str:
    """Turn links that lead out of docs/."""
    target_of = {f'docs/{file.src_uri}': file.src_uri for file in files
                 if not file.generated_by}
    target_of.update(pages_outside())
    here = page.file.src_uri
    source = next((path for path, target in target_of.items()
                   if target == here), None)
    if source is None:  # made here
        return markdown

    def turned(match: re.Match) -> str:
        mark, text, link = match.groups()
        path, _, anchor = link.partition('#')
        if '://' in link or not path:
            return match[0]
        place = posixpath.normpath(posixpath.join(posixpath.dirname(source),
                                                  path))
        if place not in target_of:
            return text
        way = posixpath.relpath(target_of[place],
                                posixpath.dirname(here) or '.')
        return f'{mark}[{text}]({way}{"#" + anchor if anchor else ""})'

    return LINK.sub(turned, markdown)
