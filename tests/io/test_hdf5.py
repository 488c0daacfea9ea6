"""Aims at records that a crash, a full disk or an exception takes away, and at files made to mislead a reader.

Each must become one sentence, never a crash, a hang or a wrong number.
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
from collections import namedtuple
from pathlib import Path

import h5py
import numpy as np
import pytest

from bio_fa.errors import RecordError
from bio_fa.io.activity import ActivityReader, ActivityWriter
from tests.io.recording import (
    DATASETS,
    PHASES,
    POPULATIONS,
    READERS,
    RECORDS,
    elsewhere,
    frames,
    read_everything,
    record_activity,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "activity.h5"


@pytest.fixture(params=RECORDS)
def record(request, tmp_path) -> Path:
    RECORDS[request.param](tmp_path / request.param)
    return tmp_path / request.param


def open_writer(path: Path) -> ActivityWriter:
    return ActivityWriter(path, POPULATIONS, PHASES, frame=0.001)


def append(writer: ActivityWriter, epoch: int, trials: int = 3) -> None:
    writer.append(frames(np.random.default_rng(epoch), trials=trials), np.arange(trials), np.arange(trials), epoch)


def epochs(path: Path, trials: int = 3) -> list[int]:
    """The epochs in a record, once every row of each was compared with what was appended."""
    with ActivityReader(path) as reader:
        found = sorted({int(epoch) for epoch in reader.trials()["epoch"]})
        for epoch in found:
            for phase, recorded in frames(np.random.default_rng(epoch), trials=trials).items():
                for name, expected in recorded.items():
                    np.testing.assert_array_equal(
                        reader.frames(name, phase, epoch), np.swapaxes(expected, 0, 1).astype(np.float32)
                    )
    return found


def test_a_record_appears_under_its_name_only_when_it_is_whole(path):
    with open_writer(path) as writer:
        append(writer, 0)
        assert [each.name for each in path.parent.iterdir()] == [".activity.h5.part"]
    assert [each.name for each in path.parent.iterdir()] == ["activity.h5"]
    assert epochs(path) == [0]


@pytest.mark.parametrize("interruption", [ZeroDivisionError, KeyboardInterrupt, SystemExit])
def test_an_exception_leaves_what_was_recorded_readable_and_passes_through(path, interruption):
    with pytest.raises(interruption), open_writer(path) as writer:
        append(writer, 0)
        append(writer, 1)
        raise interruption
    assert epochs(path) == [0, 1]


def test_an_exception_is_not_hidden_by_a_disk_that_then_refuses(path, monkeypatch):
    with pytest.raises(ZeroDivisionError) as caught, open_writer(path) as writer:
        append(writer, 0)
        monkeypatch.setattr("bio_fa.io.hdf5.publish", refusing(errno.EIO))
        raise ZeroDivisionError
    assert any(str(path) in note and "Input/output error" in note for note in caught.value.__notes__)
    assert epochs(path.with_name(".activity.h5.part")) == [0]


def refusing(reason: int):
    def refuse(*_):
        raise OSError(reason, os.strerror(reason))

    return refuse


@pytest.mark.parametrize("call", range(1, 10))
@pytest.mark.parametrize("interruption", [KeyboardInterrupt, MemoryError])
def test_an_append_that_is_interrupted_anywhere_counts_as_never_begun(path, monkeypatch, call, interruption):
    """Ten tables grow with an append: three populations and seven columns."""
    with open_writer(path) as writer:
        append(writer, 0)
        with monkeypatch.context() as patched, pytest.raises(interruption):
            patched.setattr("bio_fa.io.activity_writer.extend", failing_at(call, interruption))
            append(writer, 1)
        append(writer, 2)
    assert epochs(path) == [0, 2]
    with h5py.File(path) as file:
        assert {len(column) for column in file["trials"].values()} == {12}
        assert {len(report["data"]) for report in file["report"].values()} == {18}


def failing_at(call: int, error: BaseException | type[BaseException]):
    from bio_fa.io.tables import extend

    calls = iter(range(1, 100))

    def extend_or_fail(table, rows, wrote=None):
        extend(table, rows, wrote)
        if next(calls) == call:
            raise error

    return extend_or_fail


def test_a_killed_process_leaves_no_file_under_the_records_name_and_a_part_that_opens(tmp_path):
    script = """
        import os, sys
        from pathlib import Path
        from tests.io.test_hdf5 import append, open_writer
        writer = open_writer(Path(sys.argv[1]))
        append(writer, 0)
        append(writer, 1)
        os.kill(os.getpid(), 9)
    """
    assert run(script, tmp_path / "activity.h5").returncode == -9
    assert not (tmp_path / "activity.h5").exists()
    assert epochs(tmp_path / ".activity.h5.part") == [0, 1]


def run(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment, cwd=ROOT, check=False)


def test_a_full_disk_at_any_size_becomes_a_sentence_and_the_committed_trials_stay(tmp_path):
    """The system's limit on a file's size is a full disk that needs no disk: writes beyond it fail inside HDF5, too."""
    pytest.importorskip("resource")
    script = """
        import resource, sys
        from pathlib import Path
        from bio_fa.errors import RecordError
        from tests.io.test_hdf5 import append, epochs, open_writer
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        seen = set()
        for size in [0, 100, 5_000, 1_000_000, *range(1_048_000, 1_400_000, 15_013), 9_000_000]:
            path = Path(sys.argv[1]) / f"{size}.h5"
            written = []
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
            try:
                with open_writer(path) as writer:
                    for epoch in range(20):
                        append(writer, epoch, trials=50)
                        written.append(epoch)
            except RecordError as error:
                assert str(path) in str(error) and "File too large" in str(error), error
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
            assert (epochs(path, trials=50) if path.exists() else []) == written
            assert path.exists() or not list(path.parent.glob(f".{path.name}*"))
            seen.add(0 if not path.exists() else 1 if len(written) < 20 else 2)
            path.unlink(missing_ok=True)
        assert seen == {0, 1, 2}, seen
    """
    finished = run(script, tmp_path)
    assert finished.returncode == 0, finished.stderr


Disk = namedtuple("Disk", "f_bavail f_frsize")


@pytest.mark.parametrize("reason", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_disk_that_refuses_later_is_named_with_what_to_do(path, monkeypatch, reason):
    with pytest.raises(RecordError) as caught, open_writer(path) as writer:
        append(writer, 0)
        monkeypatch.setattr(os, "posix_fallocate", refusing(reason), raising=False)
        append(writer, 1)
    assert str(path) in str(caught.value)
    assert os.strerror(reason) in str(caught.value)
    assert "make room or choose another folder" in str(caught.value)
    assert epochs(path) == [0]


def test_a_disk_without_free_blocks_is_refused_where_nothing_can_be_reserved(path, monkeypatch):
    with pytest.raises(RecordError, match="No space left on device"), open_writer(path) as writer:
        append(writer, 0)
        monkeypatch.delattr(os, "posix_fallocate", raising=False)
        monkeypatch.setattr(os, "fstatvfs", lambda handle: Disk(1, 4096))
        append(writer, 1)
    assert epochs(path) == [0]


def test_a_failure_inside_hdf5_is_a_sentence_and_the_trials_before_it_stay(path, monkeypatch):
    with pytest.raises(RecordError, match="No space left on device"), open_writer(path) as writer:
        append(writer, 0)
        full = OSError(errno.ENOSPC, "Can't write data")
        monkeypatch.setattr("bio_fa.io.activity_writer.extend", failing_at(4, full))
        append(writer, 1)
    assert epochs(path) == [0]


def test_a_disk_that_is_full_from_the_start_leaves_nothing_behind(path, monkeypatch):
    monkeypatch.setattr(os, "fstatvfs", lambda handle: Disk(0, 4096))
    with pytest.raises(RecordError, match="No space left"):
        open_writer(path)
    assert list(path.parent.iterdir()) == []


def test_a_part_that_another_run_is_writing_is_not_touched(path):
    with open_writer(path) as writer:
        append(writer, 0)
        with pytest.raises(RecordError, match="another run is writing it"):
            open_writer(path)
        append(writer, 1)
    assert epochs(path) == [0, 1]


def test_a_closed_writer_says_so_and_closing_again_does_nothing(path):
    writer = open_writer(path)
    writer.close()
    writer.close()
    with pytest.raises(RecordError, match="is closed"):
        append(writer, 0)


@pytest.mark.parametrize("tenth", range(10))
def test_a_file_cut_at_any_tenth_is_refused(record, tenth):
    data = record.read_bytes()
    record.write_bytes(data[: len(data) * tenth // 10])
    with pytest.raises(RecordError, match=rf"{record.name}.*damaged"):
        read_everything(record)


@pytest.mark.parametrize("seed", range(40))
def test_a_file_with_damaged_bytes_is_read_or_refused(record, seed):
    data, rng = bytearray(record.read_bytes()), np.random.default_rng(seed)
    for position in rng.integers(0, len(data), size=20):
        data[position] = rng.integers(0, 256)
    record.write_bytes(bytes(data))
    try:
        read_everything(record)
    except RecordError as refusal:
        assert str(record) in str(refusal)


def test_what_is_not_hdf5_is_refused(tmp_path):
    text = tmp_path / "activity.h5"
    text.write_text("time,neuron\n0,1\n")
    for other in (text, tmp_path, tmp_path / "absent.h5"):
        with pytest.raises(RecordError, match=str(other)):
            ActivityReader(other)


def test_another_format_is_refused_by_name(record):
    other = record.with_name("other.h5")
    with h5py.File(other, "w") as file:
        file["activity"] = np.ones(3)
    with pytest.raises(RecordError, match="format None, not 'bio_fa-"):
        READERS[record.name](other)
    reader = next(reader for name, reader in READERS.items() if name != record.name)
    with pytest.raises(RecordError, match="has the format 'bio_fa-"):
        reader(record)


def test_a_newer_format_is_refused_with_the_remedy(record):
    with h5py.File(record, "a") as file:
        file.attrs["format_version"] = np.bytes_("2.0")
    with pytest.raises(RecordError, match="update bio_fa"):
        read_everything(record)


@pytest.mark.parametrize("value", ["bio_fa-activity", 7, np.array([b"bio_fa-activity"]), h5py.Empty("S8")])
def test_a_text_that_has_no_fixed_length_is_refused_unread(path, value):
    """HDF5 hangs for ever on a damaged text of variable length (HDFGroup/hdf5, issue 1707)."""
    record_activity(path)
    with h5py.File(path, "a") as file:
        file.attrs["format"] = value
    with pytest.raises(RecordError, match="'format' of / is not of type str"):
        ActivityReader(path)


def external_link(file, name):
    file[name] = h5py.ExternalLink(elsewhere(file, name).name, name)


def external_link_above(file, name):
    group = name.split("/")[0]
    other = elsewhere(file, name)
    del file[group]
    file[group] = h5py.ExternalLink(other.name, group)


def soft_link(file, name):
    file["moved"] = file[name]
    del file[name]
    file[name] = h5py.SoftLink("/moved")


def wrong_type(file, name):
    values = file[name][()]
    del file[name]
    file[name] = values.astype(bool)


def wrong_dimensions(file, name):
    values = file[name][()].ravel()
    del file[name]
    file[name] = values


def group_instead(file, name):
    del file[name]
    file.create_group(name)


def missing(file, name):
    del file[name]


@pytest.mark.parametrize(
    ("tamper", "reason"),
    [
        (external_link, "link to elsewhere"),
        (external_link_above, "link to elsewhere"),
        (soft_link, "link to elsewhere"),
        (wrong_type, "the right type"),
        (wrong_dimensions, "2 dimensions"),
        (group_instead, "not a dataset"),
        (missing, "doesn't exist"),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_a_file_that_lacks_its_parts_or_links_elsewhere_is_refused(record, tamper, reason):
    with h5py.File(record, "a") as file:
        tamper(file, DATASETS[record.name])
    with pytest.raises(RecordError, match=reason):
        read_everything(record)


def test_a_cycle_of_hard_links_does_not_trap_the_reader(path):
    record_activity(path)
    with h5py.File(path, "a") as file:
        file["report/I1/mapping/loop"] = file["report"]
        file["report/I1/mapping/self"] = file["/"]
    assert epochs_of_small_record(path) == {0, 1}


def epochs_of_small_record(path: Path) -> set[int]:
    with ActivityReader(path) as reader:
        return set(reader.trials()["epoch"].tolist())


@pytest.mark.parametrize("name", ["..", "<b>", "a b", "x" * 161])
def test_a_group_whose_name_is_no_name_is_refused(path, name):
    record_activity(path)
    with h5py.File(path, "a") as file:
        group = file["report"].create_group(name.encode())
        group.attrs["order"] = 9
    with pytest.raises(RecordError, match="which is no name"):
        ActivityReader(path)
