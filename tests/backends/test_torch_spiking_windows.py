"""Aims at populations that are computed before those that drive them, and at settings that change what is computed rather than
how. That memory does not grow with time is seen by ``tests/benchmarks/test_spiking_memory.py``.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bio_fa import (
    LIF,
    Circuit,
    CurrentSynapse,
    DivisiveNormalisation,
    LocalLearning,
    PoissonSource,
    Protocol,
    Scale,
    backends,
    two_phase,
)
from bio_fa.backends.stepping import Stepping
from bio_fa.backends.torch_graph import Component, Graph, Node
from models.cortical_hierarchy import cortical_hierarchy
from tests.tiny import EI, SPIKING, TWO_AREA, batch, trial

HIERARCHY = cortical_hierarchy(5, (4, 4), 3)


def components(circuit: Circuit, hold: bool = True) -> dict[str, list[tuple[set[str], int | None]]]:
    """Return the populations that are computed together, and for how many steps, by phase; dendrites apart from somas."""
    protocol = two_phase(circuit, duration=0.02, window=0.02, hold=hold)
    found = {}
    for phase in protocol.phases:
        graph = Graph(Stepping(circuit, protocol, phase))
        found[phase.name] = [({_name(node) for node in each.nodes}, each.lag) for each in graph.components]
    return found


def _name(node: Node) -> str:
    return node.population.name if node.soma else f"{node.population.name} apical"


@pytest.mark.parametrize("phase", ["free", "nudged"])
def test_a_trial_with_held_currents_has_no_loop(phase: str):
    assert all(len(names) == 1 and lag is None for names, lag in components(HIERARCHY.with_neurons(LIF()))[phase])


def test_populations_come_after_those_that_drive_them():
    order = [name for names, _ in components(HIERARCHY.with_neurons(LIF()))["free"] for name in names]
    after = [("V1_E", "V1_I"), ("V2_E", "V1_E"), ("output_E", "V2_E"), ("V1_FE", "V2_E"), ("V2_FE", "output_E")]
    after += [("V1_E apical", "V1_FE"), ("V2_E apical", "V2_FI")]
    assert all(order.index(late) > order.index(early) for late, early in after)


@pytest.mark.parametrize(("delay", "lag"), [(0.0, 1), (3e-3, 4)])
def test_a_loop_is_computed_for_as_many_steps_as_a_spike_needs_to_be_felt(delay: float, lag: int):
    loop = components(HIERARCHY.with_neurons(LIF(), CurrentSynapse(delay=delay)), hold=False)["nudged"]
    hidden = {"V1_E", "V1_FE", "V1_FI", "V2_E", "V2_I", "V2_FE", "V2_FI"}
    assert [each for each in loop if each[1] is not None] == [({*hidden, "output_E", "output_I"}, lag)]


def test_a_rate_in_a_loop_is_felt_one_step_later_whatever_the_delay_of_spikes():
    circuit = HIERARCHY.with_neurons(LIF(), CurrentSynapse(delay=3e-3), others={"output_E": DivisiveNormalisation()})
    assert {lag for _, lag in components(circuit, hold=False)["nudged"]} == {None, 1}


def test_a_population_that_excites_itself_is_a_loop():
    assert ({"E", "I"}, 1) in components(EI.with_neurons(LIF()), hold=False)["free"]


@pytest.mark.parametrize(("lag", "spans"), [(None, [(0, 7)]), (3, [(0, 3), (3, 6), (6, 7)]), (9, [(0, 7)])])
def test_a_component_covers_a_window_in_stretches_of_its_lag(lag: int | None, spans: list[tuple[int, int]]):
    assert list(Component((), lag).spans(7)) == spans


def test_only_what_the_output_depends_on_is_differentiated():
    circuit = HIERARCHY.with_neurons(LIF())
    protocol = two_phase(circuit, duration=0.02, window=0.02)
    upstream = Graph(Stepping(circuit, protocol, protocol.phases[0])).upstream("output_E")
    assert upstream == {"V1_E", "V1_I", "V2_E", "V2_I", "output_E", "output_I"}


def learned(circuit: Circuit, protocol: Protocol, trials: int = 2, **settings: object) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return the weights after some learning trials, and the spikes of the output's area before them."""
    simulation = backends.get("torch_spiking", **settings).compile(circuit, protocol, LocalLearning(Scale(0.1)))
    state = simulation.init(circuit.sample(1), seed=3)
    for number in range(trials):
        state = simulation.learn(trial(simulation, state, batch(circuit, 5, number)))
    state, _ = simulation.run(state, protocol.phases[0], batch(circuit, 5), every=1)
    return {name: synapses.w for name, synapses in simulation.parameters(state).items()}, simulation.spikes(state, circuit.output)


