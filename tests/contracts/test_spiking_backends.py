"""Aims at a backend that breaks among spikes what bio_fa promises of every circuit: Dale's law, absent synapses, activities of
at least 0, fixed feedback, repeatable runs, trials that know nothing of each other. Every backend of spikes runs through it.
"""

from __future__ import annotations

import functools
import random
from typing import NamedTuple

import numpy as np
import pytest

from bio_fa import LIF, Adaptive, Circuit, LocalLearning, Parameters, RegularSource, Scale, Update
from bio_fa.backends.base import Simulation, State
from tests.tiny import PLASTIC_SPIKING, SPIKING, SPIKING_BACKENDS, batch, compiled, spiking_trial, violations

WINDOW, DT = 0.03, 1e-3
TRIALS = 2

backend = pytest.mark.parametrize("backend", SPIKING_BACKENDS)
plastic = pytest.mark.parametrize("name", PLASTIC_SPIKING)
every_circuit = pytest.mark.parametrize("name", SPIKING)


class Outcome(NamedTuple):
    """What some trials of a circuit leave."""

    circuit: Circuit
    parameters: list[Parameters]
    """Before the first trial, and after each."""
    activities: list[np.ndarray]
    """Of every population in every phase of every trial."""


def simulation_of(circuit: Circuit, backend: str, update: Update = Scale(1.0)) -> Simulation:  # noqa: B008 (frozen)
    return compiled(circuit, spiking_trial(circuit, window=WINDOW, dt=DT), LocalLearning(update), backend)


def trial(simulation: Simulation, state: State, inputs: dict[str, np.ndarray]) -> tuple[State, dict[tuple[str, str], np.ndarray]]:
    """Return the state after one trial, and the spikes [step, trial, neuron] of each phase and population."""
    spikes = {}
    for phase in simulation.protocol.phases:
        state, _ = simulation.run(state, phase, inputs, every=1)
        spikes |= {(phase.name, each.name): simulation.spikes(state, each.name) for each in simulation.circuit.populations}
    return state, spikes


def same(one: dict[tuple[str, str], np.ndarray], other: dict[tuple[str, str], np.ndarray]) -> bool:
    return all(np.array_equal(one[key], other[key]) for key in one)


@functools.cache
def learned(backend: str, name: str, huge: bool = False) -> Outcome:
    """Return what two trials leave, each of which the circuit learns from, by steps that are large or beyond all measure."""
    circuit = PLASTIC_SPIKING[name]
    simulation = simulation_of(circuit, backend, Scale(1e3) if huge else Adaptive(rate=0.1))
    parameters, activities = [circuit.sample(0)], []
    state = simulation.init(parameters[0], seed=1)
    for number in range(2):
        state, _ = trial(simulation, state, batch(circuit, TRIALS, number))
        activities += [
            simulation.activity(state, each.name, phase) for each in circuit.populations for phase in ("free", "nudged")
        ]
        state = simulation.learn(state)
        parameters.append({name: synapses for name, synapses in simulation.parameters(state).items()})
    return Outcome(circuit, parameters, activities)


@backend
@plastic
@pytest.mark.parametrize("huge", [False, True])
def test_dales_law_and_the_masks_hold_after_every_trial(backend, name, huge):
    outcome = learned(backend, name, huge)
    assert [violations(outcome.circuit, parameters) for parameters in outcome.parameters] == [0] * 3


@backend
@plastic
def test_no_activity_is_negative(backend, name):
    activities = learned(backend, name).activities
    assert all((each >= 0).all() and np.isfinite(each).all() for each in activities)
    assert any(each.any() for each in activities), "a silent circuit proves nothing"


@backend
@plastic
def test_fixed_synapses_stay_bit_identical_while_the_others_learn(backend, name):
    circuit, parameters, _ = learned(backend, name)
    for projection in circuit.projections:
        before, after = parameters[0][projection.name], parameters[-1][projection.name]
        moved = not np.array_equal(before.w, after.w)
        assert moved == (projection.plasticity is not None), projection.name
        assert np.array_equal(before.mask, after.mask)


