"""Text and JSON files as people's editors write them."""
import codecs
import gc
import json
from pathlib import Path
from typing import Any, List, Union

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(path: Union[str, Path]) -> str:
    """Read a text file: UTF-8, whatever the locale, or UTF-16 with its mark.

    Args:
        path (str | Path): The file. A byte order mark at its start is no
            part of the text.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it has another encoding; names the file.
    """
    return _decode(Path(path).expanduser().read_bytes(), path)


def read_lines(path: Union[str, Path]) -> List[str]:
    """Lines of a text file that are not blank, without blanks at the ends.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it has another encoding; names the file.
    """
    lines = (line.strip() for line in read_text(path).splitlines())
    return [line for line in lines if line]


def read_json(path: Union[str, Path]) -> Any:
    """Read a JSON file; see :func:`read_text`.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is no JSON or has another encoding; names the file.
    """
    return parse_json(Path(path).expanduser().read_bytes(), path)


def parse_json(content: bytes, path: Union[str, Path]) -> Any:
    """Parse the content of a JSON file.

    Args:
        content (bytes): The file.
        path (str | Path): Its name, for the error.

    Raises:
        ValueError: If it is no JSON or has another encoding.
    """
    text = _decode(content, path)
    del content  # large annotation files are hundreds of megabytes
    collects = gc.isenabled()
    # Looking for cycles among millions of new objects takes half the time.
    gc.disable()
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f'{path} is no JSON file, or was cut off ({error}); '
                         'write or copy it again') from None
    finally:
        if collects:
            gc.enable()


def _decode(content: bytes, path: Union[str, Path]) -> str:
    encoding = 'utf-16' if content.startswith(_UTF16) else 'utf-8-sig'
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError(
            f'{path} is no UTF-8 text (byte {error.start}: {error.reason}); '
            'its encoding is another one, or it is no text: save it as '
            'UTF-8') from None
