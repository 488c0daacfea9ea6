"""Growing: the whole files of a record in the making, which take in one segment after the other."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import final

from bio_fa.io.segments import WEIGHTS
from bio_fa.io.whole import Whole, assemble, discard_part, rename, sound


@final
class Growing:
    """The whole files of a record in the making: each begins with the second segment of its kind, and grows with those after.

    Args:
        folder: where the whole files appear when they are finished.
        segments: those that there are, in order.

    Raises:
        RecordError: by every method but ``abandon``, for damaged segments, or when the disk refuses; the segments stay.
    """

    def __init__(self, folder: Path, segments: Iterable[Path] = ()) -> None:
        self._folder, self._wholes = folder, dict[str, Whole]()
        self._segments: dict[str, list[Path]] = {}
        self._ends: dict[Path, tuple[int, int]] = {}
        self._due: list[Path] = []
        for each in segments:
            self._list(each)

    def end(self, kind: str) -> tuple[int, int]:
        """Return how many rows and trials the segments of a kind hold together."""
        segments = self._segments.get(kind)
        if kind == WEIGHTS or not segments:
            return 0, 0
        return self._ends.get(segments[-1]) or sound(segments[-1])[1]

    def add(self, segment: Path, end: tuple[int, int]) -> None:
        """Take note of one more segment; ``end``: of so many rows and trials, with those before."""
        self._list(segment)
        self._ends[segment] = end
        self._due.append(segment)

    def grow(self) -> None:
        """Let the whole files take in the segments that were added."""
        while self._due:
            self._take_in(self._due.pop(0))

    def _take_in(self, segment: Path) -> None:
        kind = _kind(segment)
        before = self._segments[kind][: self._segments[kind].index(segment)]
        if kind == WEIGHTS or not before:
            return
        if kind not in self._wholes:
            discard_part(self._path(kind))
            self._wholes[kind] = Whole(self._path(kind), before[0], self._ends.get(before[0]))
            for each in before[1:]:
                self._wholes[kind].add(each)
        self._wholes[kind].append(segment, self._ends[segment])
        self._wholes[kind].synchronise()

    def finish(self) -> dict[str, str]:
        """Give every file its name; return, by name, those that are a segment under a second name, and of which."""
        self.grow()
        named = {}
        for kind, segments in self._segments.items():
            if kind in self._wholes:
                self._wholes.pop(kind).close()
            elif len(segments) > 1:
                assemble(segments, self._path(kind))
            elif rename(segments[0], self._path(kind)):
                named[self._path(kind).name] = segments[0].name
        return named

    def abandon(self) -> None:
        """Remove the files that have not been finished."""
        for whole in self._wholes.values():
            whole.abandon()
        self._wholes = {}

    def _list(self, segment: Path) -> None:
        """Take note of a segment."""
        self._segments.setdefault(_kind(segment), []).append(segment)

    def _path(self, kind: str) -> Path:
        return self._folder / f"{kind}.h5"


def _kind(segment: Path) -> str:
    """Return which file of the record a segment is part of."""
    return segment.name.rpartition("-")[0]
