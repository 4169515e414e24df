"""Published results, to stand beside measured ones."""
from pathlib import Path
from typing import List, Sequence, Union

import yaml

from ..utils.arguments import refuse_unknown
from ..utils.text_files import read_text

METRICS = ('PQ', 'PQ_th', 'PQ_st', 'SQ', 'RQ', 'mIoU')
REQUIRED = ('method', 'fraction', 'source')
KEYS = (*REQUIRED, 'labeled', *METRICS)


def read_claims(source: Union[str, Sequence[dict]],
                fractions: Sequence[str]) -> List[dict]:
    """Read and check claims.

    Args:
        source (str | Sequence[dict]): A YAML file that holds a list of
            :data:`KEYS`, or the list itself. Metrics are in percent.
        fractions (Sequence[str]): Those of the grid.

    Returns:
        list[dict]: The claims about these fractions.

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
        source = yaml.safe_load(read_text(source))
    for number, claim in enumerate(source):
        _check(claim, f'{where}[{number}]')
    claims = [dict(claim, fraction=str(claim['fraction'])) for claim in source]
    return [claim for claim in claims if claim['fraction'] in fractions]


def _check(claim: dict, where: str) -> None:
    refuse_unknown(claim, KEYS, where)
    lacking = [key for key in REQUIRED if not claim.get(key)]
    if lacking:
        raise ValueError(f'{where}: {lacking} must be given')
    metrics = {key: claim[key] for key in METRICS if key in claim}
    if not metrics:
        raise ValueError(f'{where}: none of {list(METRICS)} is given')
    for key, value in metrics.items():
        if type(value) not in (int, float) or not 0 <= value <= 100:
            raise ValueError(f'{where}: {key}={value!r} is no percentage')
