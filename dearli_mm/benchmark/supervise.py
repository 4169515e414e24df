"""Runs one command and notes in its record what came of it.

A script of the standard library alone, started by path: a process of its own
outlives whoever started it, so that the record is complete in any case, and
being small it does not blur the peak memory of its child.

    python supervise.py RECORD.json COMMAND...
"""
import json
import os
import signal
import subprocess
import sys
import time


def main(path: str, *command: str) -> int:
    # Signals go to the whole group; this process stays to write the end. A
    # handler, unlike SIG_IGN, is not inherited by the command.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    update(path, started=time.time(), pid=os.getpid())
    begin = time.monotonic()
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    except OSError as error:
        print(f'{command[0]}: {error}', file=sys.stderr)
        update(path, exit_code=127, seconds=0)
        return 127
    _, status, usage = os.wait4(child.pid, 0)
    code = child.returncode = os.waitstatus_to_exitcode(status)
    # ru_maxrss is in KiB, but on macOS in bytes.
    per_mib = 2**20 if sys.platform == 'darwin' else 2**10
    update(
        path,
        exit_code=code,
        seconds=time.monotonic() - begin,
        peak_memory_mib=usage.ru_maxrss / per_mib)
    return code if code >= 0 else 128 - code


def update(path: str, **values) -> None:
    """Adds to the last attempt of a record, all or nothing."""
    with open(path, encoding='utf-8') as file:
        record = json.load(file)
    record['attempts'][-1].update(values)
    aside = f'{path}.{os.getpid()}'
    with open(aside, 'w', encoding='utf-8') as file:
        json.dump(record, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
