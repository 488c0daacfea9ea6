"""Aims at a record that keeps something else than asked for, and at an estimate of its size that the disk will not bear out."""

from __future__ import annotations

import numpy as np
import pytest

from bio_fa import Nudge, Phase, Protocol, Record, one_phase, two_phase
from bio_fa.errors import DescriptionError
from models.two_area import two_area

CIRCUIT = two_area(5, 6, 3)
NEURONS = sum(population.size for population in CIRCUIT.populations)
SETTLING = two_phase(CIRCUIT)
TIMED = two_phase(CIRCUIT, duration=0.05, dt=1e-3)
MIXED = Protocol((Phase("free", ("input",)), Phase("nudged", ("input",), (Nudge("output"),), duration=0.05, plastic=True)))


@pytest.mark.parametrize("setting", [{"trials": -1}, {"every": 0}, {"stride": 0}])
def test_counts_below_their_least_are_refused(setting):
    with pytest.raises(DescriptionError, match=f"{next(iter(setting))} = .* is not allowed; give at least"):
        Record(**setting)


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (Record(populations=("V1_e",)), "no population is called 'V1_e'; did you mean 'V1_E'"),
        (Record(phases=("fre",)), "no phase is called 'fre'; did you mean 'free'"),
        (Record(phases=("free", "late")), "no phase is called 'late'"),
    ],
)
def test_what_does_not_exist_cannot_be_recorded(record, reason):
    with pytest.raises(DescriptionError, match=reason):
        record.check(CIRCUIT, SETTLING)


def test_frames_of_unequal_length_cannot_be_recorded_together_but_one_kind_can():
    with pytest.raises(DescriptionError, match="phases that all settle, or that all have a duration"):
        Record().check(CIRCUIT, MIXED)
    Record(phases=("nudged",)).check(CIRCUIT, MIXED)


def test_a_stride_past_the_end_of_a_phase_would_record_nothing_and_is_refused():
    with pytest.raises(DescriptionError, match="stride = 51 is not allowed; give at most the 50 time steps"):
        Record(stride=51).check(CIRCUIT, TIMED)
    Record(stride=50).check(CIRCUIT, TIMED)
    Record(stride=51).check(CIRCUIT, SETTLING)


def test_without_names_everyone_is_recorded_in_the_circuits_order():
    assert Record().population_list(CIRCUIT) == CIRCUIT.populations
    assert Record().phase_names(SETTLING) == ("free", "nudged")


def test_names_are_recorded_in_the_circuits_order_whatever_order_they_come_in():
    record = Record(populations=("output", "input"), phases=("nudged", "free"))
    assert [each.name for each in record.population_list(CIRCUIT)] == ["input", "output"]
    assert record.phase_names(SETTLING) == ("free", "nudged")


def test_a_frame_lasts_as_many_steps_as_the_stride():
    assert Record(stride=5).frame(TIMED, TIMED.phases[0]) == pytest.approx(5e-3)
    assert Record(stride=5).frame(SETTLING, SETTLING.phases[0]) == 0.1


@pytest.mark.parametrize(
    ("record", "epochs", "taken"),
    [
        (Record(), 7, {0, 7}),
        (Record(every=3), 7, {0, 3, 6, 7}),
        (Record(every=1), 2, {0, 1, 2}),
        (Record(every=9), 7, {0, 7}),
        (Record(trials=0, every=1), 7, set()),
    ],
)
def test_the_record_is_taken_before_after_and_every_so_many_epochs(record, epochs, taken):
    assert {epoch for epoch in range(epochs + 1) if record.due(epoch, epochs)} == taken


@pytest.mark.parametrize(
    ("record", "protocol", "trials", "numbers"),
    [
        (Record(trials=8), SETTLING, 100, 2 * 8 * 2 * NEURONS),
        (Record(trials=8), SETTLING, 3, 2 * 3 * 2 * NEURONS),
        (Record(trials=8, every=1), SETTLING, 100, 5 * 8 * 2 * NEURONS),
        (Record(trials=8, populations=("output",), phases=("free",)), SETTLING, 100, 2 * 8 * 3),
        (Record(trials=1, stride=7), TIMED, 100, 2 * (7 + 7) * NEURONS),
        (Record(trials=0), SETTLING, 100, 0),
        (Record(trials=4), one_phase(CIRCUIT), 100, 2 * 4 * NEURONS),
    ],
)
def test_the_size_is_four_bytes_for_each_time_trial_frame_and_neuron(record, protocol, trials, numbers):
    assert record.bytes(CIRCUIT, protocol, epochs=4, trials=trials) == 4 * numbers


def test_frames_are_stacked_along_time_for_the_recorded_populations_only():
    frames = [{"input": np.full((2, 5), time), "output": np.full((2, 3), -time)} for time in (1.0, 2.0, 3.0)]
    stacked = Record(populations=("output",)).stack(frames, CIRCUIT)
    assert stacked.keys() == {"output"}
    np.testing.assert_array_equal(stacked["output"], -np.array([1.0, 2.0, 3.0])[:, None, None] * np.ones((1, 2, 3)))
