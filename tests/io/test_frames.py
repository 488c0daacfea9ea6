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


@pytest.mark.parametrize("values", [np.ones(3), np.ones((3, 1), int), np.arange(4), ["a", "b", "c"], 3])
def test_what_is_not_one_whole_number_a_trial_is_refused(values):
    with pytest.raises(RecordError, match="one whole number for each of the 3 trials"):
        whole_numbers(values, 3, "label")


def test_whole_numbers_of_any_width_are_taken():
    found = whole_numbers(np.array([1, 2, 255], np.uint8), 3, "label")
    assert found.dtype == np.int64
    assert found.tolist() == [1, 2, 255]
