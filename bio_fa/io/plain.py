"""Plain: values as JSON knows them, and files of it."""

from __future__ import annotations

import json
import math
import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bio_fa.errors import RecordError
from bio_fa.io.commit import write_text

MOST = 1 << 25
"""Bytes of a JSON file that is read. Choice: the emptiest tables that fit take less than a gibibyte of memory."""


LONGEST, DEEPEST = 1 << 20, 100
"""Bytes of a TOML file, and parts of one of its keys, that are read."""
_QUOTED = re.compile(r'"(?:\\.|[^"\\\n])*"?|\'[^\'\n]*\'?|#[^\n]*')
"""Strings and comments of TOML."""


def plain(value: Any) -> Any:
    """Return a value as JSON knows it: NumPy's numbers and arrays as Python's, None for a number that is not finite."""
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def to_json(value: Any, indent: int | None = None) -> str:
    """Return a value as strict JSON.

    Raises:
        RecordError: when it holds something that JSON does not know.
    """
    try:
        return json.dumps(plain(value), indent=indent, allow_nan=False)
    except TypeError as error:
        raise RecordError(f"A record holds what JSON cannot ({error}); give numbers, texts, lists and tables.") from error


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write a JSON file atomically; a number that is not finite becomes null.

    Raises:
        RecordError: for what JSON does not know, or when the disk refuses; a file that was there is unchanged.
    """
    write_text(path, to_json(data, indent=2) + "\n")


def read_json(path: Path) -> Any:
    """Return what a JSON file holds.

    Raises:
        RecordError: when there is none, or it is not whole.
    """
    try:
        return json.loads(read_bytes(path, MOST).decode())
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{path} is not valid JSON ({error}); restore a copy or run again.") from error


def from_toml(held: bytes) -> dict[str, Any]:
    """Return the table that a TOML file of these bytes holds.

    Choice: keys of many parts are refused, because the time and memory that ``tomllib`` takes grow with the square of their number.

    Raises:
        ValueError: when it is no TOML, too long, or a key has too many parts.
        RecursionError: when it nests too deeply.
    """
    if len(held) > LONGEST:
        raise ValueError(f"it has more than {LONGEST} bytes")
    text = held.decode()
    if max(piece.count(".") for piece in re.split(r"[,=\[\]{}\n]", _QUOTED.sub("", text))) > DEEPEST:
        raise ValueError(f"a key has more than {DEEPEST} parts")
    return tomllib.loads(text)


def read_text(path: Path) -> str:
    """Return what a text file of a run says.

    Raises:
        RecordError: when it cannot be read.
    """
    try:
        return read_bytes(path, MOST).decode()
    except UnicodeDecodeError as error:
        raise RecordError(f"{path} is no UTF-8 text ({error}); restore a copy or run again.") from error


def read_bytes(path: Path, most: int | None = None) -> bytes:
    """Return what a file of a run holds, at most so many bytes; no link is followed, because it may lead out of the run's folder.

    Raises:
        RecordError: when it cannot be read, is a link or no file, or holds more.
    """
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode):
            raise RecordError(f"{path} is a link or no file; put the file itself there.")
        if most is not None and found.st_size > most:
            raise RecordError(f"{path} has {found.st_size} bytes, but at most {most} are read; restore a copy or run again.")
        return path.read_bytes()
    except OSError as error:
        raise RecordError(f"{path} cannot be read ({error.strerror}); give the folder of a run that has it.") from error
