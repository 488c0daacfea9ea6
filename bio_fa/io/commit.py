"""Commit: a file appears whole under its name, or not at all.

A file is written beside its place under a hidden name, synchronised to the disk and renamed; a crash at any moment
leaves the old file or the new one.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bio_fa.errors import RecordError


def part_of(path: Path) -> Path:
    """Return the hidden name under which ``path`` is written until it is whole."""
    return path.with_name(f".{path.name}.part")


def publish(part: Path, path: Path) -> None:
    """Give a finished part, file or folder, its name, so that a power failure cannot tear it; a file of that name is replaced."""
    for each in (*part.rglob("*"), part):
        _synchronise(each)
    os.replace(part, path)
    _synchronise(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file atomically.

    Raises:
        RecordError: when the disk refuses it; a file that was there is unchanged.
    """
    part = part_of(path)
    with writing(path):
        try:
            part.write_text(text, encoding="utf-8")
            publish(part, path)
        finally:
            part.unlink(missing_ok=True)


def allocate(handle: int, start: int, size: int) -> None:
    """Reserve ``size`` bytes of disk behind byte ``start`` of an open file.

    Raises:
        OSError: when they are not to be had; nothing was written then.
    """
    disk = os.fstatvfs(handle)
    if disk.f_bavail * disk.f_frsize < size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    reserve = getattr(os, "posix_fallocate", None)
    try:
        if reserve is not None:
            reserve(handle, start, size)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
            raise


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the system or HDF5 says when it cannot write ``path`` into a sentence.

    Raises:
        RecordError: instead of OSError and HDF5's RuntimeError.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        remedy = "make room or choose another folder; what was committed before stays readable."
        raise RecordError(f"{path} cannot be written ({reason(error)}); {remedy}") from error


def reason(error: BaseException) -> str:
    """Return why an operation failed, in a few words; HDF5 wraps the system's words in many lines."""
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno)
    wrapped = re.search(r"error message = '([^']+)'", str(error))
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return wrapped.group(1) if wrapped else lines[0].rstrip(".")


def _synchronise(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