@backend
@plastic
def test_the_same_seed_gives_the_same_bits(backend, name):
    circuit, ends = PLASTIC_SPIKING[name], []
    for _ in range(2):
        simulation = simulation_of(circuit, backend)
        state = simulation.init(circuit.sample(3), seed=4)
        for number in range(2):
            state, spikes = trial(simulation, state, batch(circuit, TRIALS, number))
            state = simulation.learn(state)
        ends.append((simulation.parameters(state), spikes))
    assert same(ends[0][1], ends[1][1])
    assert all(ends[0][0][each].w.tobytes() == ends[1][0][each].w.tobytes() for each in ends[0][0])


@backend
@every_circuit
def test_another_seed_gives_other_spikes_of_the_same_synapses(backend, name):
    circuit, found = SPIKING[name], []
    simulation = simulation_of(circuit, backend)
    for seed in (1, 2):
        found.append(trial(simulation, simulation.init(circuit.sample(0), seed), batch(circuit, TRIALS))[1])
    assert not same(*found)


@backend
@every_circuit
def test_a_trial_knows_of_the_trial_before_no_more_than_its_number(backend, name):
    circuit = SPIKING[name]
    simulation, found = simulation_of(circuit, backend), []
    for before in (5, 6):
        state, _ = trial(simulation, simulation.init(circuit.sample(0)), batch(circuit, TRIALS, before))
        found.append(trial(simulation, state, batch(circuit, TRIALS, 7))[1])
    assert same(*found)
    again = trial(simulation, simulation.init(circuit.sample(0)), batch(circuit, TRIALS, 7))[1]
    assert not same(found[0], again), "a second trial has draws of its own"


@backend
@every_circuit
def test_trials_of_a_batch_do_not_hear_each_other(backend, name):
    circuit = SPIKING[name]
    simulation, inputs, found = simulation_of(circuit, backend), batch(circuit, 3), []
    for seed in (1, 2):
        others = {each: np.concatenate([values[:1], batch(circuit, 3, seed)[each][1:]]) for each, values in inputs.items()}
        state, spikes = trial(simulation, simulation.init(circuit.sample(0)), others)
        found.append({key: events[events[:, 1] == 0] for key, events in spikes.items()})
        found[-1] |= {(each.name, "rate"): simulation.activity(state, each.name, "nudged")[:1] for each in circuit.populations}
        if seed == 2:
            assert any((events[:, 1] > 0).any() for events in spikes.values() if events.size)
    for key, values in found[0].items():
        np.testing.assert_allclose(values, found[1][key], rtol=0, atol=1e-12)


@backend
@plastic
def test_trials_without_learning_change_no_parameter(backend, name):
    circuit = PLASTIC_SPIKING[name]
    simulation, parameters = simulation_of(circuit, backend), circuit.sample(0)
    state = simulation.init(parameters)
    for seed in range(2):
        state, _ = trial(simulation, state, batch(circuit, TRIALS, seed))
        simulation.deltas(state)
    for each, synapses in simulation.parameters(state).items():
        assert synapses.w.tobytes() == parameters[each].w.tobytes()


@backend
@plastic
def test_the_changes_that_are_told_are_those_that_are_learned(backend, name):
    # w ← mask · [w + η Δw]₊ with the Δw that was handed out before, which learning must not write into.
    circuit, rate = PLASTIC_SPIKING[name], 1e-2
    simulation, parameters = simulation_of(circuit, backend, Scale(rate)), circuit.sample(0)
    state, _ = trial(simulation, simulation.init(parameters), batch(circuit, TRIALS))
    deltas = simulation.deltas(state)
    again = simulation.deltas(state)
    after = simulation.parameters(simulation.learn(state))
    assert {each.name for each in circuit.plastic} == set(deltas)
    for each, delta in deltas.items():
        assert np.array_equal(delta, again[each]), "telling the change changed it"
        w, mask = parameters[each].w, parameters[each].mask
        expected = mask * (w + rate * delta)
        expected = np.maximum(expected, 0) if circuit.sign(circuit.projection(each)) is not None else expected
        np.testing.assert_allclose(after[each].w, expected, rtol=0, atol=1e-14)


