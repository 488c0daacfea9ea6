"""Aims at a record that keeps something else than asked for, or that is asked for what there is not."""

from __future__ import annotations

import re

import numpy as np
import pytest

from bio_fa import Nudge, Phase, Protocol, Record, two_phase
from bio_fa.errors import DescriptionError
from bio_fa.neurons import LIF, TwoCompartmentLIF
from bio_fa.reduction import Histogram, Mean
from bio_fa.selection import NeuronSlice
from models.two_area import two_area
from tests.spiking import RATE_OUTPUT, short, spiking_circuit

CIRCUIT = two_area(5, 6, 3)
SETTLING = two_phase(CIRCUIT)
TIMED = two_phase(CIRCUIT, duration=0.05, dt=1e-3)
MIXED = Protocol((Phase("free", ("input",)), Phase("nudged", ("input",), (Nudge("output"),), duration=0.05, plastic=True)))


SPIKING = spiking_circuit(neuron=LIF(unit_rate=50.0), others=RATE_OUTPUT)
"""64 sources at 100 Hz; 10 + 2 + 5 + 5 neurons at 50 Hz; 10 of rates."""
BRIEF = short(SPIKING)
"""20 + 20 time steps, windows of 10."""
UNEQUAL = Protocol((Phase("free", ("input",), duration=0.06, window=0.01), Phase("late", ("input",), duration=0.09, window=0.01)))


@pytest.mark.parametrize("setting", [{"trials": -1}, {"every": 0}, {"stride": 0}, {"potentials": -1}, {"learning": 0}])
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


@pytest.mark.parametrize(("stride", "allowed"), [(None, True), (20, True), (4, True), (1, True), (3, False), (15, False)])
def test_with_spikes_a_frame_divides_its_phase_so_that_no_spike_lies_outside(stride, allowed):
    if allowed:
        return Record(stride=stride).check(SPIKING, BRIEF)
    with pytest.raises(DescriptionError, match="time steps that divide every phase of a circuit with spikes, such as 20"):
        Record(stride=stride).check(SPIKING, BRIEF)


def test_without_a_stride_phases_with_spikes_must_last_equally_long_and_else_a_stride_is_proposed():
    with pytest.raises(DescriptionError, match="stride = None is not allowed; give time steps .* such as 30"):
        Record().check(SPIKING, UNEQUAL)
    Record(stride=30).check(SPIKING, UNEQUAL)
    Record(phases=("late",)).check(SPIKING, UNEQUAL)


@pytest.mark.parametrize(
    ("record", "circuit", "protocol", "seconds"),
    [
        (Record(), SPIKING, BRIEF, 0.02),
        (Record(stride=5), SPIKING, BRIEF, 0.005),
        (Record(), CIRCUIT, TIMED, 0.001),
        (Record(), CIRCUIT, SETTLING, 0.1),
    ],
)
def test_without_a_stride_a_frame_is_a_phase_of_spikes_or_a_step_of_rates(record, circuit, protocol, seconds):
    assert record.frame(circuit, protocol) == pytest.approx(seconds)


def test_only_whole_phases_of_spikes_are_recorded_as_the_activity_that_rules_read():
    assert Record().windowed(SPIKING)
    assert not Record(stride=20).windowed(SPIKING)
    assert not Record().windowed(CIRCUIT)


def test_spikes_are_kept_of_recorded_populations_that_spike():
    names = ["input", "V1_E", "V1_I", "V1_FE", "V1_FI"]
    assert [each.name for each in Record().spiking_list(SPIKING)] == names
    assert [each.name for each in Record(("output", "V1_I")).spiking_list(SPIKING)] == ["V1_I"]
    assert Record(spikes=False).spiking_list(SPIKING) == Record().spiking_list(CIRCUIT) == ()


def test_potentials_are_kept_of_those_that_have_one_in_every_phase():
    assert [each.name for each in Record(potentials=2).potential_list(SPIKING, BRIEF)][:2] == ["V1_E", "V1_I"]
    assert "input" not in [each.name for each in Record(potentials=2).potential_list(CIRCUIT, SETTLING)]
    assert "output" in [each.name for each in Record(potentials=2).potential_list(CIRCUIT, SETTLING)]
    clamped = Protocol((Phase("free", ("input",)), Phase("taught", ("input", "output"))))
    assert "output" not in [each.name for each in Record(potentials=2).potential_list(CIRCUIT, clamped)]
    assert Record().potential_list(SPIKING, BRIEF) == ()


