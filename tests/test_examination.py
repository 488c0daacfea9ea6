"""Aims at populations called dead while they signal, or alive while none of their neurons does, and at miscounted spikes."""

from __future__ import annotations

import numpy as np
import pytest

from bio_fa.circuit import Circuit
from bio_fa.examination import Tally, ceiling, reached
from bio_fa.neurons import LIF, DivisiveNormalisation, LeakyRate, PoissonSource, SaturatingRate
from bio_fa.phase import Phase
from bio_fa.population import Population
from bio_fa.protocol import Protocol
from bio_fa.weights import Constant
from models.two_area import two_area
from tests.spiking import short, spiking_circuit
from tests.tiny import chain_of, leaky

CIRCUIT = two_area(4, 6, 3)
TRIAL = Protocol((Phase("free", ("input",)), Phase("nudged", ("input",), plastic=True)))


def activity(circuit: Circuit, trials: int = 5, **given: np.ndarray) -> dict[str, np.ndarray]:
    """Return ones, (trial, neuron), of every population that is not given."""
    return {each.name: np.ones((trials, each.size)) for each in circuit.populations} | given


def liveness(phases: dict[str, dict[str, np.ndarray]], circuit: Circuit = CIRCUIT, protocol: Protocol = TRIAL):
    tally = Tally(circuit, protocol)
    for name, found in phases.items():
        tally.add(protocol.phase(name), activity(circuit, **found), {})
    return tally.result(5, protocol.phases, circuit.sample(0)).liveness


def test_a_neuron_is_silent_if_it_is_so_in_all_phases_of_all_trials():
    mixed = np.zeros((5, 6))
    mixed[3, :2] = 0.1
    found = liveness({"free": {"V1_E": mixed}, "nudged": {"V1_E": np.zeros((5, 6))}})
    assert found["V1_E"]["silent"] == 4 / 6
    assert found["output"]["silent"] == 0


def test_a_population_that_only_a_nudge_wakes_is_awake():
    found = liveness({"free": {"V1_FE": np.zeros((5, 3))}, "nudged": {"V1_FE": np.full((5, 3), 1e-9)}})
    assert found["V1_FE"]["silent"] == 0


def test_the_input_is_not_judged_and_others_only_in_the_phases_that_do_not_clamp_them():
    protocol = Protocol((Phase("free", ("input",)), Phase("taught", ("input", "output"), plastic=True)))
    found = liveness({"free": {"output": np.zeros((5, 3))}, "taught": {}}, protocol=protocol)
    assert "input" not in found
    assert found["output"]["silent"] == 1


def test_saturated_neurons_are_those_at_their_ceiling_throughout_and_without_one_there_are_none():
    output = np.array([[1.0, 0.995, 0.2]] * 4 + [[1.0, 0.9, 0.2]])
    found = liveness({"free": {"output": output}, "nudged": {}})
    assert found["output"]["saturated"] == 1 / 3
    assert found["V1_E"]["saturated"] is None


def lasting(steps: int, window: int, dt: float = 1e-3) -> Protocol:
    return Protocol((Phase("free", ("input",), duration=steps * dt, window=window * dt),), dt)


@pytest.mark.parametrize(
    ("neuron", "window", "spikes"),
    [
        (LIF(), 30, 30),
        (LIF(refractory=1e-3), 30, 30),
        (LIF(refractory=5e-3), 30, 6),
        (LIF(refractory=7e-3), 30, 4),
        (LIF(refractory=50e-3), 30, 1),
        (PoissonSource(), 30, 30),
    ],
)
def test_the_ceiling_of_spikes_is_what_time_step_and_refractory_time_allow(neuron, window, spikes):
    """At the limit there are ⌊n / m⌋ spikes or more in n steps, of which each rests m: activity is that over ν₁ n dt."""
    found = ceiling(Population("one", 1, neuron=neuron), lasting(60, window))
    assert found == pytest.approx(spikes / (neuron.unit_rate * window * 1e-3))


def test_the_ceiling_holds_in_every_phase():
    protocol = Protocol(tuple(Phase(f"p{n}", ("input",), duration=0.06, window=n * 1e-3) for n in (10, 13, 14, 30)))
    rates = [floor / n for n, floor in ((10, 2), (13, 2), (14, 2), (30, 6))]
    assert ceiling(Population("one", 1, neuron=LIF(refractory=5e-3)), protocol) == pytest.approx(10 * min(rates))


