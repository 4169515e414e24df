"""What of the log stands on the screen."""
import logging
from contextlib import contextmanager
from typing import Iterator

# mmengine's of its own code, which no user can follow.
NO_NEWS = ('"FileClient" will be deprecated', '"HardDiskBackend" is the alias')


def is_news(record: logging.LogRecord) -> bool:
    """Whether a message is meant for a user: a filter of loggers."""
    return not str(record.msg).startswith(NO_NEWS)


@contextmanager
def quiet_screen(logger: logging.Logger) -> Iterator[None]:
    """Keep messages below warnings to the log file for a while.

    Args:
        logger (Logger): mmengine's.
    """
    screens = [(handler, handler.level) for handler in logger.handlers
               if not isinstance(handler, logging.FileHandler)]
    for handler, level in screens:
        handler.setLevel(max(level, logging.WARNING))
    try:
        yield
    finally:
        for handler, level in screens:
            handler.setLevel(level)
