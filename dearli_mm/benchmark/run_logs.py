"""Results of a training run, read from the logs in its work_dir."""
import json
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence, Tuple, Union

import pandas as pd

from ..utils.text_files import read_json

Results = Dict[str, float]
PathLike = Union[str, Path]


def run_logs(work_dir: PathLike) -> List[Path]:
    """Logs of a run, one per start, in order."""
    return sorted(Path(work_dir).glob('*/vis_data/scalars.json'))


def read_log(path: Path) -> Iterator[dict]:
    """Records of a log; of a killed run the last line may be torn."""
    for line in path.read_text('utf-8', 'replace').splitlines():
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            continue


def read_validations(work_dir: PathLike,
                     metrics: Optional[Sequence[str]] = ('PQ', 'mIoU')
                     ) -> Dict[int, Results]:
    """Validation results of a run, also of one that was resumed.

    Args:
        work_dir (str | Path): The run's folder, which holds one folder with
            ``vis_data/scalars.json`` per start.
        metrics (Sequence[str], optional): Names without prefix: ``PQ``
            stands for ``student/PQ`` and ``teacher/PQ``. None for all, those
            of single classes (``student/PQ/<class>``) among them.

    Returns:
        dict: Metrics (``student/PQ`` and the like) by iteration; what a
        later start did anew replaces what was there. Empty without logs.
    """
    validations: Dict[int, Results] = {}
    for log in run_logs(work_dir):
        found = {record['step']: results for record in read_log(log)
                 if (results := _select(record, metrics))}
        if found:  # this start took these steps anew, and all after them
            validations = {step: results
                           for step, results in validations.items()
                           if step < min(found)}
        validations.update(found)
    return dict(sorted(validations.items()))


def read_test(work_dir: PathLike,
              metrics: Sequence[str] = ('PQ', 'mIoU')) -> Results:
    """Results of the latest test in a work_dir; empty if there was none.

    Args:
        work_dir (str | Path): Folder that was the test's ``--work-dir``.
        metrics (Sequence[str]): See :func:`read_validations`.
    """
    for log in sorted(Path(work_dir).glob('*/*.json'), reverse=True):
        results = _select(read_json(log), metrics)
        if results:
            return results
    return {}


def latest_step(work_dir: PathLike) -> Tuple[Optional[int], Optional[float]]:
    """The latest step in the log and the seconds per step, or Nones."""
    for log in reversed(run_logs(work_dir)):
        for record in reversed(list(read_log(log))):
            if 'loss' in record and 'step' in record:
                return record['step'], record.get('time')
    return None, None


def summarize_run(work_dir: PathLike,
                  metrics: Sequence[str] = ('PQ', 'mIoU')) -> str:
    """A table: a line per validation, and one for the latest test.

    Args:
        work_dir (str | Path): See :func:`read_validations`.
        metrics (Sequence[str]): See :func:`read_validations`.

    Raises:
        FileNotFoundError: If there are no logs.
    """
    if not run_logs(work_dir):
        raise FileNotFoundError(
            f'{work_dir} holds no logs of a training run '
            '(<time>/vis_data/scalars.json). Give the --work-dir of the run.')
    rows = dict(read_validations(work_dir, metrics))
    test = read_test(work_dir, metrics)
    if test:
        rows['test'] = test
    if not rows:
        return f'{work_dir} has logs, but no validation yet.'
    table = pd.DataFrame(list(rows.values()), index=list(rows))
    table.columns = [name.replace('/', ' ') for name in table.columns]
    return table.rename_axis(columns='iteration').to_string(
        float_format='{:.2f}'.format, na_rep='-')


def _select(record: dict, metrics: Optional[Sequence[str]]) -> Results:
    return {
        key: value
        for key, value in record.items() if value is not None and
        ('/' in key if metrics is None else key.rsplit('/', 1)[-1] in metrics)
    }