@pytest.mark.parametrize(("neuron", "limit"), [(LeakyRate(), None), (SaturatingRate(), 1.0), (DivisiveNormalisation(), 1.0)])
def test_the_ceiling_of_rates_is_their_neurons(neuron, limit):
    assert ceiling(Population("one", 1, neuron=neuron), TRIAL) == limit


def saturating(steps_apart: int) -> Circuit:
    """Return sources that drive two neurons with far more current than they can follow."""
    driven = Population("driven", 2, neuron=LIF(refractory=steps_apart * 1e-3))
    return chain_of(leaky("input", 3), driven, weights=Constant(1e3))


@pytest.mark.parametrize("apart", [1, 3, 5, 7])
def test_neurons_that_are_driven_beyond_their_limit_are_found_saturated(apart):
    """What the reference simulates, whose order of steps is the specification."""
    from bio_fa import LocalLearning, backends

    circuit, protocol = saturating(apart), lasting(40, 30)
    simulation = backends.get("reference").compile(circuit, protocol, LocalLearning())
    state = simulation.init(circuit.sample(0), 3)
    state, _ = simulation.run(state, protocol.phases[0], {"input": np.ones((4, 3)), "driven": np.zeros((4, 2))}, 40)
    tally = Tally(circuit, protocol)
    found = {name: simulation.activity(state, name, "free") for name in ("input", "driven")}
    tally.add(protocol.phases[0], found, {"driven": simulation.spikes(state, "driven")})
    examined = tally.result(4, protocol.phases, circuit.sample(0))
    assert examined.liveness["driven"] == {"silent": 0.0, "saturated": 1.0}
    assert examined.spiking["rates"]["driven"] == pytest.approx(1e3 / apart, rel=2 * apart / 40)


def test_a_spike_reaches_the_existing_synapses_of_all_projections_of_its_neuron():
    circuit = spiking_circuit()
    parameters, names = circuit.sample(1), ("input_to_V1_E", "input_to_V1_I")
    found = reached(circuit, parameters)
    np.testing.assert_array_equal(found["input"], sum(parameters[name].mask.sum(axis=0) for name in names))
    assert found["output"].tolist() == [
        int(parameters["output_to_V1_FE"].mask[:, n].sum() + parameters["output_to_V1_FI"].mask[:, n].sum()) for n in range(10)
    ]
    assert reached(CIRCUIT, CIRCUIT.sample(0)) == {}


def test_spikes_and_synaptic_events_are_counted_by_hand():
    """Two trials of 20 ms a phase: neuron 0 of the input fires twice, neuron 2 once; in the nudged phase V1_I fires once."""
    circuit = spiking_circuit()
    protocol, parameters = short(circuit), circuit.sample(0)
    tally, nobody = Tally(circuit, protocol), np.zeros((0, 3), int)
    quiet = {each.name: nobody for each in circuit.populations}
    tally.add(protocol.phases[0], activity(circuit), quiet | {"input": np.array([[0, 0, 0], [3, 1, 0], [7, 1, 2]])})
    tally.add(protocol.phases[1], activity(circuit), quiet | {"V1_I": np.array([[19, 1, 1]])})
    found = tally.result(2, protocol.phases, parameters).spiking
    reach = reached(circuit, parameters)
    first = 2 * reach["input"][0] + reach["input"][2]
    assert found["test"] == {"spikes": 1.5, "synaptic_events": first / 2, "rate": pytest.approx(1.5 / 96 / 0.02)}
    assert found["learning"]["spikes"] == 2.0
    assert found["learning"]["synaptic_events"] == (first + reach["V1_I"][1]) / 2
    assert found["learning"]["rate"] == pytest.approx(2.0 / 96 / 0.04)
    assert found["rates"] == dict.fromkeys(quiet, 0.0) | {"input": pytest.approx(1.5 / 64 / 0.02)}


def test_a_learning_trial_that_runs_the_first_phase_only_costs_what_a_test_trial_costs():
    circuit = spiking_circuit()
    protocol, tally = short(circuit), Tally(circuit, short(circuit))
    spikes = {each.name: np.array([[1, 0, 0]]) for each in circuit.populations}
    for phase in protocol.phases:
        tally.add(phase, activity(circuit), spikes)
    found = tally.result(1, protocol.phases[:1], circuit.sample(0)).spiking
    assert found["test"] == found["learning"]
