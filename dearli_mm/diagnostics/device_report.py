"""What :func:`check_device` found, for people."""
import math
from typing import List

import pandas as pd

# Heading and form of what was measured of a step.
COLUMNS = dict(
    ms=('ms', '{:.1f}'),
    lowest=('lowest', '{:.1f}'),
    highest=('highest', '{:.1f}'),
    cpu_ms=('CPU ms', '{:.0f}'),
    images_per_s=('images/s', '{:.1f}'),
    hours=('hours', '{:.1f}'),
    peak_mib=('peak MiB', '{:.0f}'),
    planned_mib=('planned', '{:.0f}'),
    yardstick_ms=('yardstick', '{:.1f}'),
    ratio=('step/yardstick', '{:.2f}'))


def device_table(result: dict) -> str:
    """The check as text.

    Args:
        result (dict): See :func:`~.device_check.check_device`; ``loader``
            (images per second and worker, by part) may be added.
    """
    found = result['results']
    steps = result['step']
    rows = {
        name: {title: '-' if values[key] is None else form.format(values[key])
               for key, (title, form) in COLUMNS.items()}
        for name, values in steps.items() if 'error' not in values
    }
    phases = pd.Series(result['phases']).to_string(
        float_format='{:.1f}'.format)
    lines = [
        '  '.join(f'{k}={v}' for k, v in result[part].items())
        for part in ('machine', 'sizes')
    ]
    lines += [
        f'\nresults {"agree" if found["agree"] else "DIFFER"} with the CPU '
        f'(float32): losses to {found["losses"]:.0e}, gradients to '
        f'{found["gradients"]:.0e} ({found["gradient"]})',
        '\n' + pd.DataFrame.from_dict(rows, orient='index').to_string(),
        *(f'{name}: failed: {values["error"]}'
          for name, values in steps.items() if 'error' in values),
        f'\nphases, ms\n{phases}',
        f'\nevaluation of an image: {result["evaluation"]:.1f} ms',
    ]
    if result['waits']:
        waits = result['waits']
        lines.append(f'waits for the device: {waits["count"]} a step, in '
                     f'{", ".join(waits["places"])}\nlaunches: '
                     f'{waits["launches"]} a step')
    return '\n'.join(lines + _loader(result))


def _loader(result: dict) -> List[str]:
    """What the loaders give, next to what the fastest step eats."""
    speeds = [values['ms'] for values in result['step'].values()
              if 'ms' in values]
    lines = []
    for part, per_worker in (result.get('loader') or {}).items():
        eaten = 1000 * result['sizes'][part] / min(speeds, default=math.nan)
        lines.append(f'loader, {part}: {per_worker:.1f} images/s per worker; '
                     f'the step eats {eaten:.1f}: {eaten / per_worker:.1f} '
                     'workers')
    return lines
