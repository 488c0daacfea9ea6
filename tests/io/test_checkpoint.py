"""Failure aimed at: going on from a checkpoint that is torn, damaged or of another layout, or lists a record that is not there."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

from bio_fa.errors import RecordError
from bio_fa.io import checkpoint as checkpoint_
from bio_fa.io.checkpoint import Checkpoint, Checkpoints
from bio_fa.io.digest import sha256
from bio_fa.io.segments import Segments


@pytest.fixture
def folder(tmp_path) -> Checkpoints:
    return Checkpoints(tmp_path / "checkpoints")


@pytest.fixture
def segments(tmp_path) -> Segments:
    return Segments(tmp_path / "segments")


def checkpoint(number: int, listed: dict[str, str] | None = None) -> Checkpoint:
    """Return a checkpoint that can be told from others."""
    state = {"w": np.full((2, 3), number, dtype=np.float32), "rng": np.random.default_rng(number), "t": (number, 0.1 * number)}
    return Checkpoint(state, {"seed": number, "training": {"epochs": 3}}, listed or {}, 10 * number, {"numpy": "2"})


def test_the_newest_comes_back_whole(folder, segments):
    for number in (1, 2, 30):
        folder.write(number, checkpoint(number))
    found, written = folder.newest(segments), checkpoint(30)
    np.testing.assert_array_equal(found.state["w"], written.state["w"])
    assert found.state["t"] == written.state["t"]
    assert found.state["rng"].random() == written.state["rng"].random()
    assert (found.config, found.metrics, found.versions) == (written.config, 300, {"numpy": "2"})


def test_the_last_two_are_kept_and_the_newest_is_named(folder):
    for number in (1, 2, 30):
        folder.write(number, checkpoint(number))
    assert {each.name for each in folder.path.iterdir()} == {"step-00000002", "step-00000030", "latest"}
    assert (folder.path / "latest").read_text() == "step-00000030\n"
    assert {each.name for each in (folder.path / "step-00000030").iterdir()} == {"state.safetensors", "state.json"}


def test_without_any_there_is_none(folder, segments):
    assert folder.newest(segments) is None


def test_a_checkpoint_that_is_half_written_is_none(folder, segments):
    (folder.path / ".step-00000001.part").mkdir(parents=True)
    assert folder.steps() == []
    folder.clear()
    assert not folder.path.exists()


def flip(path) -> None:
    held = bytearray(path.read_bytes())
    held[len(held) // 2] ^= 1
    path.write_bytes(held)


DAMAGES = {
    "arrays flipped": lambda path: flip(path / "state.safetensors"),
    "arrays cut": lambda path: os.truncate(path / "state.safetensors", 10),
    "arrays gone": lambda path: (path / "state.safetensors").unlink(),
    "state flipped": lambda path: flip(path / "state.json"),
    "state cut": lambda path: os.truncate(path / "state.json", 100),
    "state gone": lambda path: (path / "state.json").unlink(),
    "state no table": lambda path: (path / "state.json").write_text("[]"),
    "state a bomb": lambda path: (path / "state.json").write_text("[" * 100_000),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_passed_over_with_a_warning_and_removed(folder, segments, damage):
    for number in (1, 2):
        folder.write(number, checkpoint(number))
    DAMAGES[damage](folder.path / "step-00000002")
    with pytest.warns(UserWarning, match=r"step-00000002.*the run goes on from step-00000001"):
        assert folder.newest(segments).metrics == 10
    assert [each.name for each in folder.steps()] == ["step-00000001"]


def test_where_all_are_damaged_the_run_cannot_go_on(folder, segments):
    for number in (1, 2):
        folder.write(number, checkpoint(number))
        DAMAGES["arrays flipped"](folder.path / f"step-0000000{number}")
    with pytest.raises(RecordError, match=r"no checkpoint to go on from \(.+\); restore a copy"):
        folder.newest(segments)
    assert len(folder.steps()) == 2, "nothing is removed"


@pytest.mark.parametrize("damage", ["flipped", "gone"])
def test_a_checkpoint_whose_segment_is_damaged_is_passed_over(folder, segments, damage):
    path = segments.place("activity", 1)
    path.write_bytes(b"some activity")
    folder.write(1, checkpoint(1))
    folder.write(2, checkpoint(2, {path.name: sha256(path)}))
    assert folder.newest(segments).metrics == 20
    flip(path) if damage == "flipped" else path.unlink()
    with pytest.warns(UserWarning, match="activity-000001.h5 is damaged or gone"):
        assert folder.newest(segments).metrics == 10


@pytest.mark.parametrize("name", ["../run.json", "/etc/passwd", "activity.h5"])
def test_a_segment_whose_name_leads_elsewhere_is_refused(segments, name):
    with pytest.raises(RecordError, match="damaged or gone"):
        segments.verify({name: "0" * 64})


def test_another_layout_is_refused_with_the_reason(folder, segments, monkeypatch):
    folder.write(1, checkpoint(1))
    with monkeypatch.context() as patched:
        patched.setattr(checkpoint_, "SCHEMA", 99)
        folder.write(2, checkpoint(2))
    with pytest.raises(RecordError, match=r"has the schema 99, but 1 is understood; resume with the bio_fa that wrote it"):
        folder.newest(segments)


def test_nothing_in_a_checkpoint_is_a_pickle(folder):
    folder.write(1, checkpoint(1))
    state = json.loads((folder.path / "step-00000001" / "state.json").read_text())
    assert state["state"]["streams"][0]["state"]["state"] == np.random.default_rng(1).bit_generator.state["state"]["state"]
    held = (folder.path / "step-00000001" / "state.safetensors").read_bytes()
    assert int.from_bytes(held[:8], "little") + 8 + 2 * 3 * 4 == len(held), "a header and the values, nothing else"


def test_clearing_removes_checkpoints_and_leaves_what_is_not_ours(folder):
    folder.write(1, checkpoint(1))
    (folder.path / "notes.md").write_text("mine")
    folder.clear()
    assert [each.name for each in folder.path.iterdir()] == ["notes.md"]
