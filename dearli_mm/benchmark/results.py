"""Results of runs as tables, and their mean and spread over seeds."""
import math
from pathlib import Path
from typing import List, NamedTuple, Optional

import pandas as pd

from .claims import METRICS
from .jobs import Grid, Job
from .record import FINISHED, read_record, state_of
from .run_logs import read_log, read_validations, run_logs

NETWORKS = ('student', 'teacher')
# Which validation of a run counts, and what that is called in reports.
CHECKPOINTS = dict(last='last', best='best (chosen on validation)')
CHOSEN_BY = ('student', 'PQ')
RUN = ['fraction', 'method', 'seed']


class Results(NamedTuple):
    """What the files of all runs of a grid say.

    Attributes:
        runs (DataFrame): A row per run, in the order of the grid: ``fraction,
            method, seed, name, state, last_step, best_step`` (of the last
            validation and of that with the best ``student/PQ``),
            ``labeled, unlabeled`` (images), ``wall_seconds`` (all attempts),
            ``step_seconds`` (median), ``peak_memory_mib`` (of the process),
            ``peak_gpu_memory_mib`` (as torch counts it), ``attempts, commit,
            versions, host``.
        scores (DataFrame): A row per value in a validation: ``fraction,
            method, seed, state, step, network, metric`` (also ``PQ/CLASS``)
            and ``value`` (percent); ``last`` and ``best`` say whether the
            step is that of the run.
    """
    runs: pd.DataFrame
    scores: pd.DataFrame

    def means(self, checkpoint: str) -> pd.DataFrame:
        """Mean and spread over the finished seeds.

        Args:
            checkpoint (str): 'last' or 'best'.

        Returns:
            DataFrame: ``mean`` and ``std`` (n - 1; NaN for one seed), indexed
            by fraction, method, network and metric; metrics that all of the
            finished runs have.
        """
        scores = self.scores[self.scores[checkpoint]
                             & (self.scores.state == FINISHED)]
        means = scores.groupby(['fraction', 'method', 'network', 'metric'],
                               sort=False).value.agg(['mean', 'std', 'count'])
        finished = self.runs[self.runs.state == FINISHED]
        seeds = finished.groupby(['fraction', 'method']).size()
        # A mean over some of the seeds would be compared with one over all.
        seeds = means.index.droplevel(['network', 'metric']).map(seeds)
        return means.loc[means['count'] == seeds, ['mean', 'std']]


def read_results(grid: Grid) -> Results:
    """Results of all runs of a grid, also of those that have none yet."""
    runs, scores = [], []
    for job in grid.runs:
        found = _scores(job)
        run = _run(job, found)
        runs.append(run)
        for row in found:
            row.update({key: run[key] for key in (*RUN, 'state')})
            row.update({key: row['step'] == run[f'{key}_step']
                        for key in CHECKPOINTS})
        scores += found
    counts = ['last_step', 'best_step', 'labeled', 'unlabeled']
    columns = [*RUN, 'state', 'step', 'network', 'metric', 'value']
    return Results(
        pd.DataFrame(runs).astype(dict.fromkeys(counts, 'Int64')),
        pd.DataFrame(scores, columns=[*columns, *CHECKPOINTS]).astype(
            dict.fromkeys(CHECKPOINTS, bool)))


def _scores(job: Job) -> List[dict]:
    """Step, network, metric and value of all validations."""
    return [
        dict(zip(('network', 'metric'), key.split('/', 1)), step=step,
             value=value)
        for step, values in read_validations(job.work_dir, None).items()
        if any(key.split('/')[-1] in METRICS for key in values)
        for key, value in values.items()
        # NaN is that of a class that occurs nowhere.
        if key.split('/')[0] in NETWORKS and math.isfinite(value)
    ]


def _run(job: Job, scores: List[dict]) -> dict:
    record, logs = read_record(job), run_logs(job.work_dir)
    attempts = record.get('attempts', [])
    log = pd.DataFrame([line for path in logs for line in read_log(path)
                        if 'loss' in line], columns=['time', 'memory'])
    chosen = {row['step']: row['value'] for row in scores
              if (row['network'], row['metric']) == CHOSEN_BY}
    peaks = [a.get('peak_memory_mib') or math.nan for a in attempts]
    images = record.get('images', {})
    return dict(
        fraction=job.fraction,
        method=job.method,
        seed=job.seed,
        name=job.name,
        state=state_of(job),
        last_step=max((row['step'] for row in scores), default=None),
        # Of equal ones the earliest, which is the one that is saved.
        best_step=max(chosen, key=chosen.get, default=None),
        labeled=images.get('labeled', job.labeled),
        unlabeled=images.get('unlabeled'),
        wall_seconds=_wall_seconds(attempts, logs),
        step_seconds=log.time.median(),
        peak_memory_mib=pd.Series(peaks, dtype=float).max(),
        peak_gpu_memory_mib=log.memory.max(),
        attempts=len(attempts),
        commit=_distinct([a.get('commit') for a in attempts]),
        versions=_distinct([' '.join(
            f'{name} {number}' for name, number in
            a.get('versions', {}).items()) for a in attempts]),
        host=_distinct([a.get('host') for a in attempts]))


def _wall_seconds(attempts: List[dict], logs: List[Path]) -> float:
    """Of all attempts; of a killed one, up to the last word in its log."""
    total = 0. if attempts else math.nan
    for attempt in attempts:
        seconds = attempt.get('seconds')
        if seconds is None:
            # Its log is the first that was written to after it began.
            begin = attempt.get('started', math.inf)
            ends = [log.stat().st_mtime - begin for log in logs]
            seconds = min((end for end in ends if end > 0), default=0.)
        total += seconds
    return total


def _distinct(words: List[Optional[str]]) -> Optional[str]:
    return ' / '.join(dict.fromkeys(filter(None, words))) or None
