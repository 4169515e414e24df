"""Reads the file that describes a benchmark."""
import re
import shlex
import sys
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple, Union

from mmengine.config import Config

from ..utils.arguments import refuse_unknown
from .claims import read_claims
from .jobs import STEPS, Grid, Job

KEYS = ('methods', 'fractions', 'seeds', 'prepare', 'title', 'work_dir',
        'trainer', 'claims')
METHOD_KEYS = ('config', 'cfg_options', 'args', 'needs', 'label')
FRACTION_KEYS = ('labeled', 'values', 'seeds')
STEP_KEYS = ('config', 'cfg_options', 'args', 'command', 'needs', 'output')
# Names are folders, and parts of patterns.
NAME = re.compile(r'[A-Za-z0-9][\w.+-]*')


class GridError(ValueError):
    """The grid cannot be run as it is written; the message says why."""


def read_grid(path: Union[str, Path],
              trainer: Sequence[str],
              work_dir: Optional[str] = None) -> Grid:
    """Read a grid; of all that it names only the claims are opened.

    Args:
        path (str | Path): An mmengine config with the keys :data:`KEYS`;
            names that begin with ``_`` are the file's own.
        trainer (Sequence[str]): The training command if the grid names no
            ``trainer``.
        work_dir (str, optional): In place of the grid's own.

    Returns:
        Grid: With all placeholders filled in.

    Raises:
        FileNotFoundError: If the file, or that of its claims, is not there.
        ValueError: If a key is unknown, or a claim is none.
        GridError: If a key is lacking, or a value does not fit.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'the grid {path} is not there')
    config = {
        key: value
        for key, value in Config.fromfile(path).to_dict().items()
        if not key.startswith('_')
    }
    _check_keys(config, [*KEYS, '_YOUR_OWN'], str(path), KEYS[:3])
    methods = _section(config, 'methods', METHOD_KEYS, ('config', ))
    fractions = _section(config, 'fractions', FRACTION_KEYS)
    steps = _section(config, STEPS, STEP_KEYS, ('output', ))
    if STEPS in methods:
        raise GridError(f'methods.{STEPS}: this is the folder of the steps; '
                        'give the method another name')
    root = Path(work_dir or config.get('work_dir', f'work_dirs/{path.stem}'))
    jobs: List[Job] = []
    outputs: Dict[str, str] = {}  # by name of the step
    for name, step in steps.items():
        jobs.append(_step(name, step, outputs, root))
        outputs[name] = str(jobs[-1].output)
    for fraction, settings in fractions.items():
        seeds = _seeds(settings.get('seeds', config['seeds']), fraction)
        values = _values(fraction, settings, outputs)
        for name, method in methods.items():
            where = f'methods.{name}'
            shared = dict(
                needs=_needs(method, outputs, where), method=name,
                fraction=fraction, labeled=settings.get('labeled'),
                **_training(method, dict(values, method=name), where))
            jobs += [
                Job(name=f'{name}/{fraction}/seed-{seed}', seed=seed,
                    work_dir=root / name / fraction / f'seed-{seed}', **shared)
                for seed in seeds
            ]
    return Grid(
        path=path,
        title=config.get('title', path.stem),
        work_dir=root,
        trainer=_words(config.get('trainer', trainer),
                       dict(python=sys.executable), 'trainer'),
        methods={name: m.get('label', name) for name, m in methods.items()},
        fractions=tuple(fractions),
        jobs=jobs,
        claims=read_claims(config.get('claims', []), tuple(fractions)))


def _step(name: str, step: dict, outputs: Dict[str, str], root: Path) -> Job:
    """A step; it may need those above it."""
    where = f'{STEPS}.{name}'
    if ('config' in step) == ('command' in step):
        raise GridError(f'{where}: give a config to train or a command, and '
                        'not both')
    work_dir = root / STEPS / name
    values = dict(outputs, work_dir=str(work_dir))
    output = _fill(step['output'], values, f'{where}.output')
    if 'config' in step:
        what = _training(step, values, where)
    else:
        values.update(python=sys.executable, output=output)
        what = dict(
            command=_words(step['command'], values, f'{where}.command'))
    return Job(f'{STEPS}/{name}', work_dir, output=Path(output),
               needs=_needs(step, outputs, where), **what)


def _training(settings: dict, values: Dict[str, str], where: str) -> dict:
    """Arguments of :class:`Job` that say what is trained."""
    options = {
        key: _fill(value, values, f'{where}.cfg_options[{key!r}]')
        for key, value in settings.get('cfg_options', {}).items()
    }
    return dict(
        config=_fill(settings['config'], values, f'{where}.config'),
        cfg_options=options,
        args=_words(settings.get('args', []), values, f'{where}.args'))


def _values(fraction: str, settings: dict,
            outputs: Dict[str, str]) -> Dict[str, str]:
    """What stands for the placeholders of a fraction."""
    own = dict(settings.get('values', {}), fraction=fraction)
    twice = sorted(set(own) & {*outputs, 'method'})
    if twice:
        raise GridError(f'fractions.{fraction}.values: {twice} are names of '
                        'steps, or of what is known anyway')
    return {**outputs, **{key: str(value) for key, value in own.items()}}


def _fill(value: Any, values: Dict[str, str], where: str) -> Any:
    """Fill in the placeholders of all strings of a value."""
    if isinstance(value, (list, tuple)):
        return type(value)(_fill(item, values, where) for item in value)
    try:
        return value.format(**values) if isinstance(value, str) else value
    except (KeyError, IndexError, ValueError) as error:
        raise GridError(f'{where}: {value!r} has a placeholder {error}, which '
                        f'is none of {sorted(values)}') from None


def _section(config: dict, key: str, known: Sequence[str],
             required: Sequence[str] = ()) -> Dict[str, dict]:
    section = {str(name): value for name, value in config.get(key, {}).items()}
    if not section and key != STEPS:
        raise GridError(f'{key} is empty: nothing to run')
    for name, settings in section.items():
        if not NAME.fullmatch(name):
            raise GridError(f'{key}: {name!r} is to be a folder; use letters, '
                            'digits and any of . + - _')
        _check_keys(settings, known, f'{key}.{name}', required)
    return section


def _check_keys(settings: dict, known: Sequence[str], where: str,
                required: Sequence[str] = ()) -> None:
    refuse_unknown(settings, known, where)
    lacking = [key for key in required if key not in settings]
    if lacking:
        raise GridError(f'{where}: {lacking} must be given')


def _needs(settings: dict, steps: Iterable[str], where: str) -> Tuple:
    needs = settings.get('needs', [])
    if isinstance(needs, str) or not set(needs) <= set(steps):
        raise GridError(f'{where}.needs={needs!r}: give a list of names of '
                        f'{STEPS}, which are {sorted(steps)} (of a step: '
                        'those above it)')
    return tuple(f'{STEPS}/{name}' for name in needs)


def _seeds(seeds: Any, fraction: str) -> List[int]:
    if not isinstance(seeds, (list, tuple)) or not seeds or \
            not all(type(seed) is int for seed in seeds) or \
            len(set(seeds)) < len(seeds):
        raise GridError(f'seeds={seeds!r} (for the fraction {fraction}): '
                        'give a list of different integers')
    return list(seeds)


def _words(command: Union[str, Sequence[str]], values: Dict[str, str],
           where: str) -> Tuple[str, ...]:
    """Words of a command, with the placeholders filled in."""
    if isinstance(command, str):
        command = shlex.split(command)
    if not all(isinstance(word, str) for word in command):
        raise GridError(f'{where}={command!r}: give a string, or strings')
    return _fill(tuple(command), values, where)