def test_the_potentials_of_a_circuit_are_those_that_its_neurons_have():
    apart = spiking_circuit(neuron=TwoCompartmentLIF(), others=RATE_OUTPUT)
    record, trial = Record(potentials=2), short(apart)
    assert record.potential_names(apart, trial) == ("potential", "apical_potential")
    assert record.potential_names(SPIKING, BRIEF) == ("potential",)
    assert record.potential_names(CIRCUIT, SETTLING) == ("potential",)
    assert Record(("output",), potentials=2).potential_names(apart, trial) == ("potential",)
    assert [each.name for each in record.potential_list(apart, trial, "apical_potential")] == ["V1_E"]
    assert Record().potential_names(apart, trial) == ()


def test_potentials_of_nobody_cannot_be_recorded():
    with pytest.raises(DescriptionError, match="potentials = 2 is not allowed; give 0: every recorded population is clamped"):
        Record(("input",), potentials=2).check(SPIKING, BRIEF)


def test_without_names_everyone_is_recorded_in_the_circuits_order():
    assert Record().population_list(CIRCUIT) == CIRCUIT.populations
    assert Record().phase_names(SETTLING) == ("free", "nudged")


def test_names_are_recorded_in_the_circuits_order_whatever_order_they_come_in():
    record = Record(populations=("output", "input"), phases=("nudged", "free"))
    assert [each.name for each in record.population_list(CIRCUIT)] == ["input", "output"]
    assert record.phase_names(SETTLING) == ("free", "nudged")


def test_a_frame_lasts_as_many_steps_as_the_stride():
    assert Record(stride=5).frame(CIRCUIT, TIMED) == pytest.approx(5e-3)
    assert Record(stride=5).frame(CIRCUIT, SETTLING) == 0.1


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


def test_frames_are_stacked_along_time_for_the_recorded_populations_only():
    frames = [{"input": np.full((2, 5), time), "output": np.full((2, 3), -time)} for time in (1.0, 2.0, 3.0)]
    stacked = Record(populations=("output",)).kept(CIRCUIT, SETTLING).stack(frames)
    assert stacked.keys() == {"output"}
    np.testing.assert_array_equal(stacked["output"], -np.array([1.0, 2.0, 3.0])[:, None, None] * np.ones((1, 2, 3)))


def test_a_single_frame_is_not_copied_when_it_is_stacked():
    frame = {each.name: np.zeros((2, each.size)) for each in CIRCUIT.populations}
    assert np.shares_memory(Record().kept(CIRCUIT, SETTLING).stack([frame])["V1_E"], frame["V1_E"])


@pytest.mark.parametrize(
    ("record", "circuit", "protocol", "reason"),
    [
        (Record(neurons=NeuronSlice(start=9)), CIRCUIT, SETTLING, "start = 9 is not allowed; give at most 4"),
        (Record(variables=("trace",)), CIRCUIT, SETTLING, "give others: no recorded population has 'trace'"),
        (Record(("input",), variables=("error",)), CIRCUIT, SETTLING, "no recorded population has 'error'"),
        (Record(variables=("feedback",), spikes=False, stride=30), SPIKING, UNEQUAL, "nothing where phases differ in duration"),
        (Record(reduction=Mean(), spikes=False, stride=30), SPIKING, UNEQUAL, "nothing where phases differ in duration"),
        (Record(reduction=Histogram()), SPIKING, BRIEF, "spikes = false with it"),
        (Record(reduction=Mean("trials")), SPIKING, BRIEF, "spikes = false with it"),
    ],
)
def test_what_could_not_be_recorded_is_refused_with_the_reason(record, circuit, protocol, reason):
    with pytest.raises(DescriptionError, match=re.escape(reason)):
        record.check(circuit, protocol)


def test_a_variable_that_comes_twice_is_refused():
    with pytest.raises(DescriptionError, match="give each variable once"):
        Record(variables=("feedback", "feedback"))


def test_a_variable_is_recorded_of_those_that_have_it():
    felt = [each.name for each in Record().variable_list("feedback", CIRCUIT)]
    assert felt == [each.name for each in CIRCUIT.populations if each.apical is not None] != []
    taught = {each.post for each in CIRCUIT.plastic if each.error is not None}
    assert {each.name for each in Record().variable_list("error", CIRCUIT)} <= taught
    assert Record().phase_names(SETTLING, "error") == ("nudged",)


@pytest.mark.parametrize(("every", "taken"), [(None, []), (1, [0, 1, 2, 3, 4]), (2, [0, 2, 4]), (9, [0])])
def test_every_so_many_batches_of_learning_are_recorded(every, taken):
    assert [batch for batch in range(5) if Record(learning=every).learned(batch)] == taken


def test_a_summary_of_a_phase_takes_as_long_as_the_phase():
    assert Record(reduction=Mean()).frame(CIRCUIT, TIMED) == pytest.approx(0.05)
    assert Record(reduction=Histogram(bins=4)).frame(CIRCUIT, SETTLING) == pytest.approx(0.1 / 4)
    assert Record(reduction=Mean()).frame_steps(SPIKING, BRIEF, BRIEF.phases[0]) == 1, "the mean of single steps"
