"""What :func:`check_device` found, for people."""
import math

import pandas as pd


def device_table(result: dict) -> str:
    """The check as text.

    Args:
        result (dict): See :func:`~.device_check.check_device`; ``loader``
            (images per second and worker, by part) may be added.
    """
    found = result['results']
    steps = result['step']
    measured = pd.DataFrame(
        {name: values for name, values in steps.items()
         if 'error' not in values}, dtype=float).T
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
        '\n' + measured.rename(columns=dict(ratio='step/yardstick')).to_string(
            float_format='{:.2f}'.format, na_rep='-'),
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
    fastest = min((values['ms'] for values in steps.values()
                   if 'ms' in values), default=math.nan)
    for part, per_worker in result.get('loader', {}).items():
        eaten = 1000 * result['sizes'][part] / fastest
        lines.append(f'loader, {part}: {per_worker:.1f} images/s per worker; '
                     f'the step eats {eaten:.1f}: {eaten / per_worker:.1f} '
                     'workers')
    return '\n'.join(lines)
