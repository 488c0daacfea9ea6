"""A disk as a power failure leaves it: what was not synchronised is there or not, in any combination.

While a run goes, every call that changes a folder or synchronises is followed by a look at the tree. A file is its inode: what was
in it when it was last synchronised, and what is in it now. A folder is what its names mean, when it was last synchronised and after
each change since. A power failure keeps any of these changes, and of each file any of its blocks; what was synchronised, always.

Source: the model of Pillai et al. (2014), All file systems are not created equal, OSDI 14: writes, and changes of names, reach the
disk in any order between two fsync.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

BLOCK = 4096
"""Bytes that reach the disk together."""
CALLS = [
    *((os, name) for name in ("write", "fsync", "replace", "rename", "link", "unlink", "mkdir", "rmdir", "truncate")),
    (h5py.File, "flush"),
    (h5py.File, "close"),
]
SETTLED = 100_000_000
"""Nanoseconds after which another change of a file gets another time."""

Entries = dict[tuple[int, str], int]
"""Which inode each name in each folder, itself an inode, means."""


@dataclass
class Change:
    """What a call did to names: it is on the disk once the folders that it touched have been synchronised."""

    entries: dict[tuple[int, str], int | None]
    pending: set[int]


@dataclass
class Moment:
    """All that a power failure may find at one moment."""

    durable: Entries
    changes: list[Change]
    synced: dict[int, bytes]
    now: dict[int, bytes]
    folders: set[int]
    call: str
    marks: int


@dataclass
class Disk:
    """What was done below a folder."""

    root: Path
    moments: list[Moment] = field(default_factory=list)
    marks: int = 0
    """How many things have been committed, as those who watch count them."""
    _names: Entries = field(default_factory=dict)
    _durable: Entries = field(default_factory=dict)
    _changes: list[Change] = field(default_factory=list)
    _synced: dict[int, bytes] = field(default_factory=dict)
    _now: dict[int, bytes] = field(default_factory=dict)
    _folders: set[int] = field(default_factory=set)
    _identity: dict[int, int] = field(default_factory=dict)
    """Which file an inode's number means: numbers are given again."""
    _stamps: dict[int, tuple[int, int]] = field(default_factory=dict)
    """When a file was changed that has not been since."""
    _files: int = 0
    _lock: Any = field(default_factory=threading.RLock)

    def watched(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return a call that is followed by a look at the tree."""

        def answer(*arguments: Any, **options: Any) -> Any:
            with self._lock:
                target = os.fstat(arguments[0]).st_ino if call.__name__ == "fsync" else None
                self._look()
                self._note(f"before {call.__name__}")
                answered = call(*arguments, **options)
                self._look()
                if target in self._identity:
                    self._synchronise(self._identity[target])
                self._note(call.__name__)
                return answered

        return answer

    def begin(self) -> None:
        """Take all that there is for synchronised."""
        self._look()
        self._durable, self._synced, self._changes = dict(self._names), dict(self._now), []

    def _look(self) -> None:
        """Note what has changed since the last look."""
        names, now, folders = dict[tuple[int, str], int](), dict[int, bytes](), set[int]()
        seen: dict[int, int] = {}
        self._walk(self.root, names, now, folders, seen)
        self._changes += _changes(self._names, names)
        self._names, self._now, self._folders, self._identity = names, now, self._folders | folders, seen

    def _walk(self, folder: Path, names: Entries, now: dict[int, bytes], folders: set[int], seen: dict[int, int]) -> int:
        own = self._file(folder.stat().st_ino, seen)
        folders.add(own)
        for entry in sorted(os.scandir(folder), key=lambda each: each.name):
            if entry.is_dir(follow_symlinks=False):
                names[own, entry.name] = self._walk(Path(entry.path), names, now, folders, seen)
            else:
                names[own, entry.name] = file = self._file(entry.inode(), seen)
                now[file] = now[file] if file in now else self._read(Path(entry.path), file)
        return own

    def _file(self, number: int, seen: dict[int, int]) -> int:
        """Return which file or folder an inode's number means; one that was nowhere at the last look is new."""
        if number not in seen:
            self._files += number not in self._identity
            seen[number] = self._identity.get(number, self._files)
        return seen[number]

    def _read(self, path: Path, file: int) -> bytes:
        """Return what a file holds, as it was kept if that is the same; a file that is long unchanged is not read again."""
        status = path.stat()
        stamp = (status.st_mtime_ns, status.st_size)
        if self._stamps.get(file) == stamp:
            return self._now[file]
        if time.time_ns() - status.st_mtime_ns > SETTLED:
            self._stamps[file] = stamp
        held, before = path.read_bytes(), self._now.get(file)
        return before if before is not None and before == held else held

    def _synchronise(self, file: int) -> None:
        if file in self._now:
            self._synced[file] = self._now[file]
        for change in self._changes:
            change.pending.discard(file)
        for change in [each for each in self._changes if not each.pending]:
            _apply(change, self._durable)
        self._changes = [each for each in self._changes if each.pending]

    def _note(self, call: str) -> None:
        changes = [Change(dict(each.entries), set(each.pending)) for each in self._changes]
        now = Moment(dict(self._durable), changes, dict(self._synced), self._now, self._folders, call, self.marks)
        if not self.moments or now != replace(self.moments[-1], call=call):
            self.moments.append(now)


def _changes(before: Entries, after: Entries) -> list[Change]:
    """Return what has become of each file's names: those of a rename change together, those of other files on their own."""
    changed: dict[int, dict[tuple[int, str], int | None]] = {}
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            changed.setdefault(after[key] if key in after else before[key], {})[key] = after.get(key)
    return [Change(entries, {folder for folder, _ in entries}) for entries in changed.values()]


def _apply(change: Change, entries: Entries) -> None:
    for key, file in change.entries.items():
        if file is None:
            entries.pop(key, None)
        else:
            entries[key] = file


@contextmanager
def watching(root: Path) -> Iterator[Disk]:
    """Watch what is done below a folder; all that is in it is on the disk."""
    disk = Disk(root)
    disk.begin()
    with pytest.MonkeyPatch.context() as patch:
        for owner, name in CALLS:
            patch.setattr(owner, name, disk.watched(getattr(owner, name)))
        yield disk


def fail(moment: Moment, root: Path, rng: np.random.Generator) -> None:
    """Write below an empty folder what a power failure at a moment may leave there."""
    entries, lost = dict(moment.durable), rng.random()
    for change in moment.changes:
        if rng.random() >= lost:
            _apply(change, entries)
    _write(moment, entries, 1, root, rng, {})


def _write(moment: Moment, entries: Entries, folder: int, place: Path, rng: np.random.Generator, written: dict[int, Path]) -> None:
    for (own, name), file in entries.items():
        if own != folder:
            continue
        if file in moment.folders:
            (place / name).mkdir()
            _write(moment, entries, file, place / name, rng, written)
        elif file in written:
            os.link(written[file], place / name)
        else:
            (place / name).write_bytes(_torn(moment.synced.get(file, b""), moment.now.get(file), rng))
            written[file] = place / name


def _torn(synced: bytes, now: bytes | None, rng: np.random.Generator) -> bytes:
    """Return what may be in a file: all as it was synchronised, all as it is, or some blocks of either; None: its name is gone."""
    way = rng.integers(3)
    if now is None or way == 0:
        return synced
    if way == 1 or now == synced:
        return now
    size = len(now) if rng.random() < 0.7 else len(synced)
    blocks = range(0, size, BLOCK)
    return b"".join((now, synced)[rng.integers(2)][each : each + BLOCK].ljust(BLOCK, b"\0") for each in blocks)[:size]
