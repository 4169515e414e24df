"""What dearli_mm runs on: the one place where the versions are written.

``setup.py``, ``tools/check_env.py`` and ``tools/environment.sh`` read this
file by its path, before anything is installed: it imports nothing but the
standard library. ``python dearli_mm/stack.py [EXTRA ...]`` prints what this
environment lacks and exits with 1 if it lacks anything.
"""
import re
import sys
import sysconfig
from importlib import metadata
from typing import Dict, Iterable, List, NamedTuple, Optional

PYTHON_FROM, PYTHON_TRIED = (3, 10), (3, 13)
PYTHON = '>={}.{}'.format(*PYTHON_FROM)

REQUIRED = (
    'torch>=2.1',
    'torchvision>=0.16',
    'mmengine==0.10.7',
    'mmcv-lite==2.1.0',
    'mmdet==3.3.0',
    'mmsegmentation==1.2.2',
    'openmim==0.3.9',
    'open_clip_torch==3.3.0',
    'segment-anything==1.0',
    'timm>=1.0.17,<1.1',
    'numpy>=1.23,<3',  # below 2 with torch < 2.3: `pip install "numpy<2"`
    'packaging',
    'pandas',  # tables; with tabulate as Markdown
    'tabulate',
    'markdown',  # reports as a page
    'pillow>=10.1',  # its default font in any size
    'ftfy',
    'regex',
    # openmim and mmengine import pkg_resources, which setuptools 81 dropped;
    # without a lower bound openxlab drags setuptools down to 60.
    'setuptools>=69,<81',
)

MASKS = 'scikit-image>=0.22'  # the mask generator that needs no weights
ONNX = ('onnx', 'onnxscript', 'onnxruntime')
SITE = ('mkdocs-material', 'mkdocstrings-python')
TESTS = ('pytest>=7', 'pytest-xdist')
EXTRAS = {
    'masks': (MASKS, ),
    'tests': (*TESTS, MASKS),
    'dev': (*TESTS, MASKS, *SITE, *ONNX, 'ruff'),
    'site': SITE,
    'onnx': ONNX,
    'siglip': ('transformers', ),
    'heif': ('pillow-heif', ),
    'tensorboard': ('tensorboard', ),
    'wandb': ('wandb', ),
    'demo': ('gradio>=6,<7', ),
}

# pip cannot say "mmcv-lite or mmcv". Where one of these distributions is
# installed already it is required in place of ours, so that full mmcv, or
# the maintained fork, is not overwritten by files of the same name.
REPLACEMENTS = {
    'mmengine': ('onedl-mmengine>=0.10.12,<0.11', ),
    'mmcv-lite': ('mmcv>=2.1.0,<2.2.0', 'onedl-mmcv>=2.3,<2.4'),
    'mmdet': ('onedl-mmdetection>=3.5,<3.6', ),
    'mmsegmentation': ('onedl-mmsegmentation>=1.4,<1.5', ),
    'openmim': ('onedl-mim>=0.5,<0.6', ),
}


class Unmet(NamedTuple):
    """A requirement that the environment does not meet."""
    requirement: str
    found: Optional[str]  # the installed version; None if there is none

    def __str__(self) -> str:
        found = self.found or 'not installed'
        return f'{self.requirement} is required, found: {found}'


def requirements(extras: Iterable[str] = ()) -> List[str]:
    """The requirements that fit what is installed, extras included."""
    chosen = [_replaced(requirement) for requirement in REQUIRED]
    return chosen + [item for extra in extras for item in EXTRAS[extra]]


def unmet(extras: Iterable[str] = ()) -> List[Unmet]:
    """The requirements that the running environment does not meet."""
    found = [(text, installed_version(name_of(text)))
             for text in requirements(extras)]
    return [Unmet(text, version) for text, version in found
            if version is None or not _satisfies(version, text)]


def python_is_supported() -> bool:
    """Whether the running Python is one that :data:`PYTHON` allows."""
    return sys.version_info >= PYTHON_FROM


def python_is_tried() -> bool:
    """Whether the tests were run on the running Python."""
    return PYTHON_FROM <= sys.version_info[:2] <= PYTHON_TRIED


def installed_version(name: str) -> Optional[str]:
    """Version of an installed distribution, or None."""
    # pip builds in an isolated environment that hides the packages of the
    # real one from sys.path; the interpreter's own folders still name them.
    path = [*sys.path, *map(sysconfig.get_path, ('purelib', 'platlib'))]
    for distribution in metadata.distributions(name=name, path=path):
        return distribution.version
    return None


def versions() -> Dict[str, str]:
    """Versions of the packages that results and times depend on."""
    found = {name: installed_version(name)
             for name in ('torch', 'mmengine', 'mmcv', 'mmcv-lite', 'mmdet',
                          'triton')}
    return {name: version for name, version in found.items() if version}


def name_of(requirement: str) -> str:
    """The distribution that a requirement names."""
    return re.match(r'[\w.-]+', requirement).group()


def _replaced(requirement: str) -> str:
    name = name_of(requirement)
    for candidate in REPLACEMENTS.get(name, ()):
        if installed_version(name_of(candidate)):
            return candidate
    return requirement


def _satisfies(version: str, requirement: str) -> bool:
    try:
        from packaging.requirements import Requirement
    except ImportError:  # which is reported itself, as it is required
        return True
    return Requirement(requirement).specifier.contains(
        version, prereleases=True)


def main(extras: Iterable[str] = ()) -> int:
    """Prints what is lacking; returns the exit code."""
    lacking = [str(item) for item in unmet(extras)]
    if not python_is_supported():
        version = sys.version.split()[0]
        lacking.insert(0, f'Python {PYTHON} is required, found: {version}')
    for line in lacking:
        print(line)
    return int(bool(lacking))


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
