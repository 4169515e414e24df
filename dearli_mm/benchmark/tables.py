"""Results as the tables of a report."""
from typing import List

import numpy as np
import pandas as pd

from .claims import METRICS
from .jobs import Grid
from .record import FINISHED, duration
from .results import CHECKPOINTS, NETWORKS, RUN, Results

MEASURED = 'measured'
NOT_MEASURED = '-'


def summary(grid: Grid, results: Results, checkpoint: str) -> pd.DataFrame:
    """A row per fraction, method and network; claims after them.

    Args:
        grid (Grid): The grid.
        results (Results): Of its runs.
        checkpoint (str): 'last' or 'best'.

    Returns:
        DataFrame: ``fraction, labeled, method`` (its label), ``network,
        source`` ('measured' or 'claimed: ...'), ``seeds`` (finished and all);
        ``NAME`` and ``NAME_spread`` of each metric and of ``hours``; and
        ``memory`` (text, of the largest run). NaN is what is not measured.
    """
    means = results.means(checkpoint)
    rows: List[dict] = []
    for fraction in grid.fractions:
        for method, label in grid.methods.items():
            runs = results.runs[(results.runs.method == method)
                                & (results.runs.fraction == fraction)]
            shared = dict(_cost(runs), fraction=fraction, method=label)
            for network in NETWORKS:
                values = {name: means.loc[key] for name in METRICS if
                          (key := (fraction, method, network, name))
                          in means.index}
                if values or (network == NETWORKS[0] and not any(
                        runs.state == FINISHED)):
                    rows.append(dict(shared, network=network, **_spread(
                        values)))
        # Nobody says which validation a published number is chosen by.
        rows += [dict(claim, source=f'claimed: {claim["source"]}')
                 for claim in grid.claims
                 if claim['fraction'] == fraction and checkpoint == 'last']
    values = [column for name in (*METRICS, 'hours')
              for column in (name, f'{name}_spread')]
    columns = ['fraction', 'labeled', 'method', 'network', 'source', 'seeds',
               'memory', *values]
    return pd.DataFrame(rows, columns=columns).astype(dict(labeled='Int64'))


def summary_of_both(grid: Grid, results: Results) -> pd.DataFrame:
    """The rows of ``summary.csv``."""
    tables = {title: summary(grid, results, checkpoint)
              for checkpoint, title in CHECKPOINTS.items()}
    table = pd.concat(tables, names=['checkpoint', None]).reset_index(0)
    table.loc[table.source != MEASURED, 'checkpoint'] = None
    return table


def for_people(table: pd.DataFrame) -> pd.DataFrame:
    """A :func:`summary` as text, with means and spreads in one column."""
    text = pd.DataFrame(dict(method=table.method, network=table.network))
    for name in (*METRICS, 'hours'):
        form = '{:.2f}' if name == 'hours' else '{:.1f}'
        spread = _text(table[f'{name}_spread'], f' ± {form}', '')
        text[name] = _text(table[name], form) + spread
    text.insert(len(text.columns) - 1, 'seeds', table.seeds)
    text['peak memory'] = table.memory
    text['source'] = table.source
    return text.fillna(NOT_MEASURED)


def runs_csv(results: Results) -> pd.DataFrame:
    """A row per run and network, as it is in ``runs.csv``."""
    found = results.scores[results.scores.metric.isin(METRICS)]
    scores = found[[*RUN, 'network']].drop_duplicates()
    for checkpoint in CHECKPOINTS:
        values = found[found[checkpoint]].pivot(
            index=[*RUN, 'network'], columns='metric', values='value')
        values = values.reindex(columns=list(METRICS)).add_prefix(
            f'{checkpoint}_').reset_index()
        scores = scores.merge(values, 'left', [*RUN, 'network'])
    table = results.runs.drop(columns='name').merge(scores, 'left', RUN)
    table['network'] = table.network.fillna(NETWORKS[0])
    first = [*RUN, 'state', 'network']
    return table[[*first, *table.columns.drop(first)]]


def runs_for_people(results: Results) -> pd.DataFrame:
    """A row per run, as text."""
    runs = results.runs
    text = pd.DataFrame({'run': runs.name, 'state': runs.state})
    text['last step'] = _text(runs.last_step, '{:.0f}')
    for checkpoint, title in CHECKPOINTS.items():
        found = results.scores[results.scores[checkpoint]]
        found = found[(found.network == 'student') & (found.metric == 'PQ')]
        values = runs[RUN].merge(found, 'left', RUN).value
        text[f'student PQ, {title}'] = _text(values, '{:.1f}')
    text['best step'] = _text(runs.best_step, '{:.0f}')
    text['wall time'] = runs.wall_seconds.map(duration)
    text['per step'] = _text(runs.step_seconds, '{:.2f} s')
    text['peak memory'] = [_memory(runs.iloc[[k]]) for k in range(len(runs))]
    text['attempts'] = runs.attempts.astype(str)
    text['commit'] = runs.commit
    return text.fillna(NOT_MEASURED)


def _text(values: pd.Series, form: str,
          missing: str = NOT_MEASURED) -> pd.Series:
    return pd.Series([missing if pd.isna(value) else form.format(value)
                      for value in values], values.index, dtype=str)


def _cost(runs: pd.DataFrame) -> dict:
    """What is said of the runs of a method and a fraction."""
    finished = runs[runs.state == FINISHED]
    hours = finished.wall_seconds / 3600
    labeled = runs.labeled.dropna().unique()
    return dict(
        labeled=labeled[0] if len(labeled) == 1 else None,
        source=MEASURED,
        seeds=f'{len(finished)} of {len(runs)}',
        memory=_memory(finished),
        hours=hours.mean(skipna=False) if len(hours) else np.nan,
        hours_spread=hours.std(skipna=False) if len(hours) else np.nan)


def _memory(runs: pd.DataFrame) -> str:
    """Peak memory as text: that of the GPU, if one was used."""
    for column, device in (('peak_gpu_memory_mib', 'GPU'),
                           ('peak_memory_mib', 'RAM')):
        peak = runs[column].max()
        if pd.notna(peak):
            return f'{peak / 1024:.1f} GiB {device}'
    return NOT_MEASURED


def _spread(values: dict) -> dict:
    return {
        **{name: value['mean'] for name, value in values.items()},
        **{f'{name}_spread': value['std'] for name, value in values.items()}
    }
