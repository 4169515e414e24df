import runpy
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
PACKAGE = ROOT / 'dearli_mm'
# By path: importing the package would need what is being installed.
STACK = runpy.run_path(str(PACKAGE / 'stack.py'))
VERSION = runpy.run_path(str(PACKAGE / 'version.py'))['__version__']
README = ROOT / 'README.md'


class BuildWithMIM(build_py):
    """Puts configs, tools and metafiles into ``.mim``, as mmdet has them.

    What needs projects/ and its toy world stays in the checkout.
    """

    def run(self):
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / 'dearli_mm' / '.mim'
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        shutil.copy(ROOT / 'model-index.yml', target)
        shutil.copytree(
            ROOT / 'tools', target / 'tools', ignore=shutil.ignore_patterns(
                '__pycache__', '*.sh', 'demo.py', 'make_toy_world.py',
                'make_split_configs.py'))
        shutil.copytree(
            ROOT / 'configs', target / 'configs',
            ignore=shutil.ignore_patterns(
                '__pycache__', 'quickstart', '*tiny-clip*', 'toy_world.py'))


setup(
    name='dearli_mm',
    version=VERSION,
    description='DEARLi: semi-supervised panoptic segmentation for '
    'MMDetection',
    long_description=README.read_text('utf-8') if README.exists() else '',
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    project_urls={
        'Paper': 'https://arxiv.org/abs/2507.10118',
        'Reference implementation': 'https://github.com/helen1c/DEARLi',
    },
    packages=find_packages(include=['dearli_mm', 'dearli_mm.*']),
    py_modules=['dearli_cli'],
    # An editable install then has the checkout itself on the path, projects
    # included, which configs import; a wheel has dearli_mm and its command.
    package_dir={'': '.'},
    cmdclass=dict(build_py=BuildWithMIM),
    entry_points=dict(console_scripts=['dearli=dearli_cli:main']),
    python_requires=STACK['PYTHON'],
    # Full mmcv (or the maintained fork), if installed, is required in place
    # of mmcv-lite: see REPLACEMENTS in dearli_mm/stack.py. Where that cannot
    # be seen (uv's isolated builds): `pip install --no-deps -e .`.
    install_requires=STACK['requirements'](),
    extras_require={name: list(v) for name, v in STACK['EXTRAS'].items()},
    classifiers=[
        'License :: OSI Approved :: Apache Software License',
        'Programming Language :: Python :: 3',
        'Topic :: Scientific/Engineering :: Artificial Intelligence',
    ],
)
