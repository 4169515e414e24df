"""What a benchmark consists of: trainings, and steps that precede them."""
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

STEPS = 'prepare'  # folder, and first part of the name, of steps


@dataclass(frozen=True)
class Job:
    """A training of the grid, or a step that trainings share.

    Attributes:
        name (str): ``<method>/<fraction>/seed-<n>`` or ``prepare/<step>``.
        work_dir (Path): Its own folder.
        config (str, optional): What is trained; None for a command.
        command (tuple[str, ...]): Of a step that is no training.
        cfg_options (dict): Overrides of the config, without the seed.
        args (tuple[str, ...]): Further flags of the training script.
        needs (tuple[str, ...]): Names of the steps that come first.
        output (Path, optional): What a step leaves.
        seed (int, optional): ``randomness.seed``.
        method (str): Empty for a step.
        fraction (str): Empty for a step.
        labeled (int, optional): Labelled images that the grid expects.
    """
    name: str
    work_dir: Path
    config: Optional[str] = None
    command: Tuple[str, ...] = ()
    cfg_options: Dict[str, Any] = field(default_factory=dict, hash=False)
    args: Tuple[str, ...] = ()
    needs: Tuple[str, ...] = ()
    output: Optional[Path] = None
    seed: Optional[int] = None
    method: str = ''
    fraction: str = ''
    labeled: Optional[int] = None

    @property
    def is_step(self) -> bool:
        """Whether it is a step, not a training of the grid."""
        return not self.method

    @property
    def folder(self) -> Path:
        """Path: Where the benchmark keeps what it knows of the job."""
        return self.work_dir / 'benchmark'


@dataclass(frozen=True)
class Grid:
    """Methods x label fractions x seeds.

    Attributes:
        path (Path): The file it was read from.
        title (str): Of the report.
        work_dir (Path): Folder of all runs and of the report.
        trainer (tuple[str, ...]): The training command, before the config.
        methods (dict[str, str]): Label by name, in order.
        fractions (tuple[str, ...]): Names, in order.
        jobs (list[Job]): Steps first, each after those it needs.
        claims (list[dict]): Published results.
    """
    path: Path
    title: str
    work_dir: Path
    trainer: Tuple[str, ...]
    methods: Dict[str, str]
    fractions: Tuple[str, ...]
    jobs: List[Job]
    claims: List[dict]

    @property
    def runs(self) -> List[Job]:
        """list[Job]: The trainings, without the steps."""
        return [job for job in self.jobs if not job.is_step]

    def job(self, name: str) -> Job:
        """The job with a name."""
        return next(job for job in self.jobs if job.name == name)
