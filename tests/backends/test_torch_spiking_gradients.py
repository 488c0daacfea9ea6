"""Aims at gradients through time that are not those of the circuit: two time steps are differentiated by hand, whole circuits
by torch's autograd through the plain steps; and at truncation that cuts too little or too much.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bio_fa import (
    LIF,
    Adaptive,
    AdaptiveCurrentLIF,
    Apical,
    Area,
    Circuit,
    Constant,
    CurrentSynapse,
    DivisiveNormalisation,
    GradientLearning,
    Hebbian,
    PoissonSource,
    Population,
    Projection,
    Protocol,
    Scale,
    TwoCompartmentLIF,
    backends,
    one_phase,
    two_phase,
)
from bio_fa.backends.torch_windows import Windows
from bio_fa.draws import Draws
from bio_fa.errors import DescriptionError
from bio_fa.learning import Learning
from models.mlp import mlp
from tests.tiny import EI, SPIKING, TWO_AREA, batch, violations

DT, SLOPE = 1e-3, 25.0
"""The time step, and the slope of snnTorch's fast sigmoid."""
machine = pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "plain"])


def plastic(circuit: Circuit) -> Circuit:
    """Return the circuit all of whose synapses learn."""
    projections = (replace(each, plasticity=Hebbian(), error=None) for each in circuit.projections)
    return replace(circuit, projections=tuple(projections))


def gradients(
    circuit: Circuit,
    protocol: Protocol,
    inputs: dict[str, np.ndarray],
    compiled: bool = True,
    truncation: float | None = None,
    surrogate: str = "fast_sigmoid",
) -> dict[str, np.ndarray]:
    """Return −∂L/∂w by projection."""
    settings = {"precision": "float64", "threads": 1, "compiled": compiled, "surrogate": surrogate}
    simulation = backends.get("torch_spiking", **settings).compile(circuit, protocol, GradientLearning(truncation=truncation))
    state, _ = simulation.run(simulation.init(circuit.sample(1), seed=3), protocol.phases[0], inputs)
    assert isinstance(simulation.runs[protocol.phases[0].name], Windows) == compiled
    return simulation.deltas(state)


def one_neuron(weight: float) -> Circuit:
    """Return a rate neuron that drives a spiking one, the output, by a graded current."""
    populations = Population("input", 1), Population("output", 1, neuron=LIF())
    synapse = Projection("input", "output", weights=Constant(weight), plasticity=Hebbian())
    return Circuit("one_neuron", (Area("all", populations),), (synapse,), "input", "output")


def by_hand(weight: float, target: float, cut: bool) -> float:
    """Return −∂L/∂w of two steps of one neuron under a current w, for L = ½ (target − r)² and r = (S₁ + S₂) / (2 ν₁ dt).

    v₁ = v₀ + dt ((v_rest − v₀) / τ + ν₁ w), e₁ = v₁ − θ, and v₂ likewise from v₁, or from v_reset after a spike. A spike has
    the derivative 1 / (1 + 25 |e|)² of a fast sigmoid (Zenke & Ganguli 2018, Neural Comput. 30:1514–1541).
    """
    neuron = LIF()
    v = float(Draws(3, 0).initial(Population("output", 1, neuron=neuron), 1)["v"][0, 0])
    dv, rate, slope = 0.0, 0.0, 0.0
    for _ in range(2):
        v += DT * (-v / neuron.tau + neuron.unit_rate * weight)
        dv = dv * (1 - DT / neuron.tau) + DT * neuron.unit_rate
        slope += dv / (1 + SLOPE * abs(v - 1)) ** 2 / (2 * neuron.unit_rate * DT)
        if v > 1:
            v, dv, rate = 0.0, 0.0, rate + 1 / (2 * neuron.unit_rate * DT)
        dv = 0.0 if cut else dv
    return (target - rate) * slope


