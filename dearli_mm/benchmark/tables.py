"""Results as the tables of a report."""
import pandas as pd

from .claims import METRICS
from .jobs import Grid
from .record import FINISHED, duration
from .results import CHECKPOINTS, RUN, Results

CELL = RUN[:2]  # fraction and method
VALUES = (*METRICS, 'hours')
MEASURED, NOT_MEASURED = 'measured', '-'


def summary(grid: Grid, results: Results, checkpoint: str) -> pd.DataFrame:
    """A row per fraction, method and network; claims after them.

    Args:
        grid (Grid): The grid.
        results (Results): Of its runs.
        checkpoint (str): 'last' or 'best'.

    Returns:
        DataFrame: ``fraction, labeled, method`` (its label), ``network,
        source`` ('measured' or 'claimed: ...'), ``seeds`` (finished and all),
        ``memory`` (text, of the largest run); ``NAME`` and ``NAME_spread`` of
        each metric and of ``hours``. NaN is what is not measured.
    """
    means = results.means(checkpoint).reset_index()
    means = means[means.metric.isin(METRICS)].pivot(
        index=[*CELL, 'network'], columns='metric', values=['mean', 'std'])
    means.columns = [f'{name}_spread' if kind == 'std' else name
                     for kind, name in means.columns]
    cost = pd.DataFrame([
        dict(zip(CELL, cell), **_cost(runs))
        for cell, runs in results.runs.groupby(CELL, sort=False)
    ])
    table = cost.merge(means.reset_index('network'), 'left', CELL)
    table['method'] = table.method.map(grid.methods)
    table['network'] = table.network.fillna('student')
    # Nobody says which validation a published number is chosen by.
    claims = [dict(claim, source=f'claimed: {claim["source"]}')
              for claim in grid.claims if checkpoint == 'last']
    table = pd.DataFrame(
        [*table.to_dict('records'), *claims],
        columns=['fraction', 'labeled', 'method', 'network', 'source',
                 'seeds', 'memory', *VALUES, *map('{}_spread'.format, VALUES)])
    return table.astype(dict(labeled='Int64')).sort_values(
        'fraction', key=lambda column: column.map(grid.fractions.index),
        kind='stable', ignore_index=True)


def for_people(table: pd.DataFrame) -> pd.DataFrame:
    """A :func:`summary` as text; the best PQ that was measured is bold."""
    text = pd.DataFrame(dict(
        labelled=table.fraction, images=as_text(table.labeled, '{}'),
        method=table.method, network=as_text(table.network, '{}')))
    for name in VALUES:
        form = '{:.2f}' if name == 'hours' else '{:.1f}'
        text[name] = as_text(table[name], form) + as_text(
            table[f'{name}_spread'], f' ± {form}', missing='')
    measured = table[table.source == MEASURED]
    best = measured.groupby('fraction').PQ.transform('max') == measured.PQ
    best = best.index[best]
    text.loc[best, 'PQ'] = '**' + text.PQ[best] + '**'
    text['seeds'] = as_text(table.seeds, '{}')
    text['peak memory'] = as_text(table.memory, '{}')
    text['source'] = table.source
    return text


def runs_csv(results: Results) -> pd.DataFrame:
    """A row per run and network, as it is in ``runs.csv``."""
    scores = results.scores[results.scores.metric.isin(METRICS)]
    wide = pd.concat([
        scores[scores[checkpoint]].pivot(
            index=[*RUN, 'network'], columns='metric', values='value')
        .reindex(columns=list(METRICS)).add_prefix(f'{checkpoint}_')
        for checkpoint in CHECKPOINTS], axis=1)
    table = results.runs.merge(wide.reset_index('network'), 'left', RUN)
    table['network'] = table.network.fillna('student')
    return table


def runs_for_people(results: Results) -> pd.DataFrame:
    """A row per run, as text."""
    runs = runs_csv(results)
    runs = runs[runs.network == 'student']
    scores = {
        f'student PQ, {title}': as_text(runs[f'{checkpoint}_PQ'], '{:.1f}')
        for checkpoint, title in CHECKPOINTS.items()
    }
    return pd.DataFrame({
        'run': runs['name'],
        'state': runs.state,
        'last step': as_text(runs.last_step, '{}'),
        **scores,
        'best step': as_text(runs.best_step, '{}'),
        'wall time': runs.wall_seconds.map(duration),
        'per step': as_text(runs.step_seconds, '{:.2f} s'),
        'peak memory': [_memory(runs[runs['name'] == name])
                        for name in runs['name']],
        'attempts': runs.attempts,
        'commit': as_text(runs.commit, '{}')
    })


def as_text(values: pd.Series, form: str,
            missing: str = NOT_MEASURED) -> pd.Series:
    """A column as text."""
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
        hours=hours.mean(),
        hours_spread=hours.std())


def _memory(runs: pd.DataFrame) -> str:
    """Peak memory as text: that of the GPU, if one was used."""
    for column, device in (('peak_gpu_memory_mib', 'GPU'),
                           ('peak_memory_mib', 'RAM')):
        peak = runs[column].max()
        if pd.notna(peak):
            return f'{peak / 1024:.1f} GiB {device}'
    return NOT_MEASURED
