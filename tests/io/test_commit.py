"""Aims at a file that is replaced before its successor is safe, and at disk errors that nobody could act on."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from bio_fa.errors import RecordError
from bio_fa.io.commit import (
    allocate,
    make_folder,
    part_of,
    publish,
    reading,
    reason,
    remove_folder,
    write_folder,
    write_text,
    writing,
)


def test_a_part_is_hidden_beside_its_file():
    assert part_of(Path("runs/a/activity.h5")) == Path("runs/a/.activity.h5.part")


def test_publishing_synchronises_the_file_before_its_name_and_the_folder_after(tmp_path, monkeypatch):
    order, paths = [], {}
    part, path = tmp_path / ".a.part", tmp_path / "a"
    part.write_text("new")
    replace = os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: order.append(paths[os.fstat(handle).st_ino]))
    monkeypatch.setattr(os, "replace", lambda *names: (order.append("rename"), replace(*names)))
    paths.update({part.stat().st_ino: "file", tmp_path.stat().st_ino: "folder"})
    publish(part, path)
    assert order == ["file", "rename", "folder"]
    assert path.read_text() == "new"


def test_publishing_a_folder_synchronises_all_that_is_in_it_before_its_name(tmp_path, monkeypatch):
    part, synchronised = tmp_path / ".a.part", set()
    (part / "inner").mkdir(parents=True)
    (part / "inner" / "file").write_text("new")
    expected = {each.stat().st_ino for each in (part, part / "inner", part / "inner" / "file")}
    replace = os.replace

    def rename(*names):
        assert synchronised == expected
        replace(*names)

    monkeypatch.setattr(os, "fsync", lambda handle: synchronised.add(os.fstat(handle).st_ino))
    monkeypatch.setattr(os, "replace", rename)
    publish(part, tmp_path / "a")
    assert (tmp_path / "a" / "inner" / "file").read_text() == "new"


def test_reserved_bytes_are_really_there(tmp_path):
    if not hasattr(os, "posix_fallocate"):
        pytest.skip("this system cannot reserve")
    with (tmp_path / "file").open("wb") as file:
        allocate(file.fileno(), 1000, 1_000_000)
        assert os.fstat(file.fileno()).st_size == 1_001_000
        assert os.fstat(file.fileno()).st_blocks * 512 >= 1_000_000


@pytest.mark.parametrize(("code", "raised"), [(errno.EOPNOTSUPP, False), (errno.EINVAL, False), (errno.ENOSPC, True)])
def test_a_file_system_that_cannot_reserve_is_no_reason_to_stop(tmp_path, monkeypatch, code, raised):
    def refuse(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "posix_fallocate", refuse, raising=False)
    with (tmp_path / "file").open("wb") as file:
        if raised:
            with pytest.raises(OSError, match=os.strerror(code)):
                allocate(file.fileno(), 0, 10)
        else:
            allocate(file.fileno(), 0, 10)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "Driver write request failed (time = ...)"), "No space left on device"),
        (
            RuntimeError("flush failed\n, errno = 28, error message = 'No space left on device'"),
            "No space left on device",
        ),
        (RuntimeError("can't close.\nmore"), "can't close"),
        (RuntimeError(), "RuntimeError"),
    ],
)
def test_a_reason_is_the_systems_own_words(error, words):
    assert reason(error) == words


@pytest.mark.parametrize("error", [OSError(errno.EACCES, "x"), RuntimeError("x")])
def test_a_failed_write_names_the_file_and_the_remedy(error):
    with (
        pytest.raises(RecordError, match=r"^runs/a cannot be written \(.+\); make room or .+\.$"),
        writing(Path("runs/a")),
    ):
        raise error


REFUSALS = [OSError(errno.EIO, "x"), RuntimeError("flush failed, errno = 5, error message = 'Input/output error'")]
STUMBLES = [OSError("inflate() failed"), RuntimeError("bad object header"), KeyError("x"), ValueError("x"), MemoryError()]


@pytest.mark.parametrize("error", [*REFUSALS, *STUMBLES], ids=repr)
def test_a_failed_reading_names_the_file_and_the_remedy(error):
    sentence = r"^runs/a cannot be read \(.+\): it is damaged or .+; restore a copy or run again\.$"
    with pytest.raises(RecordError, match=sentence), reading(Path("runs/a")):
        raise error


@pytest.mark.parametrize(("error", "file"), [*((each, "b") for each in REFUSALS), *((each, "a") for each in STUMBLES)], ids=repr)
def test_of_a_file_read_and_one_written_the_one_at_fault_is_named(error, file):
    named = pytest.raises(RecordError, match=f"^runs/{file} cannot be")
    with named, writing(Path("runs/b")), reading(Path("runs/a"), also_writing=True):
        raise error


def test_a_folder_that_is_missing_is_a_sentence(tmp_path):
    with pytest.raises(RecordError, match=r"absent/run.json cannot be written \(No such file or directory\)"):
        write_text(tmp_path / "absent" / "run.json", "{}")


def test_a_folder_appears_whole_whatever_a_crash_left_before(tmp_path):
    half = tmp_path / ".step.part"
    half.mkdir()
    (half / "torn").write_text("half")
    write_folder(tmp_path / "step", {"a": b"1", "b": b""})
    assert {each.name: each.read_bytes() for each in (tmp_path / "step").iterdir()} == {"a": b"1", "b": b""}
    assert [each.name for each in tmp_path.iterdir()] == ["step"]


@pytest.mark.parametrize("call", ["mkdir", "write", "fsync", "replace"])
def test_a_folder_that_the_disk_refuses_leaves_nothing(tmp_path, monkeypatch, call):
    def refuse(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patched, pytest.raises(RecordError, match="Input/output error"):
        patched.setattr(os, call, refuse)
        write_folder(tmp_path / "step", {"a": b"1"})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_removed_is_never_there_in_part(tmp_path, monkeypatch):
    write_folder(tmp_path / "step", {"a": b"1", "b": b"2"})
    with monkeypatch.context() as patched, pytest.raises(OSError, match="killed"):
        patched.setattr("shutil.rmtree", lambda path: (_ for _ in ()).throw(OSError("killed")))
        remove_folder(tmp_path / "step")
    assert not (tmp_path / "step").exists()
    write_folder(tmp_path / "step", {"a": b"1"})
    remove_folder(tmp_path / "step")
    assert list(tmp_path.iterdir()) == []


def test_folders_are_made_with_those_above_them_and_each_name_is_brought_to_the_disk(tmp_path, monkeypatch):
    synchronised = []
    monkeypatch.setattr("bio_fa.io.commit.synchronise", synchronised.append)
    make_folder(tmp_path / "a" / "b" / "c")
    make_folder(tmp_path / "a" / "b" / "c")
    assert (tmp_path / "a" / "b" / "c").is_dir()
    assert synchronised == [tmp_path, tmp_path / "a", tmp_path / "a" / "b"]


def test_a_folder_is_out_of_the_way_on_the_disk_before_anything_in_it_goes(tmp_path, monkeypatch):
    write_folder(tmp_path / "step", {"a": b"1"})
    seen = []
    monkeypatch.setattr("bio_fa.io.commit.synchronise", lambda path: seen.append((path, [*tmp_path.rglob("a")])))
    remove_folder(tmp_path / "step")
    assert seen == [(tmp_path, [tmp_path / ".step.part" / "a"])]

