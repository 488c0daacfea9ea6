"""Commit: a file appears whole under its name, or not at all.

A file is written beside its place under a hidden name, synchronised to the disk and renamed; a crash at any moment
leaves the old file or the new one.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bio_fa.errors import BioFAError, RecordError

_DAMAGE = (BioFAError, OSError, RuntimeError, LookupError, ValueError, TypeError, AttributeError, MemoryError, OverflowError)
"""What h5py and NumPy raise on a file that is not what it claims."""
_WRAPPED = re.compile(r"error message = '([^']+)'")
"""The system's words in those of HDF5."""


def part_of(path: Path) -> Path:
    """Return the hidden name under which ``path`` is written until it is whole."""
    return path.with_name(f".{path.name}.part")


def publish(part: Path, path: Path) -> None:
    """Give a finished part, file or folder, its name, so that a power failure cannot tear it; a file of that name is replaced."""
    for each in (*part.rglob("*"), part):
        synchronise(each)
    os.replace(part, path)
    synchronise(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file atomically.

    Raises:
        RecordError: when the disk refuses it; a file that was there is unchanged.
    """
    part = part_of(path)
    with writing(path):
        try:
            write_bytes(part, text.encode())
            publish(part, path)
        finally:
            part.unlink(missing_ok=True)


def write_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """Write a new folder of files atomically.

    Raises:
        RecordError: when the disk refuses it, or there is one; then nothing is left of this one.
    """
    part = part_of(path)
    with writing(path):
        try:
            if part.exists():  # a crash left it
                shutil.rmtree(part)
            os.mkdir(part)
            for name, held in files.items():
                write_bytes(part / name, held)
            publish(part, path)
        finally:
            shutil.rmtree(part, ignore_errors=True)


def remove_folder(path: Path) -> None:
    """Remove a folder so that it is there whole or not at all, whenever a crash or a power failure comes."""
    part = part_of(path)
    if part.exists():
        shutil.rmtree(part)
    os.replace(path, part)
    synchronise(path.parent)
    shutil.rmtree(part)


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, so that a power failure cannot take them; one that is there is left as it is."""
    missing = [each for each in (path, *path.absolute().parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(exist_ok=True)
        synchronise(each.parent)


def write_bytes(path: Path, held: bytes) -> None:
    """Write a file that may be torn until it is published; a link under its name is refused."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0), 0o666)
    try:
        rest = memoryview(held)
        while rest:
            rest = rest[os.write(handle, rest) :]
    finally:
        os.close(handle)


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


@contextmanager
def reading(path: Path, also_writing: bool = False) -> Iterator[None]:
    """Turn what is raised on a file ``path`` that is not what it claims into a sentence.

    Args:
        path: the file.
        also_writing: whether another file is written meanwhile; what the system refuses is then left to ``writing``.

    Raises:
        RecordError: instead of what h5py and NumPy raise.
    """
    try:
        yield
    except RecordError:
        raise
    except _DAMAGE as error:
        if also_writing and _refused(error):
            raise
        remedy = "it is damaged or bio_fa did not write it; restore a copy or run again."
        raise RecordError(f"{path} cannot be read ({reason(error)}): {remedy}") from error


def _refused(error: BaseException) -> bool:
    """Return whether the system refused something, and not HDF5 stumbled over what a file holds."""
    return getattr(error, "errno", None) is not None or _WRAPPED.search(str(error)) is not None


def reason(error: BaseException) -> str:
    """Return why an operation failed, in a few words; HDF5 wraps the system's words in many lines."""
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno)
    wrapped = _WRAPPED.search(str(error))
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return wrapped.group(1) if wrapped else lines[0].rstrip(".")


def synchronise(path: Path) -> None:
    """Wait until a file is on the disk, or which names a folder holds; the names of new files are not there before."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
