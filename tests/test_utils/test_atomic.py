import os
import stat
import threading

import pytest

from dearli_mm.utils.atomic import atomic_path, write_bytes, write_text


def test_a_file_is_written_and_nothing_is_left_beside_it(tmp_path):
    target = tmp_path / 'new' / 'folder' / 'a.txt'
    write_text(target, 'Straße')
    assert target.read_bytes() == 'Straße'.encode('utf-8')
    assert os.listdir(target.parent) == ['a.txt']


def test_a_failure_leaves_the_old_file(tmp_path):
    target = tmp_path / 'a.txt'
    write_text(target, 'old')
    with pytest.raises(KeyboardInterrupt):
        with atomic_path(target) as path:
            path.write_text('half of the n')
            raise KeyboardInterrupt
    assert target.read_text() == 'old'
    assert os.listdir(tmp_path) == ['a.txt']


def test_the_mode_is_that_of_a_new_file(tmp_path):
    old = os.umask(0o022)
    try:
        write_bytes(tmp_path / 'shared', b'', durable=True)
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / 'shared').stat().st_mode) == 0o644


def test_two_writers_and_a_reader(tmp_path):
    target = tmp_path / 'a.bin'
    contents = [bytes([n]) * 200_000 for n in range(4)]
    write_bytes(target, contents[0])
    errors, done = [], threading.Event()

    def write(content):
        try:
            for _ in range(50):
                write_bytes(target, content)
        except OSError as error:
            errors.append(error)

    def read():
        while not done.is_set():
            if target.read_bytes() not in contents:
                errors.append('incomplete')

    reader = threading.Thread(target=read)
    writers = [threading.Thread(target=write, args=(c, )) for c in contents]
    reader.start()
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    done.set()
    reader.join()
    assert errors == []
    assert os.listdir(tmp_path) == ['a.bin']


def test_names_as_long_as_the_file_system_takes(tmp_path):
    target = tmp_path / ('ü' * 125 + '.txt')
    write_text(target, 'x')
    assert target.read_text() == 'x'


def test_links_and_devices_stay_what_they_are(tmp_path):
    real, link = tmp_path / 'real.txt', tmp_path / 'link.txt'
    real.write_text('old')
    link.symlink_to(real)
    write_text(link, 'new')
    assert link.is_symlink() and real.read_text() == 'new'
    pipe = tmp_path / 'pipe'
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_bytes(pipe, b'x')
    assert os.read(reader, 9) == b'x'
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    with pytest.raises(IsADirectoryError, match='is a folder'):
        write_text(tmp_path, 'x')
