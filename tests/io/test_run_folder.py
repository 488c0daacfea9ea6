"""Aims at a run that destroys what was in a folder, and at run files that a crash leaves torn."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bio_fa.errors import RecordError
from bio_fa.io.run_folder import FILES, RunFolder, read_json, write_json

LAYOUT = {
    "config": "config.toml",
    "run": "run.json",
    "circuit": "circuit.json",
    "metrics": "metrics.jsonl",
    "activity": "activity.h5",
    "weights": "weights.h5",
    "report": "report",
    "figures": "report/figures",
}


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    return RunFolder.create(tmp_path / "runs" / "first")


def contents(path: Path) -> dict[str, bytes]:
    return {str(each.relative_to(path)): each.read_bytes() for each in path.rglob("*") if each.is_file()}


def fill(path: Path, *names: str) -> None:
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(f"the old {name}")


@pytest.mark.parametrize("name", LAYOUT)
def test_every_file_has_its_place(folder, name):
    assert getattr(folder, name) == folder.path / LAYOUT[name]


def test_a_new_folder_is_made_with_its_parents_and_an_empty_one_is_taken(tmp_path):
    assert RunFolder.create(tmp_path / "a" / "b" / "c").path.is_dir()
    assert contents(RunFolder.create(tmp_path / "a" / "b" / "c").path) == {}


@pytest.mark.parametrize("held", [*FILES, ".activity.h5.part", "report/report.html"])
def test_a_folder_that_holds_any_file_of_a_run_is_refused_untouched(tmp_path, held):
    fill(tmp_path, held)
    before = contents(tmp_path)
    with pytest.raises(RecordError, match="already holds a run"):
        RunFolder.create(tmp_path)
    assert contents(tmp_path) == before


def test_overwriting_removes_the_files_of_the_run_and_nothing_else(tmp_path):
    ours = [*FILES, ".activity.h5.part", ".weights.h5.part", "report/report.html", "report/figures/curve.png"]
    theirs = ["notes.md", "data/mine.h5", "report/thoughts.txt", "report/figures/edited.ai", "sub/run.json"]
    fill(tmp_path, *ours, *theirs)
    RunFolder.create(tmp_path, overwrite=True)
    assert set(contents(tmp_path)) == set(theirs)


def test_overwriting_leaves_no_empty_report(tmp_path):
    fill(tmp_path, "run.json", "report/report.html", "report/figures/curve.png")
    assert list(RunFolder.create(tmp_path, overwrite=True).path.iterdir()) == []


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_of_a_stranger_is_never_touched(tmp_path, overwrite):
    fill(tmp_path, "thesis.tex", "config.toml", "weights.h5")
    before = contents(tmp_path)
    with pytest.raises(RecordError, match=r"other files \(thesis.tex\); choose a new or empty folder"):
        RunFolder.create(tmp_path, overwrite)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_file_is_no_folder(tmp_path, overwrite):
    fill(tmp_path, "file")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(RecordError, match="is not a folder"):
            RunFolder.create(path, overwrite)
    assert contents(tmp_path) == {"file": b"the old file"}


def test_too_little_room_is_refused_with_both_numbers_and_nothing_is_touched(tmp_path):
    fill(tmp_path, "run.json")
    with pytest.raises(RecordError, match=r"1e\+09 GB are needed, but [\d.e+]+ GB are free"):
        RunFolder.create(tmp_path, overwrite=True, needed_bytes=10**18)
    with pytest.raises(RecordError, match="are needed"):
        RunFolder.create(tmp_path / "new" / "run", needed_bytes=10**18)
    assert contents(tmp_path) == {"run.json": b"the old run.json"}
    assert not (tmp_path / "new").exists()


def test_a_place_that_may_not_be_written_is_refused_and_nothing_is_touched(tmp_path, monkeypatch):
    fill(tmp_path, "run.json")
    monkeypatch.setattr(os, "access", lambda *_: False)
    for path in (tmp_path, tmp_path / "new"):
        with pytest.raises(RecordError, match="may not be written"):
            RunFolder.create(path, overwrite=True)
    assert contents(tmp_path) == {"run.json": b"the old run.json"}


def test_opening_needs_a_run(tmp_path):
    fill(tmp_path, "a/run.json", "b/config.toml")
    assert RunFolder.open(tmp_path / "a").path == tmp_path / "a"
    for other in ("b", "c"):
        with pytest.raises(RecordError, match="holds no run"):
            RunFolder.open(tmp_path / other)


def test_json_comes_back_and_what_is_not_finite_is_null(folder):
    folder.write_json(folder.run, {"loss": float("nan"), "rates": (1, np.float32(0.5)), "name": "α", "w": np.eye(2)})
    assert folder.read_json(folder.run) == {"loss": None, "rates": [1, 0.5], "name": "α", "w": [[1, 0], [0, 1]]}
    assert [each.name for each in folder.path.iterdir()] == ["run.json"]


def test_a_write_that_fails_leaves_the_old_file_and_no_litter(folder, monkeypatch):
    write_json(folder.run, {"status": "running"})

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(RecordError, match=r"run.json cannot be written \(No space left on device\)"):
        write_json(folder.run, {"status": "finished"})
    assert contents(folder.path).keys() == {"run.json"}
    assert read_json(folder.run) == {"status": "running"}


def test_what_json_does_not_know_is_refused_and_nothing_is_written(folder):
    with pytest.raises(RecordError, match="give numbers, texts, lists and tables"):
        folder.write_json(folder.run, {"circuit": object()})
    assert contents(folder.path) == {}


def test_a_file_is_published_only_after_it_was_synchronised(folder, monkeypatch):
    order = []
    monkeypatch.setattr(os, "fsync", lambda handle: order.append("fsync"))
    monkeypatch.setattr(os, "replace", lambda part, path: order.append("rename"))
    folder.write_text(folder.config, "seed = 1\n")
    assert order == ["fsync", "rename", "fsync"], "the file, its name, the folder"


@pytest.mark.parametrize("length", range(0, 33, 4))
def test_a_truncated_json_file_is_refused_by_name(folder, length):
    text = json.dumps({"seed": 1, "status": "finished"}).encode()
    folder.run.write_bytes(text[:length])
    with pytest.raises(RecordError, match=r"run\.json is not valid JSON"):
        folder.read_json(folder.run)


@pytest.mark.parametrize("content", [b"\xff\xfe{}", b"[" * 100_000, b"seed = 1"])
def test_what_is_not_json_is_refused(folder, content):
    folder.run.write_bytes(content)
    with pytest.raises(RecordError, match="is not valid JSON"):
        folder.read_json(folder.run)


def test_json_that_is_not_there_is_refused(folder):
    with pytest.raises(RecordError, match="cannot be read"):
        folder.read_json(folder.circuit)


plain_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(), values, max_size=3),
    max_leaves=6,
)


@settings(max_examples=30, deadline=None)
@given(lines=st.lists(st.dictionaries(st.text(), plain_values, max_size=4), max_size=5), data=st.data())
def test_metrics_cut_anywhere_lose_at_most_the_torn_line_and_go_on(tmp_path_factory, lines, data):
    """A crash leaves a prefix of the file: every line that was whole comes back, and the next run's lines too."""
    folder = RunFolder(tmp_path_factory.mktemp("run"))
    folder.metrics.touch()
    for line in lines:
        folder.append_metrics(line)
    assert folder.read_metrics() == lines
    written = folder.metrics.read_bytes()
    kept = written[: data.draw(st.integers(0, len(written)))]
    folder.metrics.write_bytes(kept)
    whole = kept.count(b"\n")
    found = folder.read_metrics()
    assert found in (lines[:whole], lines[: whole + 1])
    folder.append_metrics({"resumed": True})
    assert folder.read_metrics() == [*found, {"resumed": True}]


