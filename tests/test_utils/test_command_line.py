"""How the command line tools end."""
import os
import signal
import time

import pytest

from dearli_mm.utils.command_line import command_line, ensure_writable


@pytest.mark.parametrize('error, text', [
    (ValueError('a=3 is too large'), 'error: a=3 is too large'),
    (KeyError("no 'x'"), "error: no 'x'"),
    (FileNotFoundError(2, 'No such file', 'a'), 'error: a: no such file$'),
    (NotADirectoryError(20, 'Not a directory', 'a.png/x'),
     'error: a.png/x is a file where a folder is wanted; choose another path'),
    (FileNotFoundError('a is lost'), 'error: a is lost$'),
])
def test_errors_are_one_line(error, text):
    @command_line()
    def main():
        raise error

    with pytest.raises(SystemExit, match=text):
        main()


def test_ctrl_c_says_what_to_do(capsys):
    # Python leaves Ctrl-C alone where it is ignored, as behind nohup and `&`.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    @command_line('the same command goes on')
    def main():
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)

    try:
        with pytest.raises(SystemExit) as stop:
            main()
    finally:
        signal.signal(signal.SIGINT, before)
    assert stop.value.code == 130
    assert capsys.readouterr().err == 'stopped; the same command goes on\n'


def test_other_errors_are_ours(tmp_path):
    with pytest.raises(ZeroDivisionError), command_line():
        1 / 0
    (tmp_path / 'file').touch()
    assert ensure_writable(str(tmp_path / 'a/b'), 'out').is_dir()
    with pytest.raises(OSError, match='out=.*file/a.*cannot be written'):
        ensure_writable(str(tmp_path / 'file/a'), 'out')
