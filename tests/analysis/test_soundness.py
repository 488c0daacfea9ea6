"""Failure aimed at: a run that was changed, damaged or never right, and is called sound.

A small run is damaged in exactly one way. What only the manifest can see is left with the manifest that the run wrote; what was
wrong when the run ended is sealed again after the damage.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from bio_fa.analysis import check_run, soundness
from bio_fa.analysis.soundness import CHANGED, HELD, NOT_FINITE, OUT_OF_TIME, REFUSED, UNKNOWN, VIOLATED
from bio_fa.io.run_folder import RunFolder
from bio_fa.running import run
from tests.analysis.sound import failure, flip
from tests.faults.damaged_runs import tiny
from tests.spiking import spiking_experiment


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    return run(tiny(), tmp_path_factory.mktemp("sound") / "run", texts={"mine.py": "x = 1\n"})


@pytest.fixture
def folder(finished, tmp_path) -> Path:
    return shutil.copytree(finished, tmp_path / "run")


def test_a_run_that_was_left_alone_is_sound(finished):
    assert failure(finished) == (HELD, "")
    assert len([*check_run(finished)]) == len(soundness.CHECKS)


def test_a_report_is_no_part_of_what_was_left(folder):
    (folder / "report").mkdir()
    (folder / "report" / "report.html").write_text("drawn later")
    assert failure(folder) == (HELD, "")


@pytest.mark.parametrize(
    "name", ["activity.h5", "report_potential.h5", "weights.h5", "metrics.jsonl", "circuit.json", "run.json", "mine.py"]
)
def test_a_bit_that_flips_anywhere_is_found_and_its_file_named(folder, name):
    flip(folder / name)
    code, sentence = failure(folder)
    assert code == CHANGED and sentence.startswith(f"{name} holds other bytes")


def test_a_bit_that_flips_in_a_recorded_rate_is_read_by_hdf5_and_found_by_the_check(folder):
    with h5py.File(folder / "activity.h5") as file:
        data = file["report/V1_E/data"]
        before, place = data[0, 0], data.id.get_chunk_info(0).byte_offset
    flip(folder / "activity.h5", place)
    with h5py.File(folder / "activity.h5") as file:
        assert file["report/V1_E/data"][0, 0] != before
    assert failure(folder)[0] == CHANGED


@pytest.mark.parametrize("name", ["weights.h5", "metrics.jsonl", "manifest.json"])
def test_a_file_that_is_missing_is_named(folder, name):
    (folder / name).unlink()
    code, sentence = failure(folder)
    assert code == CHANGED and sentence.startswith(f"{name} is missing")


def test_a_file_that_is_cut_is_named_with_what_it_should_have(folder):
    size = (folder / "weights.h5").stat().st_size
    flip(folder / "weights.h5")
    (folder / "weights.h5").write_bytes((folder / "weights.h5").read_bytes()[:-1])
    assert failure(folder) == (CHANGED, f"weights.h5 has {size - 1} bytes, but the run left {size}.")


def test_a_file_of_the_record_that_the_run_did_not_leave_is_named(folder):
    shutil.copy(folder / "activity.h5", folder / "report_error.h5")
    assert failure(folder) == (CHANGED, "report_error.h5 is a file that the run did not leave.")


def test_a_manifest_that_is_torn_is_refused(folder):
    (folder / "manifest.json").write_text("{")
    assert failure(folder)[0] == REFUSED


def alter_hdf5(name: str, change: Callable[[h5py.File], None]) -> Callable[[Path], None]:
    def alter(folder: Path) -> None:
        with h5py.File(folder / name, "r+") as file:
            change(file)

    return alter


def set_attribute(owner: str, key: str, value: object) -> Callable[[h5py.File], None]:
    return lambda file: file[owner].attrs.__setitem__(key, value)


def set_value(name: str, where: object, value: float) -> Callable[[h5py.File], None]:
    return lambda file: file[name].__setitem__(where, value)


def weight(exists: bool, value: float) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        name = "V1_E_to_output"
        post, pre = np.argwhere(file[f"projections/{name}/mask"][()] == exists)[0]
        file[f"snapshots/final/{name}"][post, pre] = value

    return change


def other_line(folder: Path) -> None:
    """Say the lines of the metrics in another order."""
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    (folder / "metrics.jsonl").write_text("\n".join([lines[1], lines[0], *lines[2:]]) + "\n")


def lost_loss(folder: Path) -> None:
    """Say that a loss was not finite, as JSON can."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    lines[-1]["test_loss"] = None
    (folder / "metrics.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")


