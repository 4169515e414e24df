"""Published results, to stand beside measured ones."""
from pathlib import Path
from typing import List, Sequence, Union

import yaml

METRICS = ('PQ', 'PQ_th', 'PQ_st', 'SQ', 'RQ', 'mIoU')
KEYS = ('method', 'fraction', 'labeled', 'source', *METRICS)
REQUIRED = ('method', 'fraction', 'source')


def read_claims(source: Union[str, Sequence[dict]],
                fractions: Sequence[str]) -> List[dict]:
    """Read and check claims.

    Args:
        source (str | Sequence[dict]): A YAML file that holds a list of
            :data:`KEYS`, or the list itself. Metrics are percent.
        fractions (Sequence[str]): Those of the grid.

    Returns:
        list[dict]: The claims of these fractions.

    Raises:
        FileNotFoundError: If the file is not there.
        ValueError: If an entry has unknown keys, no metric or no source, or
            a metric is no percentage.
    """
    where = 'claims'
    if isinstance(source, str):
        where = source
        if not Path(source).is_file():
            raise FileNotFoundError(f'claims={source!r}: no such file')
        source = yaml.safe_load(Path(source).read_text())
    if not isinstance(source, (list, tuple)):
        raise ValueError(f'{where}: expected a list of claims')
    claims = []
    for number, claim in enumerate(source, 1):
        _check(claim, f'{where}, entry {number}')
        claims.append(dict(claim, fraction=str(claim['fraction'])))
    return [claim for claim in claims if claim['fraction'] in fractions]


def _check(claim: dict, where: str) -> None:
    if not isinstance(claim, dict):
        raise ValueError(f'{where}: expected keys and values, got {claim!r}')
    unknown = sorted(set(claim) - set(KEYS))
    if unknown:
        raise ValueError(f'{where}: unknown keys {unknown}; known are '
                         f'{list(KEYS)}')
    lacking = [key for key in REQUIRED if not claim.get(key)]
    if lacking:
        raise ValueError(f'{where}: {lacking} must be given')
    metrics = {key: claim[key] for key in METRICS if key in claim}
    if not metrics:
        raise ValueError(f'{where}: none of {list(METRICS)} is given')
    for key, value in metrics.items():
        if type(value) not in (int, float) or not 0 <= value <= 100:
            raise ValueError(f'{where}: {key}={value!r} is no percentage')
