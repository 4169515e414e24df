"""What is done one after the other, each by a tool that stands alone."""
import shlex
from pathlib import Path
from typing import List, NamedTuple, Tuple

from mmengine.config import Config

from ..utils.public_files import script
from .config import ann_files, warm_up_checkpoint
from .options import Options, label_of

# Files of tools/, and the same for the command `dearli`.
TOOLS = {name.rpartition('/')[2]: (name, command) for name, command in (
    ('dataset_converters/labelme_to_panoptic', 'convert labelme_to_panoptic'),
    ('dataset_converters/semantic_to_panoptic',
     'convert semantic_to_panoptic'),
    ('dataset_converters/make_split', 'convert make_split'),
    ('analysis/verify_dataset', 'verify'),
    ('analysis/browse_dataset', 'analysis browse_dataset'),
    ('analysis/browse_masks', 'analysis browse_masks'),
    ('sam_masks', 'masks'), ('train', 'train'), ('infer', 'infer'))}


class Stage(NamedTuple):
    """One command.

    Attributes:
        name (str): Of its record.
        tool (str): Key of :data:`TOOLS`.
        arguments (tuple[str, ...]): Of the tool.
        outputs (tuple[Path, ...]): What it leaves.
        why (str): In a few words.
        skips (bool): Whether exit code 1 may mean that it has skipped files.
    """
    name: str
    tool: str
    arguments: Tuple[str, ...]
    outputs: Tuple[Path, ...]
    why: str
    skips: bool = False

    @property
    def script(self) -> str:
        """File within tools/."""
        return f'{TOOLS[self.tool][0]}.py'

    @property
    def shown(self) -> List[str]:
        """The commands to type, of which any does."""
        words = shlex.join(self.arguments)
        commands = [f'{script(*TOOLS[self.tool])} {words}']
        if self.tool == 'train':
            commands.append(f'mim train mmdet {words}')
        return commands


def find_stages(options: Options) -> List[Stage]:
    """All of them, in order. Their config may not be there yet."""
    out = Path(options.out)
    config, json_path = str(out / 'config.py'), ann_files(options, 'labels')[0]
    stages = [
        *_conversions(options),
        Stage('split', 'make_split', (
            str(json_path), '--out', str(out / 'labeled.txt'), '--fraction',
            '1'), (out / 'labeled.txt', ),
            'list the labelled photos; all others are unlabelled'),
        Stage('verify', 'verify_dataset', (config, '--workers',
                                           str(options.workers)), (),
              'check every file'),
        Stage('look', 'browse_dataset', (config, '--out', str(out / 'look')),
              (out / 'look' / 'browse.jpg', ), 'see what training will see')
    ]
    if options.masks != 'none':
        stages += _masks(options)
    done = last_iteration(options)
    checkpoint = out / 'training' / f'iter_{done}.pth'
    stages += [
        _training('training', out / 'config.py', out / 'training', checkpoint,
                  'train with labelled and unlabelled photos',
                  options.cfg_options),
        Stage('results', 'infer', (
            str(checkpoint), str(out / 'show.txt'), '--out',
            str(results_folder(options)), '--save', 'panoptic', 'overlay'),
            (results_folder(options) / 'overlay', ),
            'segment unlabelled photos')
    ]
    return stages


def results_folder(options: Options) -> Path:
    """Of the last checkpoint, which may be another after a change."""
    return Path(options.out) / 'results' / f'iter_{last_iteration(options)}'


def last_iteration(options: Options) -> int:
    """Of training, as the config says, which may have been changed."""
    config = Path(options.out) / 'config.py'
    steps = options.steps
    if config.is_file():
        steps = Config.fromfile(config).train_cfg.max_iters
    given = [text.partition('=')[2] for text in options.cfg_options
             if text.startswith('train_cfg.max_iters=')]
    return int(given[-1] if given else steps)


def _conversions(options: Options) -> List[Stage]:
    if options.format == 'panoptic':
        return []
    stages = []
    for part, photos in (('labels', options.photos),
                         ('val_labels', options.val_photos)):
        source = getattr(options, part)
        if not source:
            continue
        json_path, png_folder = ann_files(options, part)
        out = str(Path(options.out) / part)
        tool = f'{options.format}_to_panoptic'
        first = (source, out, '--images', photos) \
            if options.format == 'labelme' else \
            (out, '--images', photos, '--labels', source, '--partial')
        stages.append(Stage(
            part, tool, (*first, *_class_flags(options), '--workers',
                         str(options.workers)), (json_path, png_folder),
            f'{options.format} files to COCO panoptic'))
    return stages


def _class_flags(options: Options) -> List[str]:
    groups = dict(things=options.things, ignore=options.ignore)
    groups['stuff' if options.format == 'labelme' else 'classes'] = \
        options.stuff if options.format == 'labelme' else options.classes
    return [word for key, names in groups.items() if names
            for word in (f'--{key}', *map(label_of, names))]


def _masks(options: Options) -> List[Stage]:
    out = Path(options.out)
    sam = ('--checkpoint', options.sam, '--model-type', options.sam_type) \
        if options.masks == 'sam' else ()
    masks = str(out / 'masks')
    return [
        Stage('masks', 'sam_masks', (options.photos, masks, '--generator',
                                     options.masks, *sam),
              (out / 'masks' / 'meta.json', ), 'masks of all photos', True),
        Stage('masks-look', 'browse_masks', (
            masks, str(out / 'masks-look'), '--images', options.photos,
            '--overlays', '4'), (out / 'masks-look' / 'statistics.txt', ),
            'look at the masks'),
        _training('warm-up', out / 'warm-up.py', out / 'warm-up',
                  warm_up_checkpoint(options), 'learn to find masks')
    ]


def _training(name: str, config: Path, work_dir: Path, checkpoint: Path,
              why: str, cfg_options: Tuple[str, ...] = ()) -> Stage:
    more = ('--cfg-options', *cfg_options) if cfg_options else ()
    return Stage(name, 'train', (str(config), '--work-dir', str(work_dir),
                                 '--resume', *more), (checkpoint, ), why)
