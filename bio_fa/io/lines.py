"""Lines: a file that grows by whole lines, a table of JSON each; a line that a crash tore is none."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from bio_fa.errors import RecordError
from bio_fa.io.commit import synchronise, writing
from bio_fa.io.plain import read_bytes, to_json


def append(path: Path, line: Mapping[str, Any]) -> None:
    """Append a line and bring it to the disk; a number that is not finite becomes null.

    Raises:
        RecordError: for what JSON does not know, or when the disk refuses.
    """
    text = to_json(line) + "\n"
    with writing(path), path.open("ab+") as file:
        _mend(file)
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())


def read(path: Path) -> list[dict[str, Any]]:
    """Return the lines, without the last if a crash tore it.

    Raises:
        RecordError: when there is no file, or an earlier line is torn.
    """
    tables = [_table(line) for line in read_bytes(path).removesuffix(b"\n").split(b"\n")]
    for number, table in enumerate(tables[:-1], start=1):
        if table is None:
            raise RecordError(f"{path}: line {number} is torn; remove it or restore a copy.")
    return [table for table in tables if table is not None]


def commit(path: Path) -> int:
    """Return how many bytes the file has, once they and its name are on the disk.

    Raises:
        RecordError: when the disk refuses.
    """
    with writing(path):
        synchronise(path)
        synchronise(path.parent)
        return path.stat().st_size


def cut(path: Path, size: int) -> None:
    """Take away what came after the first so many bytes.

    Raises:
        RecordError: when there are fewer, or the disk refuses.
    """
    if len(read_bytes(path)) < size:
        raise RecordError(f"{path} lacks lines that were committed; restore a copy, or run anew with --overwrite.")
    with writing(path):
        os.truncate(path, size)
        synchronise(path)


def _table(line: bytes) -> dict[str, Any] | None:
    """Return the table that a line of JSON holds, or None if it is torn."""
    try:
        table = json.loads(line.decode())
    except (ValueError, RecursionError):
        return None
    return table if isinstance(table, dict) else None


def _mend(file: IO[bytes]) -> None:
    """End the last line, or remove it if a crash tore it, so that the next line stands alone."""
    end = start = file.seek(0, os.SEEK_END)
    while start and file.seek(start - 1) >= 0 and file.read(1) != b"\n":
        start -= 1
    if start < end:
        file.seek(start)
        if _table(file.read()) is None:
            file.truncate(start)
        else:
            file.write(b"\n")
