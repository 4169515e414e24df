"""The same images as all methods see them, side by side."""
import json
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence, Tuple

import numpy as np
import torch
from mmdet.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint
from PIL import Image

from ..utils.atomic_backend import AtomicLocalBackend
from ..visualization.drawing import side_by_side
from ..visualization.sample_panels import (Panels, class_colors,
                                             sample_panels)
from .checks import job_config
from .jobs import Grid
from .record import FINISHED, FOLDER, last_checkpoint
from .results import RunResult, cell


class Drawn(NamedTuple):
    """One image as one run sees it.

    Attributes:
        image (str): Name of the image.
        panels (list[tuple[str, np.ndarray]]): Titles and uint8 RGB pictures.
        present (set[int]): Class indices.
        meta (dict): Of the dataset.
    """
    image: str
    panels: Panels
    present: set
    meta: dict


def compare(grid: Grid, results: Sequence[RunResult], fraction: str,
            count: int) -> Tuple[List[Tuple[str, np.ndarray]], List[str]]:
    """Pictures of validation images: input, truth, and a panel a method.

    Of each method the first finished run is shown, with the weights of its
    last checkpoint, student.

    Args:
        grid (Grid): The grid.
        results (Sequence[RunResult]): Of its runs.
        fraction (str): The label fraction.
        count (int): How many images, spread evenly over the validation set.

    Returns:
        tuple[list, list[str]]: Names and uint8 RGB pictures; what could not
        be drawn, and why.
    """
    rows: Dict[str, List[Tuple[str, Drawn]]] = {}
    missing = []
    for method, label in grid.methods.items():
        finished = [result for result in cell(results, method, fraction)
                    if result.state == FINISHED]
        if not finished:
            continue
        try:
            for drawn in draw(finished[0], count):
                rows.setdefault(drawn.image, []).append((label, drawn))
        except Exception as error:  # a report is worth having without it
            missing.append(f'{finished[0].job.name}: {error}')
    return [(name, _row(drawn)) for name, drawn in rows.items()], missing


def draw(result: RunResult, count: int) -> List[Drawn]:
    """Predict and draw images of a run, or take them from its folder.

    Raises:
        FileNotFoundError: If checkpoint or data are gone.
    """
    job = result.job
    checkpoint = last_checkpoint(job.work_dir)
    folder = job.work_dir / FOLDER / 'pictures'
    # A report is made often, from weights that do not change.
    key = [str(checkpoint and checkpoint.name), count]
    index = folder / 'index.json'
    if index.is_file():
        stored = json.loads(index.read_text())
        if stored['key'] == key or checkpoint is None:
            return [_load(folder, item, stored) for item in stored['images']]
    if checkpoint is None:
        raise FileNotFoundError(f'{job.work_dir} holds no checkpoint')
    with redirect_stdout(StringIO()):  # pycocotools is talkative
        drawn = _predict(job_config(job), checkpoint, count)
    _store(folder, key, drawn)
    return drawn


@torch.no_grad()
def _predict(config: Config, checkpoint: Path, count: int) -> List[Drawn]:
    init_default_scope(config.get('default_scope', 'mmdet'))
    dataset = DATASETS.build(config.val_dataloader.dataset)
    model = MODELS.build(config.model)
    load_checkpoint(model, str(checkpoint), map_location='cpu')
    model.to('cuda' if torch.cuda.is_available() else 'cpu').eval()
    places = np.linspace(0, len(dataset) - 1, min(count, len(dataset)))
    drawn = []
    for place in sorted({int(round(p)) for p in places}):
        sample = model.test_step(pseudo_collate([dataset[place]]))[0]
        panels, present = sample_panels(sample, dataset.metainfo)
        meta = dict(
            classes=list(dataset.metainfo['classes']),
            palette=class_colors(dataset.metainfo).tolist())
        drawn.append(
            Drawn(Path(sample.img_path).stem, panels, present, meta))
    return drawn


def _store(folder: Path, key: list, drawn: Sequence[Drawn]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for picture in drawn:
        for title, panel in picture.panels:
            Image.fromarray(panel).save(_file(folder, picture.image, title))
    index = dict(
        key=key,
        meta=drawn[0].meta if drawn else {},
        images=[
            dict(image=picture.image,
                 titles=[title for title, _ in picture.panels],
                 present=sorted(picture.present)) for picture in drawn
        ])
    # Last: without it the rest does not count.
    AtomicLocalBackend().put_text(json.dumps(index), folder / 'index.json')


def _load(folder: Path, item: dict, stored: dict) -> Drawn:
    panels = [
        (title,
         np.asarray(Image.open(_file(folder, item['image'], title))))
        for title in item['titles']
    ]
    return Drawn(item['image'], panels, set(item['present']), stored['meta'])


def _file(folder: Path, image: str, title: str) -> Path:
    return folder / f'{image}_{title.replace(" ", "-")}.png'


def _row(drawn: Sequence[Tuple[str, Drawn]]) -> np.ndarray:
    """Input and ground truth once, then the students."""
    first = drawn[0][1]
    panels = [panel for panel in first.panels
              if panel[0] in ('input', 'ground truth')]
    # The student's is the last one.
    panels += [(label, picture.panels[-1][1]) for label, picture in drawn]
    present = set().union(*(picture.present for _, picture in drawn))
    return side_by_side(panels, first.meta['classes'],
                        class_colors(first.meta), 1, present)
