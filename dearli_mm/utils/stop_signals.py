"""Ctrl-C and the stop of a batch system, taken between two steps."""
import os
import signal
import sys
import threading
from types import FrameType
from typing import Dict, Optional

STOPPING = (signal.SIGINT, signal.SIGTERM)


class StopSignals:
    """Notes the first signal to stop, while the ``with`` block runs.

    The block asks :attr:`received` where it can stop. A second signal acts as
    it would without this. Signals go to a whole group of processes: workers of
    data loaders, forked within, pass over Ctrl-C, and that SIGTERM ends them
    is no failure any more.

    Attributes:
        received (str): Name of the signal (``'SIGINT'``); empty if there was
            none.
    """

    def __init__(self) -> None:
        self.received = ''
        self._owner = os.getpid()
        self._former: Dict[int, object] = {}

    def __enter__(self) -> 'StopSignals':
        # Python delivers signals to the main thread, and sets handlers there.
        if threading.current_thread() is threading.main_thread():
            for number in STOPPING:
                self._former[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *error: object) -> None:
        self._restore()

    def _note(self, number: int, frame: Optional[FrameType]) -> None:
        if os.getpid() != self._owner:
            return
        self.received = signal.Signals(number).name
        print(f'{self.received}: ends where it can go on from; once more ends '
              'it at once', file=sys.stderr, flush=True)
        self._restore()
        if hasattr(signal, 'SIGCHLD'):  # PyTorch's raises for each worker
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)

    def _restore(self) -> None:
        while self._former:
            signal.signal(*self._former.popitem())
