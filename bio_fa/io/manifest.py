"""Manifest: ``manifest.json``, the size and SHA-256 of every file that a run left, written last of all.

HDF5 does not protect its numbers: without it, a bit that flips in a recorded rate is a recorded rate. A file is hashed once, when
the run ends, and compared by ``bio-fa check`` alone, because readers of a large record cannot wait for that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bio_fa.errors import RecordError
from bio_fa.io.digest import sha256
from bio_fa.io.plain import read_json, write_json
from bio_fa.io.schema import require_understood

NAME = "manifest.json"
SCHEMA = 1
"""The layout of a manifest, and of the run folder around it, that is written and understood."""
RECORD = re.compile(r"(activity|weights|(report|learning)_\w+)\.h5", re.ASCII)
"""What files of the record are called."""
_FILE, _DIGEST = re.compile(r"[^/\\]+"), re.compile(r"[0-9a-f]{64}")


def seal(folder: Path, names: Iterable[str], known: Mapping[str, str] | None = None) -> None:
    """Write what a folder's files of these names, and those of its record, hold; a name that is not there is left out.

    ``known``: the SHA-256 of some of them, which are not read again.

    Raises:
        RecordError: when the disk refuses.
    """
    present = sorted(each for each in {*names, *record(folder)} - {NAME} if (folder / each).is_file())
    known = known or {}
    files = {each: {"size": (folder / each).stat().st_size, "sha256": known.get(each) or sha256(folder / each)} for each in present}
    write_json(folder / NAME, {"schema": SCHEMA, "files": files})


def record(folder: Path) -> list[str]:
    """Return which files of a whole record are in a folder, by name."""
    return sorted(each.name for each in folder.glob("*.h5") if RECORD.fullmatch(each.name))


def differences(folder: Path) -> Iterator[str]:
    """Yield, for each file of a run that is not as the run left it, a sentence that says so.

    Raises:
        RecordError: when there is no manifest, or it is damaged.
        SchemaError: when another version of bio_fa laid it out otherwise.
    """
    files = _files(folder)
    for name, left in files.items():
        if (change := _change(folder / name, left)) is not None:
            yield f"{name} {change}."
    for name in sorted(set(record(folder)) - set(files)):
        yield f"{name} is a file that the run did not leave."


def _files(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the files of a manifest by name, once it is sure that it is one."""
    table = read_json(folder / NAME)
    if not isinstance(table, dict) or "schema" not in table:
        raise _damaged(folder)
    require_understood(folder / NAME, table["schema"], SCHEMA)
    files = table.get("files")
    if not isinstance(files, dict) or not all(_sound(name, left) for name, left in files.items()):
        raise _damaged(folder)
    return files


def _damaged(folder: Path) -> RecordError:
    return RecordError(f"{folder / NAME} is damaged, so that nothing says what the run left; restore a copy or run again.")


def _sound(name: str, left: Any) -> bool:
    """Return whether an entry is what ``seal`` writes: a name that stays in the folder, a size and a digest."""
    within = name not in (".", "..") and bool(_FILE.fullmatch(name)) and name.isprintable() and len(name.encode()) < 256
    said = left if isinstance(left, dict) else {}
    return within and isinstance(said.get("size"), int) and bool(_DIGEST.fullmatch(str(said.get("sha256"))))


def _change(path: Path, left: dict[str, Any]) -> str | None:
    """Return what happened to a file since it was left, or None."""
    if path.is_symlink() or not path.is_file():
        return "is missing, or a link"
    size = path.stat().st_size
    if size != left["size"]:
        return f"has {size} bytes, but the run left {left['size']}"
    return None if sha256(path) == left["sha256"] else "holds other bytes than the run left (its SHA-256 differs)"
