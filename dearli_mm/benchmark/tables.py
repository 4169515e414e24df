"""Results as rows, Markdown and CSV."""
import csv
import io
from typing import Dict, List, Optional, Sequence

from .claims import METRICS
from .jobs import Grid
from .progress import duration
from .record import FINISHED
from .results import (CHECKPOINTS, NETWORKS, Mean, RunResult, cell, largest,
                      mean, mean_over_seeds)

Row = Dict[str, object]
NOT_MEASURED = '-'


def summary_rows(grid: Grid, results: Sequence[RunResult],
                 checkpoint: str) -> List[Row]:
    """A row a fraction, method and network; claims after them.

    Args:
        grid (Grid): The grid.
        results (Sequence[RunResult]): Of its runs.
        checkpoint (str): 'last' or 'best'.

    Returns:
        list[dict]: ``fraction``, ``labeled``, ``method``, ``network``,
        ``source`` ('measured' or 'claimed: ...'), ``seeds`` (finished and
        all), ``hours`` (:class:`Mean`), ``memory`` (text, of the largest),
        and a :class:`Mean` or a number for each metric that there is.
    """
    rows: List[Row] = []
    for fraction in grid.fractions:
        for method, label in grid.methods.items():
            runs = cell(results, method, fraction)
            finished = [run for run in runs if run.state == FINISHED]
            shared = dict(
                fraction=fraction,
                labeled=_labeled(runs),
                method=label,
                source='measured',
                seeds=f'{len(finished)} of {len(runs)}',
                hours=_hours(finished),
                memory=_memory(finished))
            for network in NETWORKS:
                values = mean_over_seeds(runs, checkpoint, network)
                if values or (network == NETWORKS[0] and not finished):
                    rows.append(dict(
                        shared, network=network,
                        **{name: values[name] for name in METRICS
                           if name in values}))
        # Nobody says which validation a published number is chosen by.
        rows += [_claim(claim) for claim in grid.claims
                 if claim['fraction'] == fraction and checkpoint == 'last']
    return rows


def summary_markdown(rows: Sequence[Row]) -> str:
    """The summary as a Markdown table, fractions in bold once."""
    head = ['labelled', 'method', 'network', *METRICS, 'seeds', 'hours',
            'peak memory', 'source']
    lines, before = [], None
    for row in rows:
        title = f'**{row["fraction"]}** ({row["labeled"] or "-"} images)'
        lines.append([
            title if row['fraction'] != before else '',
            str(row['method']),
            str(row.get('network', NOT_MEASURED)),
            *(text(row.get(name)) for name in METRICS),
            str(row.get('seeds', NOT_MEASURED)),
            text(row.get('hours'), 2),
            str(row.get('memory', NOT_MEASURED)),
            str(row['source']),
        ])
        before = row['fraction']
    return markdown(head, lines)


def run_rows(results: Sequence[RunResult]) -> List[Row]:
    """A row a run and network, as it is in ``runs.csv``."""
    rows = []
    for result in results:
        shared = dict(
            method=result.job.method,
            fraction=result.job.fraction,
            seed=result.job.seed,
            state=result.state)
        rest = dict(
            labeled=result.labeled,
            unlabeled=result.record.get('images', {}).get('unlabeled'),
            wall_seconds=result.seconds,
            step_seconds=result.step_seconds,
            peak_memory_mib=result.memory_mib,
            peak_gpu_memory_mib=result.gpu_memory_mib,
            attempts=len(result.record.get('attempts', [])),
            commit=' '.join(result.of_attempts('commit')) or None,
            versions=versions(result),
            host=' '.join(result.of_attempts('host')) or None)
        networks = [name for name in NETWORKS
                    if result.values('last', name)] or NETWORKS[:1]
        for network in networks:
            row = dict(shared, network=network)
            for checkpoint in CHECKPOINTS:
                values = result.values(checkpoint, network)
                row[f'{checkpoint}_step'] = result.step(checkpoint)
                row.update({f'{checkpoint}_{name}': values.get(name)
                            for name in METRICS})
            rows.append({**row, **rest})
    return rows


