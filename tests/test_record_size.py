"""Failure aimed at: an estimate of a record's size that the disk will not bear out."""

from __future__ import annotations

import pytest

from bio_fa import Record, one_phase, two_phase
from bio_fa.neurons import LIF, TwoCompartmentLIF
from bio_fa.record_size import ENTRY_BYTES, RecordSize
from bio_fa.reduction import Histogram, Mean
from bio_fa.selection import RandomNeurons
from models.two_area import two_area
from tests.spiking import RATE_OUTPUT, short, spiking_circuit

CIRCUIT = two_area(5, 6, 3)
NEURONS = sum(population.size for population in CIRCUIT.populations)
SETTLING = two_phase(CIRCUIT)
TIMED = two_phase(CIRCUIT, duration=0.05, dt=1e-3)
SPIKING = spiking_circuit(neuron=LIF(unit_rate=50.0), others=RATE_OUTPUT)
"""64 sources at 100 Hz; 10 + 2 + 5 + 5 neurons at 50 Hz; 10 of rates."""
BRIEF = short(SPIKING)
"""20 + 20 time steps, windows of 10."""


def size(record, circuit, protocol, epochs: int, trials: int, learning: int = 0) -> int:
    return RecordSize(record, circuit, protocol).whole(epochs, trials, learning, batch=10)


@pytest.mark.parametrize(
    ("record", "protocol", "trials", "entries", "numbers"),
    [
        (Record(trials=8), SETTLING, 100, 2 * 8 * 2, 2 * 8 * 2 * NEURONS),
        (Record(trials=8), SETTLING, 3, 2 * 3 * 2, 2 * 3 * 2 * NEURONS),
        (Record(trials=8, every=1), SETTLING, 100, 5 * 8 * 2, 5 * 8 * 2 * NEURONS),
        (Record(trials=8, populations=("output",), phases=("free",)), SETTLING, 100, 2 * 8, 2 * 8 * 3),
        (Record(trials=1, stride=7), TIMED, 100, 2 * 2, 2 * (7 + 7) * NEURONS),
        (Record(trials=0), SETTLING, 100, 0, 0),
        (Record(trials=4), one_phase(CIRCUIT), 100, 2 * 4, 2 * 4 * NEURONS),
        (Record(("input", "output"), trials=4, neurons=RandomNeurons(4)), SETTLING, 100, 2 * 4 * 2, 2 * 4 * 2 * (4 + 3)),
        (Record(trials=4, reduction=Mean()), TIMED, 100, 2 * 4 * 2, 2 * 4 * 2 * NEURONS),
        (Record(trials=4, reduction=Histogram(bins=7)), TIMED, 100, 2 * 4 * 2, 2 * 4 * 2 * 7 * NEURONS),
    ],
)
def test_the_size_is_four_bytes_for_each_time_trial_frame_and_neuron_beside_what_is_said_of_phases(
    record, protocol, trials, entries, numbers
):
    assert size(record, CIRCUIT, protocol, 4, trials) == 4 * numbers + ENTRY_BYTES * entries


def test_half_precision_takes_half_the_room():
    entries = ENTRY_BYTES * 2 * 4 * 2
    whole, half = (size(Record(trials=4, precision=each), CIRCUIT, SETTLING, 4, 9) for each in ("float32", "float16"))
    assert whole - entries == 2 * (half - entries)


def test_variables_add_a_number_a_neuron_that_has_them_and_the_error_one_phase():
    plain, more = (size(Record(trials=4, variables=each), CIRCUIT, SETTLING, 4, 9) for each in ((), ("feedback", "error")))
    felt, taught = (sum(each.size for each in Record().variable_list(name, CIRCUIT)) for name in ("feedback", "error"))
    assert more - plain == 2 * 4 * 4 * (2 * felt + taught) > 0


@pytest.mark.parametrize(("every", "trials"), [(1, 25), (2, 15), (3, 10)])
def test_learning_trials_count_in_every_epoch_as_many_as_are_in_the_recorded_batches(every, trials):
    """25 learning trials are batches of 10, 10 and 5."""
    each = 2 * (4 * NEURONS + ENTRY_BYTES)
    assert size(Record(trials=0, learning=every), CIRCUIT, SETTLING, 4, 9, learning=25) == 4 * trials * each


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        # two takings; a frame a phase of 96 neurons; spikes of 16 bytes: (64 · 100 + 22 · 50) Hz for 0.04 s
        (Record(trials=8), 2 * 8 * (2 * (96 * 4 + ENTRY_BYTES) + 300 * 16)),
        (Record(trials=8, spikes=False), 2 * 8 * 2 * (96 * 4 + ENTRY_BYTES)),
        (Record(("V1_I",), ("free",), trials=8, stride=2), 2 * 8 * (10 * 2 * 4 + 2 * 16 + ENTRY_BYTES)),
        # 40 steps of 3 + 2 + 3 + 3 + 3 neurons in 3 trials, 4 bytes each
        (Record(trials=8, spikes=False, potentials=3), 2 * (8 * 2 * (96 * 4 + ENTRY_BYTES) + 3 * 40 * 14 * 4)),
        (Record(trials=2, spikes=False, potentials=3), 2 * 2 * (2 * (96 * 4 + ENTRY_BYTES) + 40 * 14 * 4)),
    ],
)
def test_the_size_with_spikes_is_that_of_neurons_which_all_fire_at_the_rate_that_counts_as_1(record, expected):
    assert size(record, SPIKING, BRIEF, epochs=1, trials=100) == expected


def test_neurons_whose_apical_compartment_feels_feedback_have_two_potentials():
    """3 of V1_E do; 40 steps of 3 trials, twice."""
    sizes = [
        size(Record(trials=8, spikes=False, potentials=3), spiking_circuit(neuron=each, others=RATE_OUTPUT), BRIEF, 1, 100)
        for each in (LIF(), TwoCompartmentLIF())
    ]
    assert sizes[1] - sizes[0] == 2 * 3 * 40 * 3 * 4


def test_no_neuron_is_expected_to_fire_more_than_once_a_time_step():
    fast = spiking_circuit(neuron=LIF(unit_rate=1e6))
    assert size(Record(("V1_I",), trials=1), fast, BRIEF, 1, 1) == 2 * (2 * (2 * 4 + ENTRY_BYTES) + 2 * 40 * 16)
