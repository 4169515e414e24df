"""Runs the stages that are not done, one after the other."""
import ctypes
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Iterator, List, Sequence

from ..datasets.image_files import UnreadableImageError, decode_image
from ..datasets.image_folders import list_images
from ..datasets.image_names import ImageNames, relative_name
from ..datasets.splits import read_split
from ..utils.atomic import write_text
from ..utils.text_files import read_json, read_text
from .config import config_text, warm_up_text
from .held_out import write_held_out
from .options import Options, argument_name
from .stages import Stage

# Lists that stages leave which look at labels; converters see themselves what
# has changed.
OF_LABELS = dict(labels=(), val_labels=(), verify=(), look=(),
                 split=('labeled.txt', 'val.txt', 'show.txt'))
# What takes long, by what tells that it has begun.
LONG_WORK = {'training': '*.pth', 'warm-up': '*.pth', 'masks': '*.*'}
WAIT = 60  # seconds that the process of a killed run gets to end
_PR_SET_PDEATHSIG = 1  # of Linux's <sys/prctl.h>


class StageError(ValueError):
    """A stage has failed; the message tells what to do."""


def prepare(options: Options) -> List[str]:
    """Write the configs of a run, or find those of an earlier start.

    Until something has been trained, other arguments or labels begin anew:
    what was made of the earlier ones goes.

    Args:
        options (Options): What is wanted.

    Returns:
        list[str]: What was kept because somebody has changed it.

    Raises:
        ValueError: If the folder is of a trained run with other arguments or
            labels, or of no run of this tool.
    """
    out = Path(options.out)
    path, wanted = out / 'few_shot.json', options.fingerprint()
    texts = {'config.py': config_text(options)}
    if options.masks != 'none':
        texts['warm-up.py'] = warm_up_text(options)
    before = read_json(path) if path.is_file() else {}
    written = before.pop('configs', {})
    foreign = [name for name in texts
               if name not in written and (out / name).exists()]
    if foreign:
        raise ValueError(f'--out={options.out}: {foreign[0]} is there, and '
                         'of no run of this tool; choose another folder')
    changed = [name for name, text in written.items()
               if (out / name).exists() and read_text(out / name) != text]
    other = [key for key, value in wanted.items()
             if before and before.get(key) != value]
    if other:
        lost = [name for name in changed if texts.get(name) != written[name]]
        _begin_anew(out, other, lost)
    new = {name: text for name, text in texts.items()
           if not (out / name).exists() or other and name not in changed}
    # In this order a kill leaves nothing that looks like somebody's change.
    for name in new:
        (out / name).unlink(missing_ok=True)
    write_text(path, json.dumps(
        dict(wanted, configs={**written, **new}), indent=1))
    for name, text in new.items():
        write_text(out / name, text)
    return changed


def _begin_anew(out: Path, other: Sequence[str], lost: Sequence[str]) -> None:
    """Forget what was made of other arguments or labels, if that is cheap.

    Args:
        out (Path): Folder of the run.
        other (Sequence[str]): Keys of its record that are others now.
        lost (Sequence[str]): Changed configs that would be written anew.
    """
    # Masks and the warm-up on them know no labels.
    of_labels = all(key.startswith('state_of_') for key in other)
    done = [name for name, pattern in LONG_WORK.items()
            if next((out / name).rglob(pattern), None)
            and not (of_labels and name != 'training')]
    if done or lost:
        what = ', '.join(map(argument_name, other))
        why = f'has a {done[0]}' if done else f'{lost[0]} was changed by hand'
        raise ValueError(f'--out={out}: holds a run with other {what}, and '
                         f'{why}; choose another folder, or delete it')
    for name in OF_LABELS:
        record = out / 'stages' / f'{name}.json'
        if record.exists():
            record.unlink()
            for path in OF_LABELS[name]:
                (out / path).unlink(missing_ok=True)


def is_done(stage: Stage, out: Path) -> bool:
    """Whether this command has ended well, and what it left is there."""
    record = _record(stage, out)
    return record.is_file() and \
        read_json(record)['commands'] == stage.shown and \
        all(path.exists() for path in stage.outputs)


