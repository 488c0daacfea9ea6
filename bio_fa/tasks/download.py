"""Fetching a data file: what arrives is kept only when it is exactly what was published."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, cast

from bio_fa.errors import DataError

LARGEST = 2**28
"""The most bytes that a download may have."""

_CHUNK = 2**20
_PATIENCE = 30.0


def cache(name: str) -> Path:
    """Return the user's folder for the downloads of one task.

    Source: XDG Base Directory Specification 0.8, ``XDG_CACHE_HOME``.
    """
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bio_fa" / name


def open_url(url: str) -> IO[bytes]:
    """Return the open stream behind ``url``, which gives up after 30 seconds of silence."""
    from urllib.request import urlopen

    return cast(IO[bytes], urlopen(url, timeout=_PATIENCE))


def fetch(url: str, sha256: str, target: Path, opener: Callable[[str], IO[bytes]] = open_url) -> None:
    """Write what ``url`` holds to ``target``: the whole file with the right checksum, or nothing.

    Args:
        url: where the file is.
        sha256: the published SHA-256 of the file, in hexadecimal.
        target: the file to write; its folder is made.
        opener: turns the address into an open stream.

    Raises:
        DataError: when the file cannot be fetched or written, is too large, or has another checksum.
    """
    from http.client import HTTPException

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder, opener(url) as stream:
            part = Path(folder) / target.name
            found = _copy(stream, part)
            if found != sha256:
                raise DataError(f"{url}: what arrived has the SHA-256 {found}, not {sha256}; fetch the file by hand.")
            part.replace(target)
    except (OSError, HTTPException, ValueError) as problem:
        raise DataError(f"{url}: fetching it failed ({problem}); try again or fetch the file by hand.") from problem


def _copy(stream: IO[bytes], part: Path) -> str:
    """Copy ``stream`` to a file and return its SHA-256, up to one chunk more than is allowed."""
    digest, size = hashlib.sha256(), 0
    with part.open("wb") as file:
        while size <= LARGEST and (chunk := stream.read(_CHUNK)):
            digest.update(chunk)
            size += file.write(chunk)
    return digest.hexdigest()
