"""Failure aimed at: trials that are written together and are then others than those written one batch after the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bio_fa.io.activity import ActivityWriter
from bio_fa.io.blocks import Block, joined
from bio_fa.io.frames import by_trial
from bio_fa.io.nodes import PopulationInfo
from bio_fa.io.scratch import Scratch
from tests.faults.damaged_runs import values

POPULATIONS = [PopulationInfo("E", 3, 1, "V1", "forward", "E"), PopulationInfo("I", 2, -1, "V1", "forward", "I")]


def block(seed: int, trials: int, epoch: int = 1, labelled: bool = True) -> Block:
    rng = np.random.default_rng(seed)
    phases = ("free", "nudged")
    frames = {phase: {each.name: rng.random((4, trials, each.size)) for each in POPULATIONS} for phase in phases}
    spikes = {phase: {"E": np.argwhere(rng.random((4, trials, 3)) < 0.3)} for phase in phases}
    label = rng.integers(9, size=trials) if labelled else None
    return Block(frames, label, rng.integers(99, size=trials), epoch, spikes)


def written(path: Path, blocks: list[Block]) -> dict[str, np.ndarray]:
    with ActivityWriter(path, POPULATIONS, ("free", "nudged"), 1e-3, spiking=["E"]) as writer:
        for each in blocks:
            writer.append(each.frames, each.label, each.stimulus, each.epoch, each.spikes)
    return values(path)


@pytest.mark.parametrize("labelled", [True, False])
def test_joined_trials_make_the_file_that_they_make_one_after_the_other(tmp_path, labelled):
    blocks = [block(seed, trials, labelled=labelled) for seed, trials in enumerate((2, 5, 1))]
    together, apart = written(tmp_path / "1.h5", [joined(blocks, Scratch())]), written(tmp_path / "2.h5", blocks)
    assert together.keys() == apart.keys()
    for key in apart:
        np.testing.assert_array_equal(together[key], apart[key], err_msg=key)


def test_joined_frames_lie_in_memory_as_rows_so_that_they_are_not_copied_again():
    made = joined([block(seed, 2) for seed in range(3)], Scratch())
    for each in POPULATIONS:
        phases = [kept[each.name] for kept in made.frames.values()]
        rows = by_trial(phases, Scratch(), np.dtype(float))
        assert np.shares_memory(rows, phases[0]) and np.shares_memory(rows, phases[1])


def test_trials_of_another_epoch_or_without_labels_do_not_join():
    first = block(0, 2)
    assert first.joins(block(1, 5))
    assert not first.joins(block(1, 5, epoch=2))
    assert not first.joins(block(1, 5, labelled=False))
    shorter = {phase: {name: each[:2] for name, each in kept.items()} for phase, kept in first.frames.items()}
    assert not first.joins(Block(shorter, first.label, first.stimulus, 1, first.spikes))
    assert not first.joins(Block({"free": first.frames["free"]}, first.label, first.stimulus, 1, first.spikes))


def test_the_size_is_that_of_frames_and_spikes():
    made = block(0, 2)
    spikes = sum(len(kept["E"]) for kept in made.spikes.values())
    assert made.size == 2 * 4 * 2 * (3 + 2) * 8 + spikes * 3 * 8
