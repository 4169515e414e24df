"""Results of runs, and their mean and spread over seeds."""
import math
import statistics
from dataclasses import dataclass
from typing import Dict, List, NamedTuple, Optional, Sequence

from .run_logs import read_log, read_validations, run_logs
from .claims import METRICS
from .jobs import Grid, Job
from .record import FINISHED, read_record, state_of

NETWORKS = ('student', 'teacher')
# Which validation of a run counts, and what that is called in reports.
CHECKPOINTS = dict(last='last', best='best (chosen on validation)')
CHOSEN_BY = 'student/PQ'


class Mean(NamedTuple):
    """A mean over seeds.

    Attributes:
        value (float): The mean.
        spread (float | None): Standard deviation (n - 1); None of one seed.
        count (int): Number of seeds.
    """
    value: float
    spread: Optional[float]
    count: int


@dataclass
class RunResult:
    """What a run's files say.

    Attributes:
        job (Job): The run.
        state (str): See :data:`~.record.STATES`.
        validations (dict[int, dict[str, float]]): Metrics, percent, by step.
        record (dict): See :func:`~.record.read_record`.
        seconds (float | None): Wall time of all attempts.
        step_seconds (float | None): Median time of a step in the log.
        memory_mib (float | None): Peak of the largest process.
        gpu_memory_mib (float | None): Peak, as torch counts it.
    """
    job: Job
    state: str
    validations: Dict[int, Dict[str, float]]
    record: dict
    seconds: Optional[float]
    step_seconds: Optional[float]
    memory_mib: Optional[float]
    gpu_memory_mib: Optional[float]

    def step(self, checkpoint: str) -> Optional[int]:
        """Step of the 'last' or the 'best' validation, if there is one."""
        if checkpoint == 'last':
            return max(self.validations, default=None)
        scored = {
            step: values[CHOSEN_BY]
            for step, values in self.validations.items()
            if CHOSEN_BY in values
        }
        # Of equal ones the earliest, which is the one that is saved.
        return max(scored, key=scored.get, default=None)

    def values(self, checkpoint: str, network: str) -> Dict[str, float]:
        """Metrics of a network, among them ``PQ/<class>``, in percent."""
        results = self.validations.get(self.step(checkpoint), {})
        return {
            key.split('/', 1)[1]: value
            for key, value in results.items()
            if key.startswith(f'{network}/')
        }

    @property
    def labeled(self) -> Optional[int]:
        """Number of labelled images, counted in the data."""
        return self.record.get('images', {}).get('labeled')

    def of_attempts(self, key: str) -> List:
        """Different values of the attempts, in order."""
        values = [a.get(key) for a in self.record.get('attempts', [])]
        return list(
            {str(value): value for value in values if value is not None}
            .values())


def read_results(grid: Grid) -> List[RunResult]:
    """Results of all runs of a grid, also of those that have none yet."""
    return [read_result(job) for job in grid.runs]


def read_result(job: Job) -> RunResult:
    """Result of a run."""
    record = read_record(job)
    logs = run_logs(job.work_dir)
    steps = [line for log in logs for line in read_log(log) if 'loss' in line]
    attempts = record.get('attempts', [])
    seconds = [_seconds(attempt, logs) for attempt in attempts]
    return RunResult(
        job=job,
        state=state_of(job),
        validations=_finite(
            read_validations(job.work_dir, None)) if logs else {},
        record=record,
        seconds=sum(seconds) if seconds and None not in seconds else None,
        step_seconds=_median([line.get('time') for line in steps]),
        memory_mib=largest([a.get('peak_memory_mib') for a in attempts]),
        gpu_memory_mib=largest([line.get('memory') for line in steps]))


def mean_over_seeds(results: Sequence[RunResult], checkpoint: str,
                    network: str) -> Dict[str, Mean]:
    """Mean and spread of each metric over the finished runs.

    Args:
        results (Sequence[RunResult]): Of a method and a fraction.
        checkpoint (str): 'last' or 'best'.
        network (str): 'student' or 'teacher'.

    Returns:
        dict[str, Mean]: Metrics that all of the finished runs have.
    """
    finished = [
        result.values(checkpoint, network) for result in results
        if result.state == FINISHED
    ]
    if not finished:
        return {}
    shared = [
        key for key in finished[0] if all(key in run for run in finished)
    ]
    return {key: mean([run[key] for run in finished]) for key in shared}


def mean(values: Sequence[float]) -> Mean:
    """Mean and standard deviation of a sample."""
    spread = statistics.stdev(values) if len(values) > 1 else None
    return Mean(statistics.fmean(values), spread, len(values))


def largest(values: Sequence[Optional[float]]) -> Optional[float]:
    """The largest of those that were measured; None if none was."""
    return max((value for value in values if value is not None), default=None)


def cell(results: Sequence[RunResult], method: str,
         fraction: str) -> List[RunResult]:
    """The runs of a method and a fraction."""
    return [
        result for result in results if result.job.method == method
        and result.job.fraction == fraction
    ]


def _finite(validations: Dict[int, Dict[str, float]]
            ) -> Dict[int, Dict[str, float]]:
    """Without NaN, which classes have that occur nowhere."""
    return {
        step: {
            key: value
            for key, value in values.items() if math.isfinite(value)
        }
        for step, values in validations.items()
        if any(key.split('/')[-1] in METRICS for key in values)
    }


def _seconds(attempt: dict, logs: Sequence) -> Optional[float]:
    """Wall time of an attempt; of a killed one, up to its last word."""
    if 'seconds' in attempt or 'started' not in attempt:
        return attempt.get('seconds')
    # The log of the attempt is the first that was written to after it began.
    ends = [log.stat().st_mtime - attempt['started'] for log in logs]
    return min((end for end in ends if end > 0), default=0.)


def _median(values: Sequence) -> Optional[float]:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