@backend
@every_circuit
def test_spikes_are_listed_in_order_once_each_and_make_the_activity_of_the_window(backend, name):
    circuit = SPIKING[name]
    simulation = simulation_of(circuit, backend)
    phase = simulation.protocol.phases[0]
    state, frames = simulation.run(simulation.init(circuit.sample(0)), phase, batch(circuit, TRIALS), every=1)
    steps, first = simulation.protocol.steps(phase.duration), simulation.protocol.steps(phase.duration - WINDOW)
    assert len(frames) == steps
    for population in (each for each in circuit.populations if each.spiking):
        events, unit = simulation.spikes(state, population.name), population.neuron.unit_rate
        assert np.array_equal(events, np.unique(events, axis=0))
        assert (events >= 0).all() and (events < (steps, TRIALS, population.size)).all()
        counts = np.zeros((steps, TRIALS, population.size))
        counts[tuple(events.T)] = 1
        expected = counts[first:].sum(axis=0) / (WINDOW * unit)
        np.testing.assert_allclose(simulation.activity(state, population.name, phase.name), expected, rtol=1e-12)
        np.testing.assert_allclose([frame[population.name] for frame in frames], counts / (DT * unit), rtol=1e-12)


@backend
@every_circuit
def test_frames_of_several_steps_hold_spikes_averaged_over_them_and_rates_as_they_are_then(backend, name):
    circuit, inputs = SPIKING[name], batch(SPIKING[name], TRIALS)
    simulation = simulation_of(circuit, backend)
    phase = simulation.protocol.phases[0]
    _, every = simulation.run(simulation.init(circuit.sample(0)), phase, inputs, every=1)
    _, tenth = simulation.run(simulation.init(circuit.sample(0)), phase, inputs, every=10)
    assert len(tenth) == len(every) // 10
    for population in circuit.populations:
        single = np.array([frame[population.name] for frame in every]).reshape(len(tenth), 10, TRIALS, population.size)
        expected = single.mean(axis=1) if population.spiking else single[:, -1]
        np.testing.assert_allclose([frame[population.name] for frame in tenth], expected, rtol=1e-12, atol=1e-15)


@backend
def test_no_neuron_fires_while_it_is_refractory(backend):
    circuit = SPIKING["refractory"]
    simulation = simulation_of(circuit, backend)
    state, _ = simulation.run(simulation.init(circuit.sample(0)), simulation.protocol.phases[0], batch(circuit, 3), every=1)
    intervals = []
    for name in "EI":
        events = simulation.spikes(state, name)
        for number, neuron in np.unique(events[:, 1:], axis=0):
            intervals += np.diff(events[(events[:, 1:] == (number, neuron)).all(axis=1), 0]).tolist()
    assert min(intervals) >= 4, "a refractory time of 4 ms is 4 steps, that of the spike included"
    assert len(intervals) > 10


@backend
def test_a_silent_trial_halves_the_change_of_its_batch(backend):
    # Δw is the mean over trials, and a trial without input or spikes adds nothing to pairs of spikes.
    circuit = PLASTIC_SPIKING["pair_stdp"].with_neurons(LIF(), source=RegularSource())
    simulation, inputs, deltas = simulation_of(circuit, backend), batch(circuit, 1), []
    for given in (inputs, {name: np.concatenate([values, 0 * values]) for name, values in inputs.items()}):
        state, _ = trial(simulation, simulation.init(circuit.sample(0)), {**given, "E": 3 * given["E"]})
        deltas.append(simulation.deltas(state))
    assert deltas[0]["E_to_E"].any()
    for name, delta in deltas[1].items():
        np.testing.assert_allclose(delta, deltas[0][name] / 2, rtol=0, atol=1e-14)


@backend
def test_nothing_is_drawn_from_global_random_state(backend):
    torch = pytest.importorskip("torch")

    def drawn():
        return random.getstate(), str(np.random.get_state()), torch.get_rng_state().tolist()

    before, circuit = drawn(), PLASTIC_SPIKING["pair_stdp"]
    simulation = simulation_of(circuit, backend)
    state, _ = trial(simulation, simulation.init(circuit.sample(0)), batch(circuit, TRIALS))
    simulation.learn(state)
    assert drawn() == before
