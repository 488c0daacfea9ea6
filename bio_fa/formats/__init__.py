"""Formats: what a run recorded, as files of other tools' formats.

``write`` turns a run's folder into an NWB file (``nwb``), tidy tables (``csv``) or a SONATA circuit with its output
(``sonata``). Each appears whole under its name, or not at all, and reads the run through the readers of ``bio_fa.io``.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from bio_fa.errors import RecordError, nearest
from bio_fa.io.commit import part_of, publish, writing
from bio_fa.io.opened_run import OpenedRun, open_run

FORMATS = {"csv": "-csv", "nwb": ".nwb", "sonata": "-sonata"}
"""The formats, and what follows the run's name in that of its export."""

PACKAGES = {"nwb": "pynwb"}
"""What a format needs that bio_fa itself does not, each the extra of the format's name."""


def write(run: Path | str, to: str, place: Path | str | None = None, overwrite: bool = False) -> Path:
    """Write what a run recorded in another format; return where.

    Args:
        run: the run's folder.
        to: one of ``FORMATS``.
        place: the file of ``nwb``, the folder of the others; None: beside the run, ``runs/mine.nwb``, ``runs/mine-csv``.
        overwrite: whether an export of that format which is there is replaced; nothing else ever is.

    Raises:
        RecordError: for an unknown format, one whose package is missing, a place that is taken or cannot be written, or a run
            that cannot be read.
    """
    if to not in FORMATS:
        raise RecordError(f"No format of runs is called {to!r}; {nearest(to, FORMATS)}")
    folder = Path(run).absolute()
    path = folder.with_name(folder.name + FORMATS[to]) if place is None else Path(place)
    with open_run(run) as opened, _appearing(path, overwrite) as part:
        _format(to)(opened, part)
    return path


def _format(to: str) -> Callable[[OpenedRun, Path], None]:
    """Return what writes a run in a format, whose package is imported when it is needed."""
    try:
        module = import_module(f"bio_fa.formats.{to}")
    except ModuleNotFoundError as error:
        package = PACKAGES.get(to)
        if error.name != package:
            raise
        raise RecordError(f"Export to {to} needs {package}, which is missing; pip install 'bio_fa[{to}]'.") from error
    return module.write  # type: ignore[no-any-return]


@contextmanager
def _appearing(path: Path, overwrite: bool) -> Iterator[Path]:
    """Yield the hidden path at which an export is written: it gets its name once it is whole, and vanishes if it fails."""
    part = part_of(path)
    if os.path.lexists(path) and not overwrite:
        raise RecordError(f"{path} exists already; choose another place, or overwrite it.")
    if os.path.lexists(part):
        raise RecordError(f"{part} exists: another export is writing it, or a crash left it; move it away.")
    try:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield part
            if os.path.lexists(path):
                _require_export(path, part)
            _replace(path, part)
    finally:
        _remove(part)


def _replace(path: Path, part: Path) -> None:
    """Give an export its name; a folder that has it is moved aside first, and back if that fails."""
    if not path.is_dir():
        publish(part, path)
        return
    old = path.with_name(f".{path.name}.old")
    _remove(old)
    os.replace(path, old)
    try:
        publish(part, path)
    except BaseException:
        os.replace(old, path)
        raise
    _remove(old)


def _require_export(path: Path, part: Path) -> None:
    """Refuse to replace what no export of this format left: a file by a folder, a folder with other files in it."""
    if path.is_symlink() or path.is_dir() != part.is_dir():
        raise RecordError(f"{path} is no export of this format; choose another place.")
    strange = sorted({each.name for each in path.glob("*")} - {each.name for each in part.glob("*")})
    if strange:
        raise RecordError(f"{path} holds other files than an export ({', '.join(strange[:3])}); choose another place.")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