def test_metrics_that_are_not_finite_are_null(folder):
    folder.append_metrics({"loss": np.float64("inf"), "scores": [float("nan"), 1.0]})
    assert folder.metrics.read_text() == '{"loss": null, "scores": [null, 1.0]}\n'


@pytest.mark.parametrize("torn", ['{"epoch": 1, "lo', "[1, 2]", "", "NaN"])
def test_a_torn_line_in_the_middle_is_an_error_that_names_it(folder, torn):
    folder.metrics.write_text(f'{{"epoch": 0}}\n{torn}\n{{"epoch": 2}}\n')
    with pytest.raises(RecordError, match="line 2 is torn"):
        folder.read_metrics()


def test_metrics_that_are_not_there_are_refused(folder):
    with pytest.raises(RecordError, match=r"metrics\.jsonl cannot be read"):
        folder.read_metrics()


@pytest.mark.parametrize("name", ["report", "segments", "checkpoints"])
def test_a_folder_that_is_a_link_is_refused_and_what_it_leads_to_is_left_alone(tmp_path, name):
    elsewhere = tmp_path / "elsewhere" / "figures"
    elsewhere.mkdir(parents=True)
    (elsewhere / "mine.png").write_bytes(b"mine")
    place = tmp_path / "run"
    RunFolder.create(place)
    (place / "run.json").write_text("{}")
    (place / name).symlink_to(elsewhere.parent, target_is_directory=True)
    with pytest.raises(RecordError, match="is a link"):
        RunFolder.create(place, overwrite=True)
    with pytest.raises(RecordError, match="is a link"):
        RunFolder.open(place)
    assert (elsewhere / "mine.png").read_bytes() == b"mine"