@pytest.mark.parametrize("name", ["apical", "delays", "graded_output"])
def test_threads_share_the_work_and_change_nothing(name: str):
    circuit, threads = SPIKING[name], torch.get_num_threads()
    protocol = two_phase(circuit, duration=0.06, window=0.04)
    try:
        one, two = (learned(circuit, protocol, precision="float64", threads=number) for number in (1, 2))
    finally:
        torch.set_num_threads(threads)
    np.testing.assert_array_equal(one[1], two[1])
    assert all(np.allclose(one[0][each], two[0][each], rtol=0, atol=1e-14) for each in one[0])


def test_single_precision_stays_close_to_double():
    circuit = TWO_AREA.with_neurons(LIF(), source=PoissonSource())
    protocol = two_phase(circuit, duration=0.1, window=0.06)
    single, double = (learned(circuit, protocol, precision=each, threads=1) for each in ("float32", "float64"))
    assert len(double[1]) > 20
    missing = {tuple(each) for each in single[1].tolist()} ^ {tuple(each) for each in double[1].tolist()}
    assert len(missing) <= 0.05 * len(double[1])


def test_recording_changes_nothing():
    circuit, activities = SPIKING["apical"], []
    protocol = two_phase(circuit, duration=0.06, window=0.04)
    for every in (0, 1, 7):
        simulation = backends.get("torch_spiking", precision="float64", threads=1).compile(circuit, protocol, LocalLearning())
        state = simulation.init(circuit.sample(1), seed=3)
        for phase in protocol.phases:
            state, frames = simulation.run(state, phase, batch(circuit, 3), every)
            assert len(frames) == (60 // every if every else 0)
        activities.append(simulation.activity(state, "V1_E", "nudged"))
    assert activities[0].any()
    np.testing.assert_array_equal(activities[0], activities[1])
    np.testing.assert_array_equal(activities[0], activities[2])


def test_a_circuit_of_rates_that_lasts_is_the_same_compiled_and_plain():
    circuit, rates = cortical_hierarchy(5, (4,), 3), []
    protocol = two_phase(circuit, duration=0.05, hold=False)
    for compiled in (True, False):
        backend = backends.get("torch_spiking", precision="float64", threads=1, compiled=compiled)
        simulation = backend.compile(circuit, protocol, LocalLearning())
        state = simulation.learn(trial(simulation, simulation.init(circuit.sample(1)), batch(circuit, 3)))
        phases = [simulation.activity(state, "V1_E", each) for each in ("free", "nudged")]
        rates.append([*phases, simulation.parameters(state)["input_to_V1_E"].w])
    for now, then in zip(*rates, strict=True):
        np.testing.assert_allclose(now, then, rtol=0, atol=1e-12)


def test_a_phase_without_duration_settles_on_this_backend_too():
    circuit = cortical_hierarchy(5, (4,), 3)
    simulation = backends.get("torch_spiking", threads=1).compile(circuit, two_phase(circuit), LocalLearning())
    state = trial(simulation, simulation.init(circuit.sample(1)), batch(circuit, 3))
    np.testing.assert_allclose(simulation.activity(state, "output_E", "free").sum(1), 1, rtol=1e-6)
