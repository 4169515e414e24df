"""Checks of all data of a config before it is trained on."""
from collections import Counter
from pathlib import Path
from typing import Dict, List, NamedTuple, Set

from mmengine.config import Config

from ..datasets.config_datasets import find_parts, part_members, read_config
from ..datasets.panoptic_json import tell_some
from ..engine.preflight import missing_names
from ..utils.processes import run_parallel
from .verify_files import (FileCheck, ImageJob, check_annotation_file,
                           check_image_files)

Members = Dict[str, Set[str]]


class Most(NamedTuple):
    """The largest number of segments in an image, and the image."""
    segments: int = 0
    image: str = ''


def too_few_queries(config: Config, most: Most) -> str:
    """What to set if an image has more segments than there are queries."""
    model = config.get('model', {})
    head = model.get('detector', model).get('panoptic_head', {})
    queries = head.get('num_queries', 100)
    if not head or most.segments <= queries:
        return ''
    return (f'{most.image} has {most.segments} segments for num_queries='
            f'{queries} of the panoptic head, which leaves some unlearnt: set '
            f'model.detector.panoptic_head.num_queries to {most.segments} or '
            'more')


def verify_dataset(config: str, workers: int = 4) -> List[str]:
    """Check all data that a config names, training and validation.

    Every image opens and has the size that the annotation file says, the ids
    of its PNG are those of the JSON, categories are those of the config,
    splits name images of the dataset, and no validation image is among the
    labelled or unlabelled ones, by path or by content. Prints the size of
    each part, and what may be wrong: images with an EXIF orientation that
    their annotation may not follow, and more segments than queries.

    Args:
        config (str): Config file.
        workers (int): Processes; 0 for this one.

    Returns:
        list[str]: One line per problem; none if all is well.

    Raises:
        FileNotFoundError: If the config is not there.
        ValueError: If it names no data.
    """
    jobs: Dict[str, ImageJob] = {}
    members: Members = dict(labeled=set(), unlabeled=set(), val=set())
    most = Most()
    settings = read_config(config)
    problems = [f'{lack.text}; {lack.remedy}'
                for lack in missing_names(settings)]
    for part in find_parts(settings):
        found = []
        if part.annotated is not None:
            found, annotated = check_annotation_file(part.annotated)
            problems += found
            jobs.update({job.path: job for job in annotated})
        paths, complaints = part_members(part)
        problems += [] if found else complaints  # else of the same file
        if part.role == 'labeled':
            most = max(most, *(
                Most(len(jobs[path].areas), path) for path in paths
                if path in jobs and jobs[path].areas), Most())
        members[part.role] |= paths
        for path in sorted(paths - set(jobs)):
            jobs[path] = ImageJob(path)
    checks = list(run_parallel(check_image_files, list(jobs.values()),
                               workers, 'verifying'))
    problems += [text for check in checks for text in check.problems]
    problems += _overlaps(members, checks)
    for role, paths in members.items():
        print(f'{role}: {len(paths)} images')
    warnings = [text for check in checks for text in check.warnings]
    for text in tell_some(warnings, 'see docs/own-data.md'):
        print(f'WARNING {text}')
    if too_few_queries(settings, most):
        print(f'WARNING {too_few_queries(settings, most)}')
    return list(dict.fromkeys(problems))


def _overlaps(members: Members, checks: List[FileCheck]) -> List[str]:
    """Validation images that are trained on, by path or by content."""
    digest = {check.path: check.digest for check in checks}
    twin = {digest[path]: path for path in sorted(members['val'])
            if digest.get(path)}
    problems = []
    for role in ('labeled', 'unlabeled'):
        for path in sorted(members[role]):
            other = path if path in members['val'] else \
                twin.get(digest.get(path))
            if other is not None:
                same = 'the same file' if other == path else \
                    f'the same picture as {other}'
                problems.append(f'{path}: {role}, and {same} of validation')
    return problems


def summary(problems: List[str]) -> str:
    """How many problems there are, and in how many files."""
    if not problems:
        return 'no problem found'
    files = Counter(Path(text.split(': ')[0]) for text in problems)
    return f'{len(problems)} problems in {len(files)} places'
