"""The same images as all methods see them, side by side."""
from pathlib import Path
from typing import Dict, List, Tuple

import numpy as np
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.runner import load_checkpoint

from ..datasets.config_datasets import build_quietly
from ..datasets.image_names import image_name, without_suffix
from ..utils.atomic import atomic_path
from ..utils.plain_files import load_plain
from ..visualization import side_by_side
from ..visualization.sample_panels import class_colors, sample_panels
from .checks import job_config
from .jobs import Grid, Job
from .record import FINISHED, last_checkpoint
from .results import Results

FIRST = ('input', 'ground truth')  # panels that all methods share


def compare(grid: Grid, results: Results, fraction: str,
            count: int) -> Tuple[Dict[str, np.ndarray], List[str]]:
    """Pictures of validation images: input, truth, and a panel per method.

    Of each method the first finished run is shown, with the weights of its
    last checkpoint, student.

    Args:
        grid (Grid): The grid.
        results (Results): Of its runs.
        fraction (str): The label fraction.
        count (int): How many images, spread evenly over the validation set.

    Returns:
        tuple[dict[str, np.ndarray], list[str]]: uint8 RGB pictures by name of
        the image; what could not be drawn, and why.
    """
    rows: Dict[str, List[Tuple[str, dict]]] = {}
    missing = []
    runs = results.runs[(results.runs.fraction == fraction)
                        & (results.runs.state == FINISHED)]
    for method, run in runs.groupby('method', sort=False).first().iterrows():
        try:
            for name, drawn in draw(grid.job(run['name']), count).items():
                rows.setdefault(name, []).append((grid.methods[method], drawn))
        except Exception as error:  # a report is worth having without it
            missing.append(f'{run["name"]}: {error}')
    return {name: _row(drawn) for name, drawn in rows.items()}, missing


def draw(job: Job, count: int) -> Dict[str, dict]:
    """Predict and draw images of a run, or take them from its folder.

    Returns:
        dict[str, dict]: Of each image: ``panels`` (uint8 [H, W, 3] RGB
        tensors by title, the student's last), ``present`` (class indices),
        and ``classes`` and ``palette`` of the dataset.

    Raises:
        FileNotFoundError: If checkpoint or data are gone.
    """
    checkpoint = last_checkpoint(job.work_dir)
    path = job.folder / 'pictures.pth'
    # A report is made often, from weights that do not change.
    key = [checkpoint and checkpoint.name, count]
    try:
        stored = load_plain(path)
        if checkpoint is None or stored['key'] == key:
            return stored['images']
    except (FileNotFoundError, ValueError):
        pass  # the first time, or cut off
    if checkpoint is None:
        raise FileNotFoundError(f'{job.work_dir} holds no checkpoint')
    images = _predict(job_config(job), checkpoint, count)
    with atomic_path(path) as part:
        torch.save(dict(key=key, images=images), part)
    return images


@torch.no_grad()
def _predict(config: Config, checkpoint: Path, count: int) -> Dict[str, dict]:
    dataset = build_quietly(config.val_dataloader.dataset)
    model = MODELS.build(config.model)
    load_checkpoint(model, str(checkpoint), map_location='cpu')
    model.to('cuda' if torch.cuda.is_available() else 'cpu').eval()
    places = np.linspace(0, len(dataset) - 1, min(count, len(dataset)))
    images = {}
    for place in np.unique(places.round().astype(int)):
        sample = model.test_step(pseudo_collate([dataset[int(place)]]))[0]
        panels, present = sample_panels(sample, dataset.metainfo)
        images[without_suffix(image_name(sample))] = dict(
            panels={title: torch.tensor(panel) for title, panel in panels},
            present=sorted(present),
            classes=list(dataset.metainfo['classes']),
            palette=class_colors(dataset.metainfo).tolist())
    return images


def _row(drawn: List[Tuple[str, dict]]) -> np.ndarray:
    """Input and ground truth once, then the students."""
    first = drawn[0][1]
    panels = [(title, panel) for title, panel in first['panels'].items()
              if title in FIRST]
    panels += [(label, list(picture['panels'].values())[-1])
               for label, picture in drawn]
    present = set().union(*(picture['present'] for _, picture in drawn))
    return side_by_side([(title, panel.numpy()) for title, panel in panels],
                        first['classes'], class_colors(first), 1, present)
