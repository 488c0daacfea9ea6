"""Folders and archives for tests."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

FORMS = ["folder", "zip", "tar", "tar.gz", "tar.bz2", "tar.xz"]
"""What ``write`` can make."""


def write(path: Path, files: dict[str, bytes], form: str) -> Path:
    """Write ``files`` by name as a folder or archive and return its path."""
    if form == "folder":
        for name, data in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(data)
    elif form == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, data in files.items():
                packed.writestr(name, data)
    else:
        with tarfile.TarFile.open(path, f"w:{form[4:]}") as packed:
            for name, data in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(data)
                packed.addfile(member, io.BytesIO(data))
    return path
