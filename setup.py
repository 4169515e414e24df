import runpy
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).resolve().parent
PACKAGE = ROOT / 'dearli_mm'
# By path: importing the package would need what is being installed.
STACK = runpy.run_path(str(PACKAGE / 'stack.py'))
VERSION = runpy.run_path(str(PACKAGE / 'version.py'))['__version__']
README = ROOT / 'README.md'

setup(
    name='dearli_mm',
    version=VERSION,
    description='DEARLi: semi-supervised panoptic segmentation for '
    'MMDetection',
    long_description=README.read_text('utf-8') if README.exists() else '',
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    packages=find_packages(include=['dearli_mm', 'dearli_mm.*']),
    # An editable install then has the checkout itself on the path, projects
    # included, which configs import; a wheel has dearli_mm alone.
    package_dir={'': '.'},
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