def summary_csv_rows(grid: Grid, results: Sequence[RunResult]) -> List[Row]:
    """The rows of ``summary.csv``: mean and spread in columns of their own."""
    rows = []
    for checkpoint, title in CHECKPOINTS.items():
        for row in summary_rows(grid, results, checkpoint):
            claimed = row['source'] != 'measured'
            flat = dict(row, checkpoint=NOT_MEASURED if claimed else title)
            for name in (*METRICS, 'hours'):
                value = flat.pop(name, None)
                is_mean = isinstance(value, Mean)
                flat[name] = value.value if is_mean else value
                flat[f'{name}_spread'] = value.spread if is_mean else None
            rows.append(flat)
    return rows


def versions(result: RunResult) -> str:
    """Versions that a run was made with."""
    return ' / '.join(
        ' '.join(f'{name} {number}' for name, number in found.items())
        for found in result.of_attempts('versions'))


def text(value: object, digits: int = 1) -> str:
    """A number, or a mean with its spread; '-' for what was not measured."""
    if value is None:
        return NOT_MEASURED
    if not isinstance(value, Mean):
        return f'{value:.{digits}f}'
    spread = '' if value.spread is None else f' ± {value.spread:.{digits}f}'
    return f'{value.value:.{digits}f}{spread}'


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ['---'] * len(head), *rows]
    return '\n'.join(
        '| ' + ' | '.join(cell.replace('|', '\\|') for cell in line) + ' |'
        for line in lines) + '\n'


def to_csv(rows: Sequence[Row]) -> str:
    """Rows as CSV; what was not measured is '-'."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator='\n')
    writer.writerow(columns)
    for row in rows:
        writer.writerow([NOT_MEASURED if row.get(key) is None else row[key]
                         for key in columns])
    return out.getvalue()


def memory(gpu_mib: Optional[float], mib: Optional[float]) -> str:
    """Peak memory as text: that of the GPU, if one was used."""
    if gpu_mib is not None:
        return f'{gpu_mib / 1024:.1f} GiB GPU'
    return NOT_MEASURED if mib is None else f'{mib / 1024:.1f} GiB RAM'


def runs_table(results: Sequence[RunResult]) -> tuple:
    """Head and cells of the table of single runs."""
    head = ['run', 'state', 'last step', 'student PQ, last',
            'student PQ, best (chosen on validation)', 'best step',
            'wall time', 'a step', 'peak memory', 'attempts', 'commit']
    rows = []
    for run in results:
        last, best = (run.values(name, 'student').get('PQ')
                      for name in CHECKPOINTS)
        rows.append([
            run.job.name, run.state, _step(run.step('last')), text(last),
            text(best), _step(run.step('best')), duration(run.seconds),
            NOT_MEASURED if run.step_seconds is None else
            f'{run.step_seconds:.2f} s',
            memory(run.gpu_memory_mib, run.memory_mib),
            str(len(run.record.get('attempts', []))),
            ' '.join(run.of_attempts('commit')) or NOT_MEASURED
        ])
    return head, rows


def _step(step) -> str:
    return NOT_MEASURED if step is None else str(step)


def _claim(claim: dict) -> Row:
    row = {name: claim[name] for name in METRICS if name in claim}
    return dict(
        row,
        fraction=claim['fraction'],
        labeled=claim.get('labeled'),
        method=claim['method'],
        source=f'claimed: {claim["source"]}')


def _labeled(runs: Sequence[RunResult]):
    counted = {run.labeled for run in runs if run.labeled is not None}
    return counted.pop() if len(counted) == 1 else None


def _memory(finished: Sequence[RunResult]) -> str:
    return memory(largest([run.gpu_memory_mib for run in finished]),
                  largest([run.memory_mib for run in finished]))


def _hours(finished: Sequence[RunResult]):
    seconds = [run.seconds for run in finished]
    if not seconds or None in seconds:
        return None
    return mean([value / 3600 for value in seconds])
