"""Failure aimed at: a disk that refuses one write among many, so that a record is lost, torn or wrong, or a run cannot go on.

Every write, rename, synchronisation, folder and truncation of a run is counted, and so is every time HDF5 reserves, flushes and
closes. The n-th of them is refused, for every n: with EIO once, or with ENOSPC from then on. ``make faults`` tries every n.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import pytest

from bio_fa.errors import RecordError
from bio_fa.io import commit, hdf5
from tests.faults.damaged_runs import go, opens, same

BOUNDARIES = [
    *((os, name) for name in ("write", "pwrite", "replace", "rename", "fsync", "mkdir", "truncate")),
    (hdf5, "allocate"),
    (h5py.File, "flush"),
    (h5py.File, "close"),
]
STRIDE = int(os.environ.get("BIO_FA_STRIDE", "23"))
"""Every so many of the writes are refused."""


class Disk:
    """Counts what is asked of it, and refuses some of it."""

    def __init__(self, refuses: Callable[[int], bool], code: int) -> None:
        self.refuses, self.code, self.asked = refuses, code, 0

    def guarded(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def answer(*arguments: Any, **options: Any) -> Any:
            if writes_nothing(call, arguments[0]):
                return call(*arguments, **options)
            self.asked += 1
            if self.refuses(self.asked):
                raise OSError(self.code, os.strerror(self.code))
            return call(*arguments, **options)

        return answer


def writes_nothing(call: Callable[..., Any], target: Any) -> bool:
    """Return whether a folder is asked for that is there, or a file of HDF5 is left that was only read or lies in memory."""
    if isinstance(target, h5py.File):
        return not target or target.mode == "r" or target.driver == "fileobj"
    return call.__name__ == "mkdir" and os.path.isdir(target)


@contextmanager
def disk(refuses: Callable[[int], bool], code: int = errno.EIO) -> Iterator[Disk]:
    """Put a disk between the run and the system that refuses the n-th thing asked of it wherever ``refuses(n)``."""
    found = Disk(refuses, code)
    with pytest.MonkeyPatch.context() as patch:
        for owner, name in BOUNDARIES:
            patch.setattr(owner, name, found.guarded(getattr(owner, name)))
        yield found


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """The run that was left alone."""
    folder = tmp_path_factory.mktemp("faults") / "whole"
    go("tiny", str(folder))
    return folder


@pytest.fixture(scope="module")
def boundaries(tmp_path_factory) -> int:
    """How much is asked of the disk."""
    folder = tmp_path_factory.mktemp("faults") / "counted"
    with disk(lambda _: False) as counted:
        go("tiny", str(folder))
    return counted.asked


WAYS = {"once": (errno.EIO, lambda n: lambda asked: asked == n), "from_then_on": (errno.ENOSPC, lambda n: lambda asked: asked >= n)}


@pytest.mark.parametrize("way", WAYS)
def test_wherever_the_disk_refuses_a_write_nothing_committed_is_lost_and_the_run_goes_on(whole, boundaries, tmp_path, way):
    assert boundaries > 100, "fewer writes than the files of a run take: what is counted is not what the run does"
    code, refusing = WAYS[way]
    for n in sorted({*range(1, boundaries + 1, STRIDE), boundaries}):
        folder = tmp_path / str(n)
        with disk(refusing(n), code) as refused, pytest.raises(RecordError) as caught:
            go("tiny", str(folder))
        assert refused.asked >= n
        assert os.strerror(code) in str(caught.value), f"{n}: {caught.value}"
        if folder.exists():
            opens(folder, whole)
        go("tiny", str(folder))
        same(folder, whole)


def test_the_disk_of_these_tests_does_refuse(tmp_path):
    with disk(lambda asked: asked == 2), pytest.raises(RecordError, match="Input/output error"):
        commit.write_text(tmp_path / "file", "text")
    assert list(tmp_path.iterdir()) == []
