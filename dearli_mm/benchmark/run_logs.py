"""Results of a training run, read from the logs in its work_dir."""
import json
from pathlib import Path
from typing import Dict, List, Optional, Sequence

Results = Dict[str, float]


def read_validations(work_dir: str,
                     metrics: Optional[Sequence[str]] = ('PQ', 'mIoU')
                     ) -> Dict[int, Results]:
    """Validation results of a run, also of one that was resumed.

    Args:
        work_dir (str): The run's folder, which holds one folder with
            ``vis_data/scalars.json`` for each start.
        metrics (Sequence[str], optional): Names without prefix: ``PQ``
            stands for ``student/PQ`` and ``teacher/PQ``. None for all, those
            of single classes (``student/PQ/<class>``) among them.

    Returns:
        dict: Metrics (``student/PQ`` and the like) by iteration; what a
        later start did anew replaces what was there.

    Raises:
        FileNotFoundError: If there are no logs.
    """
    logs = run_logs(work_dir)
    if not logs:
        raise FileNotFoundError(
            f'{work_dir} holds no logs of a training run '
            '(<time>/vis_data/scalars.json). Give the --work-dir of the run.')
    validations = {}
    for log in logs:
        started = {
            record['step']: results
            for record in read_log(log)
            if (results := _select(record, metrics))
        }
        if started:
            validations = {
                step: results
                for step, results in validations.items()
                if step < min(started)
            }
        validations.update(started)
    return dict(sorted(validations.items()))


def run_logs(work_dir: str) -> List[Path]:
    """Logs of a run, one for each start, in order."""
    return sorted(Path(work_dir).glob('*/vis_data/scalars.json'))


def read_log(path: Path) -> List[dict]:
    """Records of a log; of a killed run the last line may be torn."""
    records = []
    for line in path.read_text().splitlines():
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return records


def read_test(work_dir: str,
              metrics: Sequence[str] = ('PQ', 'mIoU')) -> Results:
    """Results of the latest test in a work_dir; empty if there was none.

    Args:
        work_dir (str): Folder that was the test's ``--work-dir``.
        metrics (Sequence[str]): See :func:`read_validations`.
    """
    for log in sorted(Path(work_dir).glob('*/*.json'), reverse=True):
        results = _select(json.loads(log.read_text()), metrics)
        if results:
            return results
    return {}


def summarize_run(work_dir: str,
                  metrics: Sequence[str] = ('PQ', 'mIoU')) -> str:
    """A table: a line for each validation, and one for the latest test.

    Args:
        work_dir (str): See :func:`read_validations`.
        metrics (Sequence[str]): See :func:`read_validations`.
    """
    rows = {str(step): results for step, results in
            read_validations(work_dir, metrics).items()}
    test = read_test(work_dir, metrics)
    if test:
        rows['test'] = test
    if not rows:
        return f'{work_dir} has logs, but no validation yet.'
    columns = list(dict.fromkeys(key for row in rows.values() for key in row))
    lines = [['iteration', *(column.replace('/', ' ') for column in columns)]]
    for name, row in rows.items():
        cells = (f'{row[key]:.2f}' if key in row else '-' for key in columns)
        lines.append([name, *cells])
    return align(lines)


def _select(record: dict, metrics: Optional[Sequence[str]]) -> Results:
    return {
        key: value
        for key, value in record.items() if value is not None and
        ('/' in key if metrics is None else key.rsplit('/', 1)[-1] in metrics)
    }


def align(lines: List[List[str]]) -> str:
    """Rows of cells as text, right-aligned."""
    widths = [max(map(len, column)) for column in zip(*lines)]
    return '\n'.join('  '.join(cell.rjust(width)
                               for cell, width in zip(line, widths))
                     for line in lines)
