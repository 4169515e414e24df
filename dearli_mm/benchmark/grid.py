"""Reads the file that describes a benchmark."""
import re
import shlex
import sys
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple, Union

from mmengine.config import Config

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
    """Read a grid; nothing that it names is opened yet but the claims.

    Args:
        path (str | Path): An mmengine config of the keys :data:`KEYS`; names
            that begin with ``_`` are the file's own.
        trainer (Sequence[str]): The training command where the grid names no
            ``trainer``.
        work_dir (str, optional): In place of the grid's own.

    Returns:
        Grid: With all placeholders filled in.

    Raises:
        FileNotFoundError: If the file, or that of its claims, is not there.
        GridError: If a key is unknown or lacking, or a value does not fit.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'the grid {path} is not there')
    config = {
        key: value
        for key, value in Config.fromfile(path).to_dict().items()
        if not key.startswith('_')
    }
    _check_keys(config, KEYS, str(path), required=KEYS[:3])
    methods = _section(config, 'methods', METHOD_KEYS, ('config', ))
    fractions = _section(config, 'fractions', FRACTION_KEYS)
    steps = _section(config, 'prepare', STEP_KEYS, ('output', ))
    root = Path(work_dir or config.get('work_dir', f'work_dirs/{path.stem}'))
    if STEPS in methods:
        raise GridError(f'methods.{STEPS}: this is the folder of the steps; '
                        'give the method another name')
    jobs = _steps(steps, root)
    outputs = {Path(job.name).name: str(job.output) for job in jobs}
    for fraction, settings in fractions.items():
        values = _values(fraction, settings, outputs)
        seeds = settings.get('seeds', config['seeds'])
        for name, method in methods.items():
            jobs += _runs(name, method, fraction, settings, values,
                          _seeds(seeds, fraction), root, steps)
    return Grid(
        path=path,
        title=config.get('title', path.stem),
        work_dir=root,
        trainer=tuple(
            _fill(
                _words(config.get('trainer', list(trainer)), 'trainer'),
                dict(python=sys.executable), 'trainer')),
        methods={
            name: method.get('label', name)
            for name, method in methods.items()
        },
        fractions=tuple(fractions),
        jobs=jobs,
        claims=read_claims(config.get('claims', []), tuple(fractions)))


def _runs(name: str, method: dict, fraction: str, settings: dict,
          values: Dict[str, str], seeds: List[int], root: Path,
          steps: Iterable[str]) -> List[Job]:
    """The runs of a method with a fraction, one a seed."""
    where = f'methods.{name}'
    needs = _needs(method, steps, where)
    return [
        Job(name=f'{name}/{fraction}/seed-{seed}',
            work_dir=root / name / fraction / f'seed-{seed}',
            needs=needs,
            seed=seed,
            method=name,
            fraction=fraction,
            labeled=settings.get('labeled'),
            **_training(method, dict(values, method=name), where))
        for seed in seeds
    ]


def _steps(steps: Dict[str, dict], root: Path) -> List[Job]:
    """The steps, each after those it needs."""
    jobs: Dict[str, Job] = {}
    waiting = dict(steps)
    while waiting:
        ready = [
            name for name, step in waiting.items()
            if not set(step.get('needs', ())) & set(waiting)
        ]
        if not ready:
            raise GridError(f'prepare: {sorted(waiting)} need each other')
        for name in ready:
            jobs[name] = _step(name, waiting.pop(name), jobs, steps, root)
    return list(jobs.values())


def _step(name: str, step: dict, earlier: Dict[str, Job],
          steps: Iterable[str], root: Path) -> Job:
    where = f'{STEPS}.{name}'
    if ('config' in step) == ('command' in step):
        raise GridError(f'{where}: give a config to train or a command, and '
                        'not both')
    needs = _needs(step, steps, where)
    work_dir = root / STEPS / name
    values = dict(
        {key: str(job.output) for key, job in earlier.items()},
        work_dir=str(work_dir))
    output, = _fill([step['output']], values, f'{where}.output')
    shared = dict(
        name=f'{STEPS}/{name}',
        work_dir=work_dir,
        needs=needs,
        output=Path(output))
    if 'config' in step:
        return Job(**shared, **_training(step, values, where))
    command = _fill(
        _words(step['command'], f'{where}.command'),
        dict(values, python=sys.executable, output=output),
        f'{where}.command')
    return Job(**shared, command=tuple(command))


def _training(settings: dict, values: Dict[str, str], where: str) -> dict:
    """Arguments of :class:`Job` that say what is trained."""
    config = _fill(settings['config'], values, f'{where}.config')
    options = {
        key: _fill(value, values, f'{where}.cfg_options[{key!r}]')
        for key, value in settings.get('cfg_options', {}).items()
    }
    args = _fill(
        _words(settings.get('args', []), f'{where}.args'), values,
        f'{where}.args')
    return dict(config=config, cfg_options=options, args=tuple(args))


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
    if isinstance(value, str):
        try:
            return value.format(**values)
        except (KeyError, IndexError, ValueError) as error:
            raise GridError(
                f'{where}: {value!r} has a placeholder {error}, which is '
                f'none of {sorted(values)}') from None
    if isinstance(value, (list, tuple)):
        return type(value)(_fill(item, values, where) for item in value)
    return value


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
    unknown = sorted(set(settings) - set(known))
    if unknown:
        raise GridError(f'{where}: unknown keys {unknown}; known are '
                        f'{list(known)}' +
                        ('' if known is not KEYS else
                         '; names of your own begin with _'))
    lacking = [key for key in required if key not in settings]
    if lacking:
        raise GridError(f'{where}: {lacking} must be given')


def _needs(settings: dict, steps: Iterable[str], where: str) -> Tuple:
    needs = settings.get('needs', [])
    unknown = [name for name in needs if name not in steps]
    if isinstance(needs, str) or unknown:
        raise GridError(f'{where}.needs={needs!r}: give a list of names of '
                        f'{STEPS}, which are {sorted(steps)}')
    return tuple(f'{STEPS}/{name}' for name in needs)


def _seeds(seeds: Any, fraction: str) -> List[int]:
    if not isinstance(seeds, (list, tuple)) or not seeds or \
            not all(type(seed) is int for seed in seeds) or \
            len(set(seeds)) < len(seeds):
        raise GridError(f'seeds={seeds!r} (for the fraction {fraction}): '
                        'give a list of different integers')
    return list(seeds)


def _words(command: Union[str, Sequence[str]], where: str) -> List[str]:
    if isinstance(command, str):
        return shlex.split(command)
    if not all(isinstance(word, str) for word in command):
        raise GridError(f'{where}={command!r}: give a string, or strings')
    return list(command)
