"""Segments: the record of a run in progress, in whole files that follow each other, ``segments/activity-000003.h5``.

Each is a file of the layout that the whole record has, and goes on where the one before ended. When the run ends, the segments
of a kind become one file, as ``whole`` says.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

from bio_fa.errors import RecordError
from bio_fa.io.commit import make_folder, synchronise, writing
from bio_fa.io.digest import sha256

ACTIVITY, LEARNING, WEIGHTS = "activity", "learning_activity", "weights"
"""Files of the record, without their ending: activity of test trials and of learning trials, and weights."""
VARIABLES = ("potential", "apical_potential", "feedback", "error", "trace")
"""What else is recorded of test trials, each in a file of its own, such as ``report_potential``."""
KINDS = (ACTIVITY, *(f"report_{each}" for each in VARIABLES), LEARNING, WEIGHTS)
"""All files of the record."""
ASIDE = "aside"
"""The folder of segments that belong to no checkpoint."""
_NAME = re.compile(rf"({'|'.join(KINDS)})-(\d{{6}})\.h5")


def kind_of(variable: str, trials: str = "test") -> str:
    """Return which file of the record holds a variable of ``test`` or ``learning`` trials."""
    if trials == "learning":
        return f"learning_{variable}"
    return ACTIVITY if variable == ACTIVITY else f"report_{variable}"


@final
@dataclass(frozen=True)
class Segments:
    """The segments in a folder."""

    path: Path

    def all(self) -> list[Path]:
        """Return every segment, in order."""
        return sorted(each for each in self.path.glob("*.h5") if _NAME.fullmatch(each.name))

    def of(self, kind: str) -> list[Path]:
        """Return the segments of a kind, in order."""
        return [each for each in self.all() if each.name.rpartition("-")[0] == kind]

    def listed(self, names: Iterable[str]) -> list[Path]:
        """Return the segments of these names, in order."""
        return [self.path / each for each in sorted(names)]

    def place(self, kind: str, number: int) -> Path:
        """Return where a segment is written; its folder is made.

        Raises:
            RecordError: when the disk refuses.
        """
        with writing(self.path):
            make_folder(self.path)
        return self.path / f"{kind}-{number:06d}.h5"

    def verify(self, listed: Mapping[str, str]) -> None:
        """Refuse segments that are not those listed, by name and SHA-256.

        Raises:
            RecordError: for the first that is missing or differs.
        """
        for name, digest in listed.items():
            path = self.path / name
            if not _NAME.fullmatch(name) or path.is_symlink() or not path.is_file() or sha256(path) != digest:
                raise RecordError(f"{path} is damaged or gone")

    def keep(self, listed: Mapping[str, str]) -> None:
        """Remove what a crash left half written, and set aside the segments that are not listed.

        Raises:
            RecordError: when the disk refuses.
        """
        with writing(self.path):
            self._remove_parts()
            strange = [each for each in self.all() if each.name not in listed]
            if strange:
                make_folder(self.path / ASIDE)
            for each in strange:
                os.replace(each, self.path / ASIDE / each.name)
                synchronise(self.path / ASIDE)
            if self.path.exists():
                synchronise(self.path)

    def _remove_parts(self) -> None:
        for kind in KINDS:
            for part in self.path.glob(f".{kind}-*.h5.part"):
                part.unlink()

    def clear(self) -> None:
        """Remove all segments, those set aside too, and the folders if nothing else is in them."""
        self._remove_parts()
        for folder in (self.path / ASIDE, self.path):
            for each in Segments(folder).all():
                each.unlink()
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