DAMAGES: dict[str, tuple[Callable[[Path], None], int, str]] = {
    "a format of nobody": (alter_hdf5("weights.h5", set_attribute("/", "format", np.bytes_(b"x"))), UNKNOWN, "has the format 'x'"),
    "a newer version": (
        alter_hdf5("activity.h5", set_attribute("/", "format_version", np.bytes_(b"2.0"))),
        UNKNOWN,
        "activity.h5 has the layout 2.0, but 1.0 is understood; update bio_fa",
    ),
    "a negative weight": (alter_hdf5("weights.h5", weight(True, -1e-3)), VIOLATED, "dale violations 1, mask violations 0"),
    "an absent synapse": (alter_hdf5("weights.h5", weight(False, 1.0)), VIOLATED, "dale violations 0, mask violations 1"),
    "a negative rate": (
        alter_hdf5("activity.h5", set_value("report/V1_E/data", (0, 0), -1.0)),
        VIOLATED,
        "mask violations 0, negative_rate violations 1",
    ),
    "a trial that ends early": (alter_hdf5("activity.h5", set_value("trials/stop_time", 0, -1.0)), OUT_OF_TIME, "ends before it"),
    "a trial out of place": (alter_hdf5("activity.h5", set_value("trials/start_time", 1, 5.0)), OUT_OF_TIME, "does not begin"),
    "an epoch that comes late": (alter_hdf5("activity.h5", set_value("trials/epoch", 0, 9)), OUT_OF_TIME, "of epochs go down"),
    "frames without time": (
        alter_hdf5("activity.h5", set_value("report/V1_E/mapping/time", 1, 0.0)),
        OUT_OF_TIME,
        "V1_E has 12 frames from 0.0 to 0.0 ms",
    ),
    "a snapshot out of order": (
        alter_hdf5("weights.h5", set_attribute("snapshots/initial", "step", np.int64(99))),
        OUT_OF_TIME,
        "the steps of its snapshots go down",
    ),
    "a line out of order": (other_line, OUT_OF_TIME, "metrics.jsonl: epoch goes from 1 to 0 in line 2"),
    "an infinite weight": (alter_hdf5("weights.h5", weight(True, np.inf)), NOT_FINITE, "weights.h5: 1 numbers of snapshots/final"),
    "a potential that is no number": (
        alter_hdf5("report_potential.h5", set_value("report/V1_E/data", (0, 0), np.nan)),
        NOT_FINITE,
        "report_potential.h5: 1 numbers of report/V1_E/data are not finite",
    ),
    "a loss that is no number": (lost_loss, NOT_FINITE, "the test loss of epoch 2 is not finite"),
    "a dataset that is gone": (alter_hdf5("activity.h5", lambda file: file.__delitem__("nodes/V1_E")), REFUSED, "activity.h5"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_was_wrong_when_the_run_ended_is_named_by_its_check(folder, damage):
    alter, code, words = DAMAGES[damage]
    alter(folder)
    assert failure(folder)[0] == CHANGED
    RunFolder(folder).seal(["mine.py"])
    found, sentence = failure(folder)
    assert (found, words in sentence) == (code, True), sentence


def test_spikes_that_go_back_in_time_are_found(tmp_path):
    folder = run(spiking_experiment(epochs=1), tmp_path / "run")
    assert failure(folder) == (HELD, "")
    with h5py.File(folder / "activity.h5", "r+") as file:
        name = next(each for each in file["spikes"] if len(file[f"spikes/{each}/timestamps"]) > 1)
        times = file[f"spikes/{name}/timestamps"]
        times[0] = times[-1] + 1
    RunFolder(folder).seal()
    assert failure(folder) == (OUT_OF_TIME, f"activity.h5: spikes/{name}/timestamps go back in time.")


def test_of_a_run_that_stored_no_weights_nothing_is_called_sound(folder):
    (folder / "weights.h5").unlink()
    RunFolder(folder).seal(["mine.py"])
    assert failure(folder) == (REFUSED, "No weights were stored, so that no constraint can be checked; give a run that kept some.")


def test_memory_does_not_grow_with_the_record(folder, monkeypatch):
    """Blocks of one row must find what blocks of all rows find."""
    monkeypatch.setattr("bio_fa.io.values.BLOCK", 1)
    assert failure(folder) == (HELD, "")
    alter, code, words = DAMAGES["a negative weight"]
    alter(folder)
    RunFolder(folder).seal(["mine.py"])
    assert (failure(folder)[0], words in failure(folder)[1]) == (code, True)
