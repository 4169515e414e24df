import os.path as osp
import sys
from typing import Any, Dict, Optional, Sequence

import numpy as np
from mmdet.engine.hooks import DetVisualizationHook
from mmdet.registry import HOOKS
from mmdet.structures import DetDataSample
from mmengine.dist import is_main_process
from mmengine.runner import Runner
from PIL import Image

from ...datasets.image_names import image_name, without_suffix
from ...utils import atomic_path
from ...visualization.drawing import side_by_side
from ...visualization.sample_panels import class_colors, sample_panels


@HOOKS.register_module()
class PanopticVisualizationHook(DetVisualizationHook):
    """Pictures of the first images of each validation or test.

    A picture shows input, ground truth (if the sample's meta information
    names it), the teacher's result (if the sample carries one) and the
    student's side by side, and the names of the classes in it. It is written
    to ``out_dir`` and handed to the visualizer's backends.

    Args:
        draw (bool): Whether to draw at all. Defaults to True.
        max_images (int): How many images, taken from the first of the main
            process. Defaults to 8.
        out_dir (str, optional): Folder for ``<image>.png``, with the
            subfolders of the images. Defaults to None, which means
            ``<work_dir>/pictures``.
        keep_all (bool): Put the iteration into the file name
            (``<image>_<iteration>.png``) instead of replacing the picture of
            the last validation. Defaults to False.
        show (bool): Whether each picture is shown in a window (``--show`` of
            the test script). Defaults to False.
        wait_time (float): Seconds a window stays. Defaults to 0.
        test_out_dir (str, optional): In tests, all images are drawn, into
            this folder below the run's (``--show-dir`` of the test script).
        backend_args (dict, optional): mmengine file backend for reading.
    """

    def __init__(self,
                 draw: bool = True,
                 max_images: int = 8,
                 out_dir: Optional[str] = None,
                 keep_all: bool = False,
                 show: bool = False,
                 wait_time: float = 0.,
                 test_out_dir: Optional[str] = None,
                 backend_args: Optional[dict] = None) -> None:
        super().__init__(
            draw=draw,
            show=show,
            wait_time=wait_time,
            test_out_dir=test_out_dir,
            backend_args=backend_args)
        self.max_images = max_images
        self.out_dir = out_dir
        self.keep_all = keep_all
        self._num_drawn = 0
        self._names: Dict[str, str] = {}  # of pictures, their images

    def before_train(self, runner: Runner) -> None:
        """Say where the pictures go."""
        if self.draw:
            self.summary = 'pictures', f'in {self._folder(runner)}'

    def before_val_epoch(self, runner: Runner) -> None:
        """Start counting images anew."""
        self._num_drawn = 0

    def before_test_epoch(self, runner: Runner) -> None:
        """Start counting images anew; ``--show-dir`` wants all of them."""
        self._num_drawn = 0
        if self.test_out_dir is not None:
            self.max_images = sys.maxsize
            self.out_dir = osp.join(runner.work_dir, runner.timestamp,
                                    self.test_out_dir)

    def after_val_iter(self, runner: Runner, batch_idx: int, data_batch: Any,
                       outputs: Sequence[DetDataSample]) -> None:
        """Draw the images of a batch while there are any left to draw."""
        self._draw_batch(runner, outputs, runner.iter)

    def after_test_epoch(self,
                         runner: Runner,
                         metrics: Optional[Dict[str, float]] = None) -> None:
        """Say where the pictures are."""
        if self._num_drawn:
            runner.logger.info(
                f'Pictures of predictions are in {self._folder(runner)}')

    def after_test_iter(self, runner: Runner, batch_idx: int, data_batch: Any,
                        outputs: Sequence[DetDataSample]) -> None:
        """Draw the images of a batch while there are any left to draw."""
        # runner.iter would build the training loop and its data.
        self._draw_batch(runner, outputs, step=0)

    def _draw_batch(self, runner: Runner, outputs: Sequence[DetDataSample],
                    step: int) -> None:
        if not self.draw or not is_main_process():
            return
        for sample in outputs[:self.max_images - self._num_drawn]:
            meta = runner.visualizer.dataset_meta
            panels, present = sample_panels(sample, meta, self.backend_args)
            picture = side_by_side(panels, meta['classes'],
                                   class_colors(meta), 1, present)
            self._publish(runner, self._name(sample), picture, step)
            self._num_drawn += 1

    def _folder(self, runner: Runner) -> str:
        return self.out_dir or osp.join(runner.work_dir, 'pictures')

    def _name(self, sample: DetDataSample) -> str:
        """Name of an image's picture; another image's is never replaced."""
        name = without_suffix(image_name(sample))
        for unused in (name, image_name(sample), sample.img_path.lstrip('/')):
            if self._names.setdefault(unused, sample.img_path) == \
                    sample.img_path:
                break
        return unused

    def _publish(self, runner: Runner, name: str, picture: np.ndarray,
                 step: int) -> None:
        """Write a picture to its file and to the visualizer's backends."""
        file = f'{name}_{step}' if self.keep_all else name
        # Whoever looks at the folder while training goes on never finds half
        # a file.
        target = osp.join(self._folder(runner), f'{file}.png')
        with atomic_path(target) as path:
            Image.fromarray(picture).save(path, format='PNG')
        # LocalVisBackend makes no folders.
        runner.visualizer.add_image(
            name.replace('/', '__'), picture, step=step)
        if self.show:
            runner.visualizer.show(
                picture, win_name=name, wait_time=self.wait_time)
