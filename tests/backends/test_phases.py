"""Aims at phases that mean one thing where they settle and another where they last: what both have in common."""

from __future__ import annotations

import numpy as np
import pytest

from bio_fa import Constant, LocalLearning, Phase, Protocol, two_phase
from models.cortical_hierarchy import cortical_hierarchy
from models.mlp import mlp
from tests.tiny import SETTLING_BACKENDS, batch, chain_of, compiled, leaky, trial, with_tonic, with_weights

TRIALS = 3

backend = pytest.mark.parametrize("backend", SETTLING_BACKENDS)


@backend
@pytest.mark.parametrize("window", [1, 3])
def test_a_current_held_from_a_phase_in_time_is_the_mean_of_those_felt_in_its_window(backend, window):
    # After n steps the unit is at 1 − qⁿ with q = 1 − dt/τ; in step n the output still feels 1 − qⁿ⁻¹.
    dt, tau, steps = 2e-3, 20e-3, 5
    circuit = chain_of(leaky("input", 1), leaky("unit", 1, tau), leaky("output", 1), weights=Constant(1.0))
    brief = Phase("brief", ("input",), duration=steps * dt, window=None if window == 1 else window * dt)
    protocol = Protocol((brief, Phase("later", ("input",), hold=("output",))), dt)
    simulation = compiled(circuit, protocol, LocalLearning(), backend)
    state = trial(simulation, simulation.init(circuit.sample(0)), {"input": np.ones((1, 1))})
    reached = 1 - (1 - dt / tau) ** np.arange(steps + 1)
    assert simulation.activity(state, "unit", "brief").item() == pytest.approx(reached[-window:].mean(), rel=1e-14)
    assert simulation.activity(state, "output", "later").item() == pytest.approx(reached[-window - 1 : -1].mean(), rel=1e-14)


@backend
@pytest.mark.parametrize("duration", [None, 0.02])
def test_a_balanced_compartment_adds_nothing_in_the_phase_that_balances_it(backend, duration):
    circuit = mlp(4, (5,), 3, apical_gain=2.0)
    simulation = compiled(circuit, two_phase(circuit, duration=duration), LocalLearning(), backend)
    weak = circuit.sample(0)
    strong = with_weights(weak, output_to_H1=100 * weak["output_to_H1"].w)
    inputs = batch(circuit, TRIALS)
    free = [
        simulation.activity(trial(simulation, simulation.init(each), inputs), "H1", "free").tolist() for each in (weak, strong)
    ]
    assert free[0] == free[1]


@backend
@pytest.mark.parametrize("duration", [None, 0.01])
def test_clamped_populations_keep_their_given_activity_and_drive_the_others_with_it(backend, duration):
    circuit = chain_of(leaky("input"), leaky("unit"), leaky("output"), weights=Constant(0.5))
    protocol = Protocol((Phase("free", ("input", "unit"), duration=duration),), dt=1e-3)
    simulation = compiled(circuit, protocol, LocalLearning(), backend)
    given = {"input": np.full((2, 2), 9.0), "unit": np.array([[1.0, 3.0], [0.0, 2.0]])}
    state = trial(simulation, simulation.init(circuit.sample(0)), given)
    for name, activity in given.items():
        assert simulation.activity(state, name, "free").tolist() == activity.tolist()
    reached = 1.0 if duration is None else 1 - (1 - 1e-3 / 20e-3) ** 10
    expected = reached * 0.5 * given["unit"].sum(axis=1, keepdims=True) * np.ones(2)
    np.testing.assert_allclose(simulation.activity(state, "output", "free"), expected, rtol=1e-12)


@backend
def test_a_long_duration_ends_where_settling_does(backend):
    # (1 − dt/τ)ⁿ = 0.5¹⁰⁰ ≈ 1e-30: nothing is left of the way to the fixed point, even after a chain of six populations.
    circuit = cortical_hierarchy(5, (6, 5), 3)
    parameters, inputs = with_tonic(circuit), batch(circuit, 2)
    ends = []
    for protocol in (two_phase(circuit), two_phase(circuit, duration=1.0, dt=10e-3)):
        simulation = compiled(circuit, protocol, LocalLearning(), backend)
        state = trial(simulation, simulation.init(parameters), inputs)
        ends.append([simulation.activity(state, name, "nudged") for name in ("V1_E", "V2_E", "V1_FE", "output_E")])
    for settled, integrated in zip(*ends, strict=True):
        np.testing.assert_allclose(integrated, settled, rtol=0, atol=1e-12)