@machine
@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize(("weight", "fires"), [(0.5, 0), (9.0, 1), (20.0, 2)])
def test_two_steps_of_one_neuron_have_the_gradient_that_is_found_by_hand(compiled: bool, cut: bool, weight: float, fires: int):
    circuit = one_neuron(weight)
    protocol = one_phase(circuit, duration=2 * DT, window=2 * DT)
    simulation = backends.get("torch_spiking", threads=1).compile(circuit, protocol, GradientLearning())
    inputs = {"input": np.ones((1, 1)), "output": np.full((1, 1), 0.3)}
    state, _ = simulation.run(simulation.init(circuit.sample(1), seed=3), protocol.phases[0], inputs, every=1)
    assert len(simulation.spikes(state, "output")) == fires
    found = gradients(circuit, protocol, inputs, compiled, DT if cut else None)["input_to_output"]
    np.testing.assert_allclose(found, by_hand(weight, 0.3, cut), rtol=1e-12)


@machine
@pytest.mark.parametrize("delay", [0, 2])
def test_a_spike_answers_for_what_it_causes_only_if_no_cut_lies_between(compiled: bool, delay: int):
    circuit = plastic(TWO_AREA.with_neurons(LIF(), CurrentSynapse(delay=delay * DT)))
    protocol, inputs = one_phase(circuit, duration=0.06, window=0.06), batch(circuit, 2)
    lag = 2 + delay  # V1_E fires in step k, its spike is felt in step k + 1 + delay: both lie in one stretch of 2 + delay steps
    for steps, reaches in ((lag - 1, False), (lag, True)):
        found = gradients(circuit, protocol, inputs, compiled, steps * DT)
        assert found["input_to_V1_E"].any() == reaches
        assert found["tonic_to_output"].any()


@pytest.mark.parametrize("truncation", [None, 3e-3, 0.02], ids=lambda each: f"cut_{each}")
@pytest.mark.parametrize("name", SPIKING)
def test_the_adjoint_of_every_circuit_is_the_gradient_of_its_plain_steps(name: str, truncation: float | None):
    circuit = plastic(SPIKING[name])
    protocol, inputs = one_phase(circuit, duration=0.08, window=0.05), batch(circuit, 3)
    found, expected = (gradients(circuit, protocol, inputs, compiled, truncation) for compiled in (True, False))
    assert any(each.any() for each in expected.values())
    for each in circuit.plastic:
        scale = np.abs(expected[each.name]).max()
        np.testing.assert_allclose(found[each.name], expected[each.name], rtol=0, atol=1e-12 * scale, err_msg=each.name)


@pytest.mark.parametrize("surrogate", ["fast_sigmoid", "atan", "sigmoid", "triangular"])
def test_every_surrogate_has_one_gradient_compiled_and_plain(surrogate: str):
    circuit = plastic(TWO_AREA.with_neurons(AdaptiveCurrentLIF(refractory=2e-3), source=PoissonSource()))
    protocol, inputs = one_phase(circuit, duration=0.06, window=0.05), batch(circuit, 3)
    found, expected = (gradients(circuit, protocol, inputs, compiled, surrogate=surrogate) for compiled in (True, False))
    for name, gradient in expected.items():
        np.testing.assert_allclose(found[name], gradient, rtol=0, atol=1e-12 * np.abs(gradient).max())


def test_surrogates_differ():
    circuit = one_neuron(0.5)
    protocol, inputs = one_phase(circuit, duration=2 * DT, window=DT), {"input": np.ones((1, 1)), "output": np.ones((1, 1))}
    found = {gradients(circuit, protocol, inputs, surrogate=each)["input_to_output"].item() for each in ("fast_sigmoid", "atan")}
    assert len(found) == 2


def test_feedback_that_is_felt_at_once_is_differentiated_as_well():
    felt = replace(TWO_AREA.population("V1_E"), apical=Apical(0.5))
    areas = tuple(area.map(lambda each: felt if each.name == "V1_E" else each) for area in TWO_AREA.areas)
    circuit = plastic(replace(TWO_AREA, areas=areas).with_neurons(TwoCompartmentLIF()))
    protocol, inputs = one_phase(circuit, duration=0.08, window=0.05), batch(circuit, 2)
    found, expected = (gradients(circuit, protocol, inputs, compiled) for compiled in (True, False))
    np.testing.assert_allclose(found["V1_FE_to_V1_E"], expected["V1_FE_to_V1_E"], rtol=1e-9)
    assert expected["V1_FE_to_V1_E"].any()


