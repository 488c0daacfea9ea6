"""Vacancy: whether a run may be written at a place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection
from pathlib import Path

from bio_fa.errors import RecordError
from bio_fa.io import lock

RUN = "run.json"
"""The file by which a folder is a run's."""


def require_folder(path: Path) -> None:
    """Refuse what is there and no folder.

    Raises:
        RecordError: saying so.
    """
    if not path.is_dir():
        raise RecordError(f"{path} is not a folder; choose another place for the run.")


def require_free(path: Path, ours: Collection[str], overwrite: bool) -> None:
    """Refuse a folder that holds what a run would overwrite without being asked to, or may not overwrite.

    Args:
        path: the folder.
        ours: the names of what a run leaves.
        overwrite: whether a run that is there may be removed.

    Raises:
        RecordError: naming what is there.
    """
    found = {entry.name for entry in path.iterdir() if not entry.name.startswith(lock.ASIDE)}
    if found and RUN not in found and not found <= set(ours):
        strange = ", ".join(sorted(found - set(ours))[:3])
        raise RecordError(f"{path} holds no run but other files ({strange}); choose a new or empty folder.")
    if found & set(ours) - {lock.NAME} and not overwrite:
        raise RecordError(f"{path} already holds a run; choose another folder, or ask to overwrite it.")


def require_room(path: Path, needed: int) -> None:
    """Refuse a place where so many bytes could not be written, judging by the nearest folder that exists.

    Raises:
        RecordError: saying what is in the way.
    """
    nearest = _nearest(path)
    require_folder(nearest)
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise RecordError(f"{nearest} may not be written; choose another folder, or change its permissions.")
    if free(path) < needed:
        room = f"{needed / 1e9:.3g} GB are needed, but {free(path) / 1e9:.3g} GB are free"
        raise RecordError(f"{path}: {room}; make room, record less or choose another disk.")


def free(path: Path) -> int:
    """Return how many bytes are free on the disk of a file or folder, whether there is one yet or not."""
    return shutil.disk_usage(_nearest(path)).free


def _nearest(path: Path) -> Path:
    """Return the path itself, or the nearest folder above it that exists."""
    return next(each for each in (path, *path.absolute().parents) if each.exists())
