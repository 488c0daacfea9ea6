"""The files of a folder, a zip or a tar archive, one at a time and in memory: nothing is ever extracted to disk."""

from __future__ import annotations

import lzma
import os
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from bio_fa.errors import DataError

LARGEST = 2**26
"""The most bytes that a file in an archive may have."""

# RuntimeError: zipfile raises it for encrypted files and for compression that it does not know.
_PROBLEMS = (OSError, EOFError, RuntimeError, ValueError, KeyError, IndexError, struct.error)
_PROBLEMS_OF_FORMATS = (zlib.error, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile)


@dataclass(frozen=True)
class Entry:
    """One file.

    Attributes:
        name: its path inside the archive, with ``/`` between folders.
        size: its bytes, as the archive claims.
        open: opens it for reading.
    """

    name: str
    size: int
    open: Callable[[], IO[bytes] | None]

    def read(self) -> bytes:
        """Return the content, at most the claimed size.

        Raises:
            DataError: when the file is too large or cannot be read.
        """
        if self.size > LARGEST:
            raise DataError(f"{self.name}: it has {self.size} bytes; at most {LARGEST} are allowed, so take it out.")
        with _refusing(self.name):
            stream = self.open()
            if stream is None:
                raise ValueError("it has no content")
            with stream:
                return stream.read(self.size)


@contextmanager
def entries(path: Path) -> Iterator[list[Entry]]:
    """Open a folder or archive and give its files in the order in which they are stored.

    Reading them in this order passes over a compressed archive once.

    Raises:
        DataError: when there is nothing at ``path``, or it is damaged or no folder, zip or tar archive.
    """
    with ExitStack() as stack:
        with _refusing(path):
            found = _of_folder(path) if path.is_dir() else _of_archive(path, stack)
        yield found


def _of_folder(path: Path) -> list[Entry]:
    found = sorted(Path(folder, name) for folder, _, names in os.walk(path) for name in names)
    files = [file for file in found if file.is_file()]
    return [Entry(each.relative_to(path).as_posix(), each.stat().st_size, partial(_open, each)) for each in files]


def _open(file: Path) -> IO[bytes]:
    return file.open("rb")


def _of_archive(path: Path, stack: ExitStack) -> list[Entry]:
    if tarfile.is_tarfile(path):
        tar = stack.enter_context(tarfile.TarFile.open(path))
        members = [member for member in tar.getmembers() if member.isreg()]
        return [Entry(each.name, each.size, partial(tar.extractfile, each)) for each in members]
    archive = stack.enter_context(zipfile.ZipFile(path))
    files = [member for member in archive.infolist() if not member.is_dir()]
    return [Entry(each.filename, each.file_size, partial(archive.open, each)) for each in files]


@contextmanager
def _refusing(what: object) -> Iterator[None]:
    try:
        yield
    except (*_PROBLEMS, *_PROBLEMS_OF_FORMATS) as problem:
        raise DataError(f"{what}: it cannot be read ({problem}); give a whole folder, zip or tar archive.") from problem