@pytest.mark.parametrize("output", [None, {"output": DivisiveNormalisation()}], ids=["spiking_output", "rate_output"])
def test_descent_lowers_the_loss(output: dict | None):
    circuit = TWO_AREA.with_neurons(LIF(), others=output)
    protocol = one_phase(circuit, duration=0.04, window=0.03)
    simulation = backends.get("torch_spiking", threads=1).compile(circuit, protocol, GradientLearning(Adaptive(rate=0.03)))
    state, losses = simulation.init(circuit.sample(1)), []
    inputs = {**batch(circuit, 8), "output": np.eye(2)[[0, 1] * 4]}
    for _ in range(30):
        state, _ = simulation.run(state, protocol.phases[0], inputs)
        activity = simulation.activity(state, "output", "free")
        losses.append(float(((activity - inputs["output"]) ** 2).mean()))
        state = simulation.learn(state)
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])


@pytest.mark.parametrize("name", ["ei", "apical", "delays", "conductance", "graded_output"])
def test_what_must_hold_of_weights_holds_after_steps_along_a_gradient(name: str):
    circuit = plastic(SPIKING[name])
    protocol = one_phase(circuit, duration=0.05, window=0.03)
    backend = backends.get("torch_spiking", precision="float64", threads=1)
    simulation = backend.compile(circuit, protocol, GradientLearning(Adaptive(rate=0.5)))
    state, start = simulation.init(circuit.sample(1)), circuit.sample(1)
    for seed in range(4):
        state, _ = simulation.run(state, protocol.phases[0], batch(circuit, 4, seed))
        state = simulation.learn(state)
        assert violations(circuit, simulation.parameters(state)) == 0
    assert any(np.abs(simulation.parameters(state)[each.name].w - start[each.name].w).max() > 0.5 for each in circuit.plastic)


def test_later_phases_run_after_a_gradient_as_they_do_after_none():
    circuit = SPIKING["apical"]
    protocol, inputs = two_phase(circuit, duration=0.06, window=0.03), batch(circuit, 2)
    spikes = []
    for compiled in (True, False):
        backend = backends.get("torch_spiking", precision="float64", threads=1, compiled=compiled)
        simulation = backend.compile(circuit, protocol, GradientLearning())
        state = simulation.init(circuit.sample(1), seed=3)
        for phase in protocol.phases:
            state, _ = simulation.run(state, phase, inputs, every=1)
        spikes.append({each.name: simulation.spikes(state, each.name) for each in circuit.populations})
    assert len(spikes[0]["V1_E"])
    assert all(np.array_equal(spikes[0][name], spikes[1][name]) for name in spikes[1])


def test_a_truncation_of_no_time_is_refused():
    with pytest.raises(DescriptionError, match=r"truncation = 0\.0 is not allowed; give seconds above 0, or nothing"):
        GradientLearning(truncation=0.0)


@pytest.mark.parametrize("duration", [None, 0.02])
def test_a_truncation_of_rates_is_refused_in_one_sentence(duration: float | None):
    circuit = mlp(3, (2,), 2)
    with pytest.raises(DescriptionError, match=r"truncation = 0\.01 s came, but no neuron of 'mlp' spikes; leave it out"):
        backends.get("torch_rate").compile(circuit, one_phase(circuit, duration), GradientLearning(truncation=0.01))


@pytest.mark.parametrize("truncation", [0.5e-3, 2.5e-3])
def test_a_truncation_between_two_steps_is_refused(truncation: float):
    circuit = SPIKING["ei"]
    protocol = one_phase(circuit, duration=0.02, window=0.02)
    with pytest.raises(DescriptionError, match=r"is not a whole number of time steps of 0\.001 s; change one of them"):
        backends.get("torch_spiking").compile(circuit, protocol, GradientLearning(truncation=truncation))


def test_truncated_learning_survives_its_table():
    learning = GradientLearning(Scale(0.1), truncation=0.01)
    assert Learning.from_table(learning.to_table()) == learning


def test_the_error_of_an_output_reaches_recurrent_synapses():
    circuit = plastic(EI.with_neurons(LIF()))
    found = gradients(circuit, one_phase(circuit, duration=0.06, window=0.04), batch(circuit, 2))
    assert all(found[name].any() for name in ("E_to_E", "E_to_I", "I_to_E"))
