"""Failure aimed at: two processes that write one folder, or a folder that nobody may write because a process has died."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time

import pytest

from bio_fa.errors import RecordError
from bio_fa.io.lock import GRACE, NAME, held, require_free


def leave(folder, **who) -> None:
    """Leave the lock of a process in a folder."""
    told = {"host": platform.node(), "pid": os.getpid(), "start": None, **who}
    (folder / NAME).write_text(json.dumps(told))


def dead() -> int:
    """Return the number of a process that is gone."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_who_holds_a_folder_is_known_while_it_is_held(tmp_path):
    with held(tmp_path / "new" / "run"):
        told = json.loads((tmp_path / "new" / "run" / NAME).read_text())
        assert (told["host"], told["pid"]) == (platform.node(), os.getpid())
    assert list((tmp_path / "new" / "run").iterdir()) == []


def test_a_second_writer_is_refused_with_host_and_process(tmp_path):
    with held(tmp_path):
        for refused in (lambda: held(tmp_path).__enter__(), lambda: require_free(tmp_path)):
            with pytest.raises(RecordError, match=rf"is being written by process {os.getpid()} on {platform.node()}; wait"):
                refused()
        assert (tmp_path / NAME).exists(), "who was refused takes no lock away"
    require_free(tmp_path)


def test_a_lock_whose_process_is_gone_is_taken_over_with_a_notice(tmp_path):
    leave(tmp_path, pid=(gone := dead()))
    require_free(tmp_path)
    with pytest.warns(UserWarning, match=rf"process {gone}, which is gone"), held(tmp_path):
        assert json.loads((tmp_path / NAME).read_text())["pid"] == os.getpid()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="nothing tells when a process began")
def test_a_process_that_has_the_number_of_the_dead_one_is_told_apart(tmp_path):
    leave(tmp_path, start="another boot/1")
    with pytest.warns(UserWarning, match="which is gone"), held(tmp_path):
        pass


def test_a_lock_of_another_host_is_never_taken_over(tmp_path):
    leave(tmp_path, host="elsewhere", pid=dead())
    with pytest.raises(RecordError, match=r"on elsewhere; .* remove .*run.lock"), held(tmp_path):
        pass


@pytest.mark.parametrize("torn", [b"", b'{"host": "x', b"[1]", b"[" * 100_000])
def test_a_lock_that_a_crash_tore_is_taken_over_unless_it_is_still_being_written(tmp_path, torn):
    (tmp_path / NAME).write_bytes(torn)
    with pytest.raises(RecordError, match="an unknown host"), held(tmp_path):
        pass
    long_ago = time.time() - 2 * GRACE
    os.utime(tmp_path / NAME, (long_ago, long_ago))
    with pytest.warns(UserWarning, match="which is gone"), held(tmp_path):
        pass


def test_a_lock_that_another_takes_over_in_the_same_instant_is_left_to_it(tmp_path, monkeypatch):
    leave(tmp_path, pid=dead())
    rename, other = os.rename, {"host": "other", "pid": 1, "start": None}

    def late(one, two):
        (tmp_path / NAME).write_text(json.dumps(other))
        rename(one, two)

    monkeypatch.setattr(os, "rename", late)
    with pytest.raises(RecordError, match="process 1 on other"), held(tmp_path):
        pass
    assert json.loads((tmp_path / NAME).read_text()) == other
    assert [each.name for each in tmp_path.iterdir()] == [NAME]


def test_a_failure_inside_lets_the_folder_go(tmp_path):
    with pytest.raises(ZeroDivisionError), held(tmp_path):
        raise ZeroDivisionError
    require_free(tmp_path)


def test_a_folder_that_cannot_be_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordError, match="cannot be written"), held(tmp_path / "file" / "run"):
        pass
