"""Stands for the training script: its flags, logs and checkpoints.

Takes two steps to a validation, four in all. Student PQ at step 2 is 10 x
(seed + 1), at step 4 it is 5 more, or 5 less with ``--overfit``.
"""
import argparse
import json
import sys
import time
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument('config')
parser.add_argument('--work-dir', type=Path)
parser.add_argument('--resume')
parser.add_argument('--cfg-options', nargs='+', default=[])
parser.add_argument('--fail', action='store_true')
parser.add_argument('--hang', action='store_true')
parser.add_argument('--mute', action='store_true')
parser.add_argument('--overfit', action='store_true')
parser.add_argument('--teacher', action='store_true')
args = parser.parse_args()
options = dict(option.split('=', 1) for option in args.cfg_options)
seed = int(options.get('randomness.seed', 0))
first = int(args.resume[-5]) + 1 if args.resume else 1
if args.fail:
    sys.exit('the loss is on fire')

log = args.work_dir / str(time.time_ns()) / 'vis_data' / 'scalars.json'
log.parent.mkdir(parents=True)


def write(**values):
    with log.open('a') as file:
        file.write(json.dumps(values) + '\n')


for step in range(first, 5):
    write(loss=1.0, time=0.5, memory=2048, step=step)
    if step % 2 == 0 and not args.mute:
        pq = 10. * (seed + 1) + (0 if step == 2 else -5 if args.overfit else 5)
        results = {'student/PQ': pq, 'student/mIoU': pq + 1,
                   'student/PQ/a': pq, 'student/PQ/b': float('nan')}
        if args.teacher:
            results['teacher/PQ'] = pq + 2
        write(step=step, **results)
        (args.work_dir / f'iter_{step}.pth').touch()
        (args.work_dir / 'last_checkpoint').write_text(
            f'/moved/since/iter_{step}.pth')
    if step == 3 and args.hang and not args.resume:
        time.sleep(60)
