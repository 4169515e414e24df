"""What stands on the screen, and what in the log file alone."""
import re

from test_semi_sup_training import load_config, options
from test_semi_sup_training import world  # noqa: F401

from dearli_mm.engine.log_processor import IN_TABLES
from dearli_mm.engine.runner import PreflightRunner


def test_a_run_tells_what_it_does_and_nothing_twice(
        world, tmp_path, capsys):  # noqa: F811
    config = load_config()
    config.merge_from_dict(
        options(world, max_iters=2, **{
            'train_cfg.val_before_train': True,
            'train_cfg.val_interval': 2,
            'default_hooks.logger.interval': 50
        }))
    config.work_dir = str(tmp_path)
    PreflightRunner.from_cfg(config).train()
    screen = capsys.readouterr().out
    log, = tmp_path.glob('*/*.log')

    before, after = screen.split('This run\n')
    assert len(before.splitlines()) == 3 and str(log) in before
    assert 'paramwise_options' not in screen
    for text in ('paramwise_options', 'before_train_iter:', 'class_prompts'):
        assert text in log.read_text()
    for line in ('model +DEARLi on OpenCLIPBackbone dearli_tiny .frozen',
                 r'parameters +411,\d+ are trained of 1.18 million',
                 'labeled +3 images, 2 in a step',
                 'unlabeled +5 images, 2 in a step',
                 'validation +2 images', 'steps +2, learning rate 0.001',
                 'teacher +starts from the student',
                 f'pictures +in {tmp_path}/pictures'):
        assert re.search(f'^  {line}', after, re.MULTILINE), line

    validations = re.findall(r'Iter\(val\) \[2/2\] +(.*)', after)
    names = [re.findall(r'(\S+): ', line) for line in validations]
    assert names == 2 * [[
        'student/PQ', 'student/mIoU', 'teacher/PQ', 'teacher/mIoU',
        'data_time', 'time']]
    assert '| things |' in after
    # The validation before training is no best of anything.
    assert 'at 0 iter' not in screen
    assert [path.name for path in tmp_path.glob('best_*')] == [
        'best_student_PQ_iter_2.pth']
    assert 'FileClient' not in screen


def test_line_of_a_validation_keeps_what_has_no_table():
    line = ('Iter(val) [2/2]    a/PQ: 1.0000  a/SQ: 2.0000  a/PQ_th: nan  '
            'a/PQ/traffic light: 3.0000  a/mIoU: 4.0000  '
            'coco/segm_mAP: 5.0000  time: 6.0000')
    assert IN_TABLES.sub('', line) == (
        'Iter(val) [2/2]    a/PQ: 1.0000  a/mIoU: 4.0000  '
        'coco/segm_mAP: 5.0000  time: 6.0000')
