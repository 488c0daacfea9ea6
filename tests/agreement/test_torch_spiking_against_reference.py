"""Aims at compiled time steps that are not those of the specification: in double precision, compiled and plain torch emit the
very spikes of the reference in a second of every kind of neuron, synapse, source and phase, and learn the same weights.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from bio_fa import (
    LIF,
    AdaptiveCurrentLIF,
    AdaptiveThresholdLIF,
    Circuit,
    ConductanceSynapse,
    CurrentSynapse,
    DendriticError,
    DivisiveNormalisation,
    Eligibility,
    Hebbian,
    Homeostasis,
    LocalLearning,
    PairSTDP,
    PoissonSource,
    Protocol,
    RegularSource,
    Scale,
    TwoCompartmentLIF,
    backends,
    two_phase,
)
from bio_fa.backends import torch_windows
from bio_fa.backends.torch_windows import Windows
from bio_fa.neurons import SpikingNeuron
from bio_fa.transmission import SpikeTransmission
from tests.tiny import EI, TWO_AREA, batch

TOLERANCE = 1e-12
TORCH = {"precision": "float64", "threads": 1}
MACHINES = {"reference": {}, "compiled": TORCH, "plain": {**TORCH, "compiled": False}}
"""Settings by what runs a circuit; compiled and plain are both torch_spiking."""
NEURONS = (
    LIF(),
    AdaptiveThresholdLIF(refractory=3e-3),
    AdaptiveCurrentLIF(coupling=0.2, carry_over=True),
    TwoCompartmentLIF(refractory=2e-3),
)
SYNAPSES = (CurrentSynapse(), CurrentSynapse(delay=2e-3), ConductanceSynapse(tau=8e-3))
SOURCES = {"poisson": PoissonSource(), "regular": RegularSource(), "injected": None}
GRADED_OUTPUT = {"output": DivisiveNormalisation()}
HIDDEN = ("input_to_V1_E", "V1_I_to_V1_E")
LEARNING = {
    "three_factor": TWO_AREA.with_neurons(LIF(refractory=2e-3), source=PoissonSource()),
    "dendritic_error": TWO_AREA.with_neurons(LIF(), source=PoissonSource()).with_plasticity(
        dict.fromkeys((*HIDDEN, "tonic_to_V1_E"), DendriticError())
    ),
    "eligibility": TWO_AREA.with_neurons(TwoCompartmentLIF(), CurrentSynapse(delay=1e-3), PoissonSource()).with_plasticity(
        dict.fromkeys(HIDDEN, Eligibility()), reads="nudged"
    ),
    "eligibility_of_recent_spikes": TWO_AREA.with_neurons(LIF(), source=RegularSource(), others=GRADED_OUTPUT).with_plasticity(
        {HIDDEN[0]: Eligibility() + Homeostasis(), HIDDEN[1]: PairSTDP()}, reads="nudged"
    ),
    "pair_stdp": EI.with_neurons(LIF(), source=PoissonSource()).with_plasticity(
        {"E_to_E": PairSTDP(), "input_to_E": PairSTDP() + Hebbian(), "I_to_E": Homeostasis() + PairSTDP()}
    ),
}


def run(machine: str, circuit: Circuit, protocol: Protocol, trials: int = 1) -> tuple[dict, dict, list]:
    """Return the spikes of every phase and population, the weights after so many learning trials, and all frames."""
    name = "reference" if machine == "reference" else "torch_spiking"
    simulation = backends.get(name, **MACHINES[machine]).compile(circuit, protocol, LocalLearning(Scale(0.1)))
    state, spikes, frames = simulation.init(circuit.sample(1), seed=3), {}, []
    for number in range(trials):
        for phase in protocol.phases:
            state, taken = simulation.run(state, phase, batch(circuit, 2), every=10)
            frames += taken
            spikes |= {(number, phase.name, each.name): simulation.spikes(state, each.name) for each in circuit.populations}
        state = simulation.learn(state)
    assert machine != "compiled" or all(isinstance(simulation.runs[phase.name], Windows) for phase in protocol.phases)
    return spikes, {name: synapses.w for name, synapses in simulation.parameters(state).items()}, frames


@cache
def specified(circuit: Circuit, protocol: Protocol, trials: int = 1) -> tuple[dict, dict, list]:
    """Return what the reference does."""
    return run("reference", circuit, protocol, trials)


def a_second(circuit: Circuit, **settings: object) -> Protocol:
    """Return a trial of a second in all."""
    return two_phase(circuit, **{"duration": 0.6, "nudged_duration": 0.4, "window": 0.2, **settings})


def assert_same_spikes(machine: str, circuit: Circuit, protocol: Protocol) -> None:
    """Assert that a machine emits the spikes of the reference, and that every population of neurons fires."""
    spikes, _, frames = run(machine, circuit, protocol)
    expected, _, framed = specified(circuit, protocol)
    for key, events in expected.items():
        np.testing.assert_array_equal(spikes[key], events, err_msg=str(key))
    for now, then in zip(frames, framed, strict=True):
        assert now.keys() == then.keys()
        assert all(np.allclose(now[name], then[name], rtol=0, atol=TOLERANCE) for name in then)
    silent = [each.name for each in circuit.populations if each.spiking and not len(expected[0, "free", each.name])]
    assert silent == [], "a population is silent, so that agreement means nothing"


torch_spiking = pytest.mark.parametrize("machine", ["compiled", "plain"])


@torch_spiking
@pytest.mark.parametrize("synapse", SYNAPSES, ids=lambda each: f"{each.kind()}_{each.delay}")
@pytest.mark.parametrize("neuron", NEURONS, ids=lambda each: each.kind())
def test_every_neuron_and_synapse_in_a_recurrent_circuit(machine: str, neuron: SpikingNeuron, synapse: SpikeTransmission):
    circuit = EI.with_neurons(neuron, synapse, PoissonSource())
    assert_same_spikes(machine, circuit, a_second(circuit, hold=False))


@torch_spiking
@pytest.mark.parametrize("hold", [True, False], ids=["top_down", "all_together"])
@pytest.mark.parametrize("output", [None, GRADED_OUTPUT], ids=["spiking_output", "rate_output"])
@pytest.mark.parametrize("source", SOURCES)
def test_every_source_and_nudge_with_held_currents_or_without(machine: str, source: str, output: dict | None, hold: bool):
    circuit = TWO_AREA.with_neurons(TwoCompartmentLIF(), CurrentSynapse(delay=1e-3), SOURCES[source], output)
    assert_same_spikes(machine, circuit, a_second(circuit, hold=hold))


@torch_spiking
def test_dendrites_that_conduct_feel_the_potential_of_their_soma(machine: str):
    circuit = TWO_AREA.with_neurons(LIF(), ConductanceSynapse(), PoissonSource())
    assert_same_spikes(machine, circuit, a_second(circuit))


@torch_spiking
def test_synapses_that_a_phase_does_not_feel_go_on_for_the_next(machine: str):
    circuit = TWO_AREA.with_neurons(LIF(), CurrentSynapse(tau=20e-3), RegularSource())
    free, nudged = a_second(circuit).phases
    last = replace(free, name="last", duration=0.1, window=0.1)
    assert_same_spikes(machine, circuit, Protocol((free, nudged, last)))


@torch_spiking
@pytest.mark.parametrize("hold", [True, False], ids=["top_down", "all_together"])
@pytest.mark.parametrize("rule", LEARNING)
def test_every_rule_learns_the_same_weights(machine: str, rule: str, hold: bool):
    circuit = LEARNING[rule]
    protocol = two_phase(circuit, duration=0.1, window=0.07, hold=hold)
    _, weights, _ = run(machine, circuit, protocol, trials=2)
    _, expected, _ = specified(circuit, protocol, trials=2)
    start = circuit.sample(1)
    for each in circuit.plastic:
        np.testing.assert_allclose(weights[each.name], expected[each.name], rtol=0, atol=TOLERANCE)
    moved = [np.abs(expected[each.name] - start[each.name].w).max() for each in circuit.plastic if not each.from_tonic]
    assert min(moved) > 1e-6, "a projection has not learned, so that agreement means nothing"


@pytest.mark.parametrize("steps", [1, 7, 64])
@pytest.mark.parametrize("rule", ["eligibility", "eligibility_of_recent_spikes", "pair_stdp"])
def test_nothing_depends_on_the_number_of_steps_that_are_computed_at_once(monkeypatch, rule: str, steps: int):
    monkeypatch.setattr(torch_windows, "LONGEST", steps)
    circuit = LEARNING[rule]
    protocol = two_phase(circuit, duration=0.1, window=0.07)
    spikes, weights, _ = run("compiled", circuit, protocol, trials=2)
    expected, learned, _ = specified(circuit, protocol, trials=2)
    assert all(np.array_equal(spikes[key], events) for key, events in expected.items())
    for each in circuit.plastic:
        np.testing.assert_allclose(weights[each.name], learned[each.name], rtol=0, atol=TOLERANCE)


def test_the_comparison_notices_a_synapse_that_is_wrong_by_a_hundredth():
    right, wrong = (EI.with_neurons(LIF(), CurrentSynapse(tau=tau), PoissonSource()) for tau in (5e-3, 5.05e-3))
    expected, _, _ = specified(right, a_second(right, hold=False))
    spikes, _, _ = run("compiled", wrong, a_second(wrong, hold=False))
    assert any(not np.array_equal(spikes[key], events) for key, events in expected.items())
