"""A process of its own, with little memory, that goes through damaged runs and configurations; each case leaves a line.

Run as a program: ``python -m tests.faults.damaged_process ORIGINALS LOG FIRST LAST``.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

from bio_fa.analysis import style
from tests.faults.damaged_reading import READINGS, case, failure

ROOM = 1 << 30
"""Bytes that a process may take beyond those it has when it begins."""


def _limit_memory() -> None:
    with open("/proc/self/statm") as file:
        now = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (now + ROOM, now + ROOM))


def main(originals: Path, log: Path, first: int, last: int) -> None:
    """Go through the cases from ``first`` up to ``last``; a case is announced before it begins."""
    for kind, readings in READINGS.items():
        with tempfile.TemporaryDirectory(dir=originals.parent) as place:
            shutil.copytree(originals / kind, Path(place) / "home", symlinks=True)
            for reading in readings:
                found = failure(reading, Path(place) / "home")
                assert found is None, (kind, reading.__name__, found)
    style.RESOLUTION = 30
    _limit_memory()
    with log.open("a") as file:
        for seed in range(first, last):
            print(json.dumps({"begins": seed}), file=file, flush=True)
            print(json.dumps(case(originals, seed)), file=file, flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