def run_stages(stages: Sequence[Stage], options: Options, tools: Path,
               accept_problems: bool = False) -> None:
    """Run what is not done yet.

    A stage is a process that ends with this one, however that ends; what it
    had done until then it finds again.

    Args:
        stages (Sequence[Stage]): In order.
        options (Options): Of the run.
        tools (Path): Folder of the scripts.
        accept_problems (bool): Whether to go on where a stage had to skip
            files. Defaults to False.

    Raises:
        StageError: If one fails.
    """
    out = Path(options.out)
    with _locked(out / 'lock') as lock:
        for number, stage in enumerate(stages, 1):
            title = f'[{number}/{len(stages)}] {stage.name}: {stage.why}'
            if is_done(stage, out):
                print(f'{title}: done before', flush=True)
                continue
            print('\n'.join([f'\n{title}', *(
                f'  $ {command}' for command in stage.shown)]), flush=True)
            # Lists of images that the stage needs.
            if stage.name == 'split':
                write_held_out(options)
            elif stage.name == 'results':
                write_show_list(options)
            begin = time.time()
            _run(stage, tools, lock, accept_problems)
            write_text(_record(stage, out), json.dumps(dict(
                commands=stage.shown, seconds=round(time.time() - begin, 1))))


def write_show_list(options: Options) -> None:
    """List unlabelled photos to show, spread evenly over the folder."""
    out = Path(options.out)
    target = out / 'show.txt'
    if target.exists():
        return
    paths = [str(path.absolute()) for path in list_images(options.photos)]
    images = ImageNames([relative_name(path, os.path.abspath(options.photos))
                         for path in paths], paths)
    seen = {k for name in ('labeled', 'val') if (out / f'{name}.txt').is_file()
            for k in images.find(read_split(out / f'{name}.txt')).indices}
    rest = [path for k, path in enumerate(paths) if k not in seen]
    count = min(options.pictures, len(rest))
    shown = [found for k in range(count) if (found := _first_readable(
        rest[k * len(rest) // count:(k + 1) * len(rest) // count]))]
    if not shown:
        raise StageError(f'PHOTOS={options.photos!r} holds no unlabelled '
                         'photo that can be read')
    write_text(target, ''.join(f'{path}\n' for path in shown))


def _first_readable(paths: Sequence[str]) -> str:
    for path in paths:
        try:
            decode_image(Path(path).read_bytes(), path)
        except (OSError, UnreadableImageError):
            continue
        return path
    return ''


def _record(stage: Stage, out: Path) -> Path:
    return out / 'stages' / f'{stage.name}.json'


def _run(stage: Stage, tools: Path, lock: IO, accept: bool) -> None:
    """Run a stage, whose process holds the lock, too."""
    words = [sys.executable, str(tools / stage.script), *stage.arguments]
    environ = dict(os.environ)
    if 'OMP_WAIT_POLICY' not in environ:  # as tools/environment.sh does
        environ.setdefault('GOMP_SPINCOUNT', '1000')
    # Where --import finds modules.
    environ['PYTHONPATH'] = os.pathsep.join(
        filter(None, [environ.get('PYTHONPATH'), os.getcwd()]))
    process = subprocess.Popen(words, env=environ, pass_fds=[lock.fileno()],
                               preexec_fn=_end_with_parent)
    try:
        code = process.wait()
    except KeyboardInterrupt:  # which the process has got, too
        process.wait()
        raise
    accept = accept and stage.skips and code == 1 and all(
        path.exists() for path in stage.outputs)
    if code and not accept:
        raise StageError(
            f'the stage {stage.name} has failed (exit code {code}), see '
            'above; when that is mended the same command goes on' +
            ('. If the photos are to be taken as they are (broken ones are '
             'skipped where they are unlabelled): --accept-problems'
             if stage.skips or stage.name == 'verify' else ''))


def _end_with_parent() -> None:
    if sys.platform == 'linux':
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@contextmanager
def _locked(path: Path) -> Iterator[IO]:
    """One run in a folder; waits for what a killed one has left running."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open('w') as file:
        limit = time.monotonic() + WAIT
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > limit:
                    raise StageError(f'{path.parent}: another run is at work '
                                     'there') from None
                time.sleep(0.2)
        yield file
