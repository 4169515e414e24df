"""Train a model: mmdet's own script, with all its flags.

``mim train mmdet`` does the same. Importing dearli_mm first lets mmdet run on
mmcv-lite without anything written into it.
"""
import dearli_mm  # noqa: F401
from dearli_mm.utils.mmdet_script import run_mmdet_script
from dearli_mm.utils.processes import join_cpu_processes

if __name__ == '__main__':
    join_cpu_processes()
    run_mmdet_script('train.py')
