"""Failure aimed at: an export that overwrites something, that is left half written, or that a misspelt word sets off.

What each format holds is asked of it in the other files, and of its readers in ``tests/readers``.
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from bio_fa import formats
from bio_fa.errors import RecordError
from bio_fa.io import commit
from tests.readers.recorded import Recorded, record_run
from tests.refusals import assert_refused
from tests.small import cli, contents, refusal, write_config

pytest.importorskip("pynwb", reason="pynwb is missing; pip install 'bio_fa[nwb]'")


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return record_run(tmp_path / "run")


@pytest.mark.parametrize(("to", "name"), [("csv", "run-csv"), ("nwb", "run.nwb"), ("sonata", "run-sonata")])
def test_an_export_stands_beside_the_run_and_leaves_the_run_alone(recorded: Recorded, to: str, name: str) -> None:
    before = contents(recorded.path)
    assert formats.write(recorded.path, to) == recorded.path.with_name(name)
    assert {each.name for each in recorded.path.parent.iterdir()} == {"run", name}
    assert contents(recorded.path) == before


@pytest.mark.parametrize("to", formats.FORMATS)
def test_an_export_is_not_overwritten_unasked(recorded: Recorded, to: str) -> None:
    place = formats.write(recorded.path, to)
    before = contents(place.parent)
    assert_refused(lambda: formats.write(recorded.path, to), place.name, "overwrite", error=RecordError)
    assert contents(place.parent) == before
    assert formats.write(recorded.path, to, overwrite=True) == place
    assert {each.name for each in recorded.path.parent.iterdir()} == {"run", place.name}


@pytest.mark.parametrize("to", ["csv", "sonata"])
def test_a_folder_with_other_files_is_not_replaced(recorded: Recorded, to: str) -> None:
    place = formats.write(recorded.path, to)
    (place / "thesis.txt").write_text("years of work")
    before = contents(place)
    assert_refused(lambda: formats.write(recorded.path, to, overwrite=True), "thesis.txt", error=RecordError)
    assert contents(place) == before


@pytest.mark.parametrize("to", ["csv", "sonata"])
def test_a_file_is_not_replaced_by_a_folder(recorded: Recorded, to: str) -> None:
    place = recorded.path.with_name("notes")
    place.write_text("years of work")
    assert_refused(lambda: formats.write(recorded.path, to, place, overwrite=True), "no export", error=RecordError)
    assert place.read_text() == "years of work"


@pytest.mark.parametrize("to", formats.FORMATS)
@pytest.mark.parametrize("function", ["replace", "fsync"])
def test_a_disk_that_refuses_leaves_the_old_export_or_none(
    recorded: Recorded, to: str, function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(commit.os, function, full)
        assert_refused(lambda: formats.write(recorded.path, to), "No space left", error=RecordError)
    assert [each.name for each in recorded.path.parent.iterdir()] == ["run"]
    place = formats.write(recorded.path, to)
    before = contents(place.parent)
    with monkeypatch.context() as patched:
        patched.setattr(commit.os, "fsync", full)
        assert_refused(lambda: formats.write(recorded.path, to, overwrite=True), "No space left", error=RecordError)
    assert contents(place.parent) == before


def test_an_export_that_is_being_written_is_not_disturbed(recorded: Recorded) -> None:
    recorded.path.with_name(".run.nwb.part").write_text("half")
    assert_refused(lambda: formats.write(recorded.path, "nwb"), "another export", error=RecordError)
    assert recorded.path.with_name(".run.nwb.part").read_text() == "half"


def test_a_run_that_recorded_nothing_is_refused_without_a_trace(recorded: Recorded) -> None:
    (recorded.path / "activity.h5").unlink()
    for to in ("nwb", "sonata"):
        assert_refused(lambda to=to: formats.write(recorded.path, to), "activity.h5", error=RecordError)
    assert [each.name for each in recorded.path.parent.iterdir()] == ["run"]


def test_a_run_that_does_not_say_when_it_began_is_refused(recorded: Recorded) -> None:
    (recorded.path / "run.json").write_text('{"name": "two areas"}')
    assert_refused(lambda: formats.write(recorded.path, "nwb"), "when the run began", error=RecordError)


def test_a_missing_package_is_refused_with_its_extra(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "bio_fa.formats.nwb", raising=False)
    monkeypatch.setitem(sys.modules, "pynwb", None)
    assert_refused(lambda: formats.write(recorded.path, "nwb"), "pip install 'bio_fa[nwb]'", error=RecordError)


def test_a_relative_run_is_exported_beside_itself(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(recorded.path)
    assert formats.write(".", "csv") == recorded.path.with_name("run-csv")


def test_the_command_line_exports_a_run(recorded: Recorded) -> None:
    result = cli("export", recorded.path, "--to", "nwb", "--output", recorded.path.with_name("other.nwb"))
    assert (result.exit_code, result.stdout.strip()) == (0, str(recorded.path.with_name("other.nwb")))
    assert recorded.path.with_name("other.nwb").is_file()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--to", "nbw"), "did you mean 'nwb'?"),
        ((), "known are: csv, nwb, sonata"),
        (("--to", "nwb", "--set", "seed=3"), "leave out --set and --trials"),
        (("--to", "csv", "--trials", "2"), "leave out --set and --trials"),
    ],
)
def test_the_command_line_refuses_words_that_no_run_knows(recorded: Recorded, words: tuple[str, ...], sentence: str) -> None:
    assert sentence in refusal(cli("export", recorded.path, *words))


@pytest.mark.parametrize(("words", "sentence"), [(("--to", "nwb"), "is no run's folder"), (("--to", "brian2"), "give --output")])
def test_the_command_line_tells_an_experiment_from_a_run(tmp_path: Path, words: tuple[str, ...], sentence: str) -> None:
    assert sentence in refusal(cli("export", write_config(tmp_path), *words))
