"""Failure aimed at: a run that has not ended and is called sound, although its checkpoints or segments are not."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bio_fa.analysis import check_run
from bio_fa.analysis.soundness import CHANGED, HELD, NOT_FINITE, OUT_OF_TIME, UNKNOWN, VIOLATED
from bio_fa.io import checkpoint as checkpoint_
from bio_fa.io.run_folder import RunFolder
from bio_fa.running import run
from bio_fa.watching import Watcher
from tests.analysis.sound import failure, flip
from tests.faults.damaged_runs import tiny


class Impatient(Watcher):
    """Somebody who stops a run after its second epoch."""

    def evaluated(self, line):
        """Press Ctrl-C."""
        if line["epoch"] == 2:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sound") / "run"
    with pytest.raises(KeyboardInterrupt):
        run(replace(tiny(), epochs=3), folder, watcher=Impatient())
    return folder


@pytest.fixture
def unfinished(interrupted, tmp_path) -> Path:
    return shutil.copytree(interrupted, tmp_path / "run")


def test_a_run_that_has_not_ended_says_so_and_its_hashes_are_those_of_its_checkpoints(unfinished):
    first = next(iter(check_run(unfinished)))
    assert first.code == HELD and "has not ended" in first.sentence
    newest = json.loads((RunFolder(unfinished).checkpoints.steps()[-1] / "state.json").read_text())
    assert f"Checkpoints (2) and segments that they list ({len(newest['segments'])}) are as they were" in first.sentence
    assert failure(unfinished) == (HELD, "")


@pytest.mark.parametrize("pattern", ["segments/activity-*", "checkpoints/*/state.safetensors", "checkpoints/*/state.json"])
def test_of_a_run_that_has_not_ended_a_flipped_bit_is_found_too(unfinished, pattern):
    path = sorted(unfinished.glob(pattern))[0]
    flip(path, 1000)
    code, sentence = failure(unfinished)
    assert code == CHANGED and str(path.relative_to(unfinished)) in sentence


def rewritten(folder: Path, value: float, exists: bool = True) -> None:
    """Write the newest checkpoint again, with another weight, and with hashes that are right."""
    place = RunFolder(folder)
    held = place.checkpoints.newest(place.segments)
    kept = held.state["training"]["simulation"]
    w, mask = kept["weights"]["V1_E_to_output"], np.asarray(kept["masks"]["V1_E_to_output"])
    post, pre = np.argwhere((mask != 0) == exists)[0]
    kept["weights"]["V1_E_to_output"] = changed = np.array(w)
    changed[post, pre] = value
    path = place.checkpoints.steps()[-1]
    shutil.rmtree(path)
    place.checkpoints.write(int(path.name.removeprefix("step-")), held)


@pytest.mark.parametrize(
    ("value", "exists", "code", "words"),
    [
        (-1.0, True, VIOLATED, "dale violations 1, mask violations 0"),
        (1.0, False, VIOLATED, "dale violations 0, mask violations 1"),
        (np.inf, True, NOT_FINITE, "1 numbers are not finite"),
    ],
)
def test_a_constraint_that_is_broken_in_a_checkpoint_alone_is_found(unfinished, value, exists, code, words):
    rewritten(unfinished, value, exists)
    found, sentence = failure(unfinished)
    assert (found, words in sentence) == (code, True), sentence


def test_a_checkpoint_of_another_layout_is_named(unfinished, monkeypatch):
    with monkeypatch.context() as patched:
        place = RunFolder(unfinished)
        held = place.checkpoints.newest(place.segments)
        patched.setattr(checkpoint_, "SCHEMA", 99)
        place.checkpoints.write(99, held)
    code, sentence = failure(unfinished)
    assert code == UNKNOWN and "step-00000099 has the schema 99, but 1 is understood" in sentence


def test_a_segment_that_is_missing_between_others_is_found(unfinished):
    """Segments that no checkpoint lists any more, because a damaged one was removed, must still follow each other."""
    place = RunFolder(unfinished)
    place.checkpoints.clear()
    place.segments.of("activity")[0].rename(unfinished / "segments" / "activity-000099.h5")
    code, sentence = failure(unfinished)
    assert code == OUT_OF_TIME and "begins at 0.0 ms, but the file before ended at" in sentence
