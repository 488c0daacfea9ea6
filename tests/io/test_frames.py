"""Aims at frames that are taken apart in the wrong order or counted wrongly."""

from __future__ import annotations

import numpy as np
import pytest

from bio_fa.errors import RecordError
from bio_fa.io.frames import by_trial, durations, whole_numbers
from bio_fa.io.scratch import Scratch
from tests.io.recording import PHASES, POPULATIONS, frames


def test_durations_come_in_the_order_of_the_phases_whatever_the_order_given():
    recorded = frames(np.random.default_rng(0), (("nudged", 2), ("free", 5)))
    assert list(durations(recorded, POPULATIONS, PHASES, trials=3).items()) == [("free", 5), ("nudged", 2)]


def test_another_number_of_trials_than_stimuli_is_refused():
    recorded = frames(np.random.default_rng(0), trials=3)
    with pytest.raises(RecordError, match=r"give \(time, trial, neuron\) = \(1, 4, 4\)"):
        durations(recorded, POPULATIONS, PHASES, trials=4)


def test_rows_run_by_trial_then_phase_then_time():
    """Written out for two trials, one frame and then two: the value is trial · 10 + position."""
    first = np.array([[[0.0], [10.0]]])
    second = np.array([[[1.0], [11.0]], [[2.0], [12.0]]])
    rows = by_trial([first, second], Scratch())
    assert rows.dtype == np.float32
    assert rows[:, 0].tolist() == [0, 1, 2, 10, 11, 12]


@pytest.mark.parametrize("times", [(1,), (1, 1), (2, 3)])
def test_frames_that_lie_in_memory_as_rows_are_not_copied(times):
    held = np.random.default_rng(0).random((4, sum(times), 3), dtype=np.float32)
    phases = [np.swapaxes(part, 0, 1) for part in np.split(held, np.cumsum(times)[:-1], axis=1)]
    rows = by_trial(phases, Scratch())
    assert np.shares_memory(rows, held)
    np.testing.assert_array_equal(rows, held.reshape(-1, 3))


@pytest.mark.parametrize("lies", ["elsewhere", "in another order", "with gaps", "in another type"])
def test_frames_that_lie_otherwise_are_copied(lies):
    held = np.random.default_rng(0).random((4, 2, 3), dtype=np.float32)
    first, second = (np.swapaxes(held[:, part : part + 1], 0, 1) for part in range(2))
    phases = {
        "elsewhere": [first, second.copy()],
        "in another order": [second, first],
        "with gaps": [first[:, ::2], second[:, ::2]],
        "in another type": [first.astype(float), second.astype(float)],
    }[lies]
    rows = by_trial(phases, Scratch())
    assert rows.dtype == np.float32 and not np.shares_memory(rows, held)
    np.testing.assert_array_equal(rows, np.stack([each[0] for each in phases], axis=1).reshape(-1, 3))


@pytest.mark.parametrize("values", [np.ones(3), np.ones((3, 1), int), np.arange(4), ["a", "b", "c"], 3])
def test_what_is_not_one_whole_number_a_trial_is_refused(values):
    with pytest.raises(RecordError, match="one whole number for each of the 3 trials"):
        whole_numbers(values, 3, "label")


def test_whole_numbers_of_any_width_are_taken():
    found = whole_numbers(np.array([1, 2, 255], np.uint8), 3, "label")
    assert found.dtype == np.int64
    assert found.tolist() == [1, 2, 255]
