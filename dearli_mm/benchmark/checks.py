"""Looks at all that a grid names before anything starts."""
import hashlib
import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

from mmengine.config import Config, DictAction
from mmengine.registry import init_default_scope

from ..datasets.config_datasets import find_parts, part_members
from ..engine.preflight import find_lacks
from .grid import GridError
from .jobs import Grid, Job
from .record import FINISHED, WAITING, read_record, settled_state

METRIC = 'PanopticMetric'


@dataclass
class Facts:
    """What the files that a job names say.

    Attributes:
        fingerprint (str): Hash of the settings without the seed.
        max_iters (int): Steps of the training; 0 for a command.
        options (dict): Overrides beside those of the grid.
        images (dict[str, int]): Number of images by role (``labeled``,
            ``unlabeled``, ``val``); empty as long as the data are not made.
    """
    fingerprint: str = ''
    max_iters: int = 0
    options: Dict[str, bool] = field(default_factory=dict)
    images: Dict[str, int] = field(default_factory=dict)


def job_config(job: Job) -> Config:
    """The config of a training, with the grid's overrides.

    Raises:
        GridError: If it is not there, cannot be read, or an override names a
            place that it does not have.
    """
    if not Path(job.config).is_file():
        raise GridError(f'the config {job.config} is not there')
    try:
        config = Config.fromfile(job.config)
    except Exception as error:  # a config is a program
        raise GridError(f'{job.config}: {type(error).__name__}: '
                        f'{error}') from error
    for key in job.cfg_options:
        _check_place(config, key, job)
    config.merge_from_dict(job.cfg_options)
    init_default_scope(config.get('default_scope', 'mmdet'))
    return config


def examine(grid: Grid, jobs: Sequence[Job]) -> Dict[str, Facts]:
    """Check all jobs.

    Args:
        grid (Grid): The grid.
        jobs (Sequence[Job]): Those that are to run.

    Returns:
        dict[str, Facts]: By name of the job.

    Raises:
        GridError: With one line per problem.
    """
    facts: Dict[str, Facts] = {}
    known: Dict[str, Tuple[Facts, Dict[str, str]]] = {}
    texts: Dict[str, str] = {}  # by what is missing or wrong
    jobs_with: Dict[str, List[str]] = {}
    for job in jobs:
        # The seeds of a method and a fraction share all that is looked at.
        key = json.dumps([job.config, job.command, job.cfg_options,
                          job.labeled, job.needs], default=str)
        if key not in known:
            known[key] = _examine(grid, job)
        facts[job.name], found = known[key]
        found = found or _by_text(_changed_settings(job, facts[job.name]))
        for what, text in found.items():
            texts.setdefault(what, text)
            jobs_with.setdefault(what, []).append(job.name)
    if jobs_with:
        raise GridError('\n'.join([f'{grid.path} cannot be run:', *(
            f'{_some(names)}: {texts[what]}'
            for what, names in jobs_with.items())]))
    return facts


def _some(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else \
        f'{names[0]} and {len(names) - 1} more'


def cli_options(options: dict) -> List[str]:
    """Overrides as ``--cfg-options`` takes them.

    Raises:
        GridError: If a value would not come back as it is.
    """
    for key, value in options.items():
        try:
            same = DictAction._parse_iterable(str(value)) == value
        except AssertionError:
            same = False
        if not same or '=' in key:
            raise GridError(
                f'cfg_options[{key!r}]={value!r} cannot be given on a command '
                'line; write a config that inherits from this one')
    return [f'{key}={value}' for key, value in options.items()]


def _by_text(problems: Sequence[str]) -> Dict[str, str]:
    return dict(zip(problems, problems))


def _examine(grid: Grid, job: Job) -> Tuple[Facts, Dict[str, str]]:
    """Facts and problems of a job, these by path or, without one, by text."""
    if job.command:
        program = job.command[0]
        return Facts(_digest(job.command)), {} if shutil.which(
            program) else _by_text([f'the command {program} is not there'])
    try:
        config = job_config(job)
        cli_options(job.cfg_options)
    except GridError as error:
        return Facts(), _by_text([str(error)])
    max_iters = config.get('train_cfg', {}).get('max_iters')
    options = _log_classes(config)
    facts = Facts(_fingerprint(config), max_iters or 0, options)
    problems = []
    if not max_iters:
        problems.append(f'{job.config} has no train_cfg.max_iters')
    if job.is_step:
        if not job.output.exists() and job.work_dir not in job.output.parents:
            problems.append(
                f'output={str(job.output)!r} is not there, and the training '
                'writes to another folder; let it begin with {work_dir}')
    elif not options:
        problems.append(f'{job.config} has no {METRIC} in val_evaluator, so '
                        'there would be no result')
    steps = [grid.job(name) for name in job.needs]
    waits = any(settled_state(step) != FINISHED for step in steps
                if step.command)
    missing = {}
    for lack in find_lacks(config):
        # A step may yet make it, and a command whatever it likes.
        path = Path(lack.path)
        if not (any(step.output in (path, *path.parents) for step in steps)
                or (waits and lack.kind == 'data')):
            missing[lack.path or lack.text] = f'{lack.text} -> {lack.remedy}'
    if not problems and not missing and not waits:
        problems += _examine_data(job, config, facts)
    return facts, {**_by_text(problems), **missing}


def _examine_data(job: Job, config: Config, facts: Facts) -> List[str]:
    """Let the datasets check themselves, and count their images."""
    problems: List[str] = []
    members: Dict[str, set] = {}
    try:
        for part in find_parts(config):
            if part.name.startswith('test'):
                continue
            paths, found = part_members(part)
            members.setdefault(part.role, set()).update(paths)
            problems += found
    except Exception as error:  # of whatever the datasets are made of
        return [f'{job.config}: {type(error).__name__}: {error}']
    facts.images = {role: len(paths) for role, paths in members.items()}
    labeled = facts.images.get('labeled')
    if not problems and job.labeled not in (None, labeled):
        problems.append(
            f'fractions[{job.fraction!r}].labeled={job.labeled}, but the '
            f'config trains on {labeled}; does the method use the split of '
            'the fraction?')
    return problems


def _changed_settings(job: Job, facts: Facts) -> List[str]:
    """A run is not mixed up with one of other settings."""
    before = read_record(job).get('fingerprint', facts.fingerprint)
    if settled_state(job) == WAITING or before == facts.fingerprint:
        return []
    return [f'{job.work_dir} holds a run with other settings. Move it away, '
            'or use another --work-dir (--report-only shows what is there)']


def _check_place(config: Config, key: str, job: Job) -> None:
    """mmengine would make up what an override names; a typo goes unseen."""
    node = config
    for part in key.split('.')[:-1]:
        try:
            node = node[int(part) if isinstance(node, (list, tuple)) else part]
        except (KeyError, IndexError, ValueError, TypeError):
            raise GridError(f'cfg_options[{key!r}]: {job.config} has no '
                            f'{part!r} there') from None


def _log_classes(config: Config) -> Dict[str, bool]:
    """Overrides that put the PQ of each class into the log."""
    evaluator = config.get('val_evaluator') or []
    places = {'': evaluator} if isinstance(evaluator, dict) else {
        f'.{k}': metric for k, metric in enumerate(evaluator)}
    return {f'val_evaluator{place}.classwise': True
            for place, metric in places.items()
            if metric.get('type') == METRIC}


def _fingerprint(config: Config) -> str:
    """A hash that stays when a checkout moves."""
    text = json.dumps(config.to_dict(), sort_keys=True, default=str)
    return _digest(text.replace(os.getcwd(), ''))


def _digest(value) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]
