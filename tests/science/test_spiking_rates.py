"""Aims at spikes that mean something else than the rates they stand for: circuits of spiking neurons must compute what circuits
of rates compute, fire as cortex does, and learn.
"""

from __future__ import annotations

import numpy as np
import pytest

from bio_fa import (
    INHIBITORY,
    LIF,
    Adaptive,
    Area,
    Bounds,
    Circuit,
    Constant,
    CosineDecay,
    CurrentSynapse,
    DendriticError,
    DivisiveNormalisation,
    Experiment,
    FixedInDegree,
    LocalLearning,
    Neuron,
    PairSTDP,
    PoissonSource,
    Population,
    Projection,
    RegularSource,
    Scale,
    Uniform,
    backends,
    chain,
    one_phase,
    two_phase,
)
from bio_fa.tasks import Digits
from bio_fa.training import Training
from models.two_area import two_area
from tests.scripted import DT, scripted
from tests.tiny import compiled, leaky, violations

RHEOBASE = 0.5
"""I_rh = 1 / (τ ν₁) of the default neuron."""


def loop() -> Circuit:
    """Return E ⇄ I of threshold-linear rate neurons, every synapse there, whose rates all are above threshold."""
    e, i = Population("E", 6), Population("I", 4, INHIBITORY)
    inside = [Projection(pre, post, weights=Uniform(0.02, 0.1)) for pre in "EI" for post in "EI"]
    drive = [Projection("input", post, weights=Uniform(0.5, 1)) for post in "EI"]
    return Circuit("loop", (Area("input_area", (leaky("input", 3),)), Area("V1", (e, i))), (*drive, *inside), "input", "E")


def fixed_point(circuit: Circuit, stimulus: np.ndarray, threshold: float) -> np.ndarray:
    """Return r = (1 − A)⁻¹ (W x − θ), where every neuron is above its threshold θ."""
    w = {name: synapses.w for name, synapses in circuit.sample(0).items()}
    recurrent = np.block([[w["E_to_E"], -w["I_to_E"]], [w["E_to_I"], -w["I_to_I"]]])
    drive = np.vstack([w["input_to_E"], w["input_to_I"]]) @ stimulus
    return np.linalg.solve(np.eye(len(drive)) - recurrent, drive - threshold)


def activity_of_spikes(gain: float) -> np.ndarray:
    """Return the activities of the loop's neurons, spiking, over half a second."""
    circuit = loop().with_neurons(LIF(carry_over=True), CurrentSynapse(10e-3))
    protocol = one_phase(circuit, duration=0.6, dt=1e-4, window=0.5)
    simulation = compiled(circuit, protocol, LocalLearning(), "torch_spiking")
    state = simulation.init(circuit.sample(0))
    state, _ = simulation.run(state, protocol.phases[0], {"input": np.full((1, 3), gain)})
    return np.hstack([simulation.activity(state, name, "free")[0] for name in "EI"])


def test_under_strong_input_a_circuit_of_spikes_has_the_activities_of_its_circuit_of_rates():
    """r = I − I_rh/2 − I_rh²/(12 I) − …: a rate neuron with a threshold of half the rheobase, and less than 0.03 beside.

    So the distance to the circuit of rates without threshold stays what it is, and in proportion falls as the input grows.
    """
    distance = []
    for gain in (1.0, 2.0, 4.0):
        found, rates = activity_of_spikes(gain), fixed_point(loop(), np.full(3, gain), 0.0)
        np.testing.assert_allclose(found, fixed_point(loop(), np.full(3, gain), RHEOBASE / 2), rtol=0, atol=0.06)
        distance.append(np.abs(found - rates).max() / rates.mean())
    assert distance[1] < 0.6 * distance[0] and distance[2] < 0.6 * distance[1] < 0.05


def balanced(coupling: float) -> Circuit:
    """Return 400 excitatory and 400 inhibitory neurons, each of which hears K = 100 of both through weights of order 1/√K.

    The input is constant and the same for all: whatever is irregular comes from within.
    """
    sparse, strength, synapse = FixedInDegree(0.25), coupling / 10, CurrentSynapse(2e-3)
    e = Population("E", 400, neuron=LIF(refractory=2e-3))
    i = Population("I", 400, INHIBITORY, LIF(tau=10e-3, refractory=2e-3))
    weights = {("E", "E"): 1.0, ("E", "I"): 1.0, ("I", "E"): 2.0, ("I", "I"): 1.8}
    inside = [
        Projection(*ends, connectivity=sparse, weights=Constant(w * strength), transmission=synapse) for ends, w in weights.items()
    ]
    drive = [Projection("input", "E", weights=Constant(20.0)), Projection("input", "I", weights=Constant(16.0))]
    return Circuit("balanced", (Area("input_area", (leaky("input", 1),)), Area("V1", (e, i))), (*drive, *inside), "input", "E")


def irregularity(coupling: float) -> tuple[float, dict[str, float]]:
    """Return the mean coefficient of variation of intervals of excitatory neurons, and the mean activities."""
    circuit = balanced(coupling)
    protocol = one_phase(circuit, duration=1.0, dt=5e-4, window=0.8)
    simulation = compiled(circuit, protocol, LocalLearning(), "torch_spiking")
    state = simulation.init(circuit.sample(0))
    state, _ = simulation.run(state, protocol.phases[0], {"input": np.full((1, 1), 0.1)}, every=1)
    events = simulation.spikes(state, "E")
    events = events[events[:, 0] >= 400]
    intervals = [np.diff(events[events[:, 2] == neuron, 0]) for neuron in range(400)]
    variation = np.mean([each.std(ddof=1) / each.mean() for each in intervals if len(each) >= 5])
    return float(variation), {name: float(simulation.activity(state, name, "free").mean()) for name in "EI"}


def test_balanced_excitation_and_inhibition_make_neurons_fire_irregularly_though_all_is_deterministic():
    """van Vreeswijk & Sompolinsky (1996) Science 274:1724–1726: intervals vary as those of a Poisson process, whose CV is 1, and
    rates are those at which √K (J_EE r_E + J_E0 r_0 − J_EI r_I) vanishes beside each of its terms: r_E = 2 r_I − r_0.
    """
    variation, rate = irregularity(2.0)
    assert 0.7 < variation < 1.5
    excitation, inhibition = 20 * (rate["E"] + 0.1), 20 * 2.0 * rate["I"]
    assert abs(excitation - inhibition) < 0.2 * excitation and excitation > 4 * RHEOBASE


def test_without_synapses_between_them_the_same_neurons_fire_like_clocks():
    assert irregularity(0.0)[0] < 0.05


def test_spike_timing_dependent_plasticity_makes_a_neuron_fire_earlier_in_a_sequence_that_repeats():
    """Song, Miller & Abbott (2000): inputs that come before the spike grow and those after it shrink, so that it comes sooner."""
    inputs, order = 30, np.arange(30) * 2.0
    learns = Projection(
        "input",
        "E",
        weights=Constant(0.2),
        transmission=CurrentSynapse(),
        plasticity=PairSTDP(potentiation=0.02, depression=0.021),
        constraints=(Bounds(0.5),),
    )
    post = Population("E", 1, neuron=LIF(refractory=80e-3))
    circuit = Circuit("sequence", (Area("all", (scripted(inputs), post)),), (learns,), "input", "E")
    protocol = one_phase(circuit, duration=80 * DT, dt=DT, window=80 * DT)
    simulation = compiled(circuit, protocol, LocalLearning(Scale(1.0)), "torch_spiking")
    state, latency = simulation.init(circuit.sample(0)), []
    for _ in range(60):
        state, _ = simulation.run(state, protocol.phases[0], {"input": np.tile(order, (10, 1))}, every=1)
        latency.append(simulation.spikes(state, "E")[:, 0].mean())
        state = simulation.learn(state)
    w = simulation.parameters(state)["input_to_E"].w[0]
    first = int(latency[-1] // 2)
    assert latency[-1] < 0.7 * latency[0]
    assert w[:first].min() > 0.3 and w[first + 2 :].max() < 0.2


INTEGRATOR = LIF(tau=2.0, unit_rate=250.0, carry_over=True)
"""A neuron that hardly leaks: it fires in proportion to its current, however weak."""


@pytest.mark.parametrize("source", [None, RegularSource(250.0), PoissonSource(250.0)], ids=["current", "regular", "poisson"])
def test_a_spiking_circuit_of_two_areas_reads_unseen_digits_without_one_violation(source: Neuron | None, record_property):
    hidden = {"V1_I": INTEGRATOR, "V1_FE": INTEGRATOR, "V1_FI": INTEGRATOR, "output": DivisiveNormalisation()}
    neuron = LIF(tau=40e-3, unit_rate=250.0, carry_over=True)
    circuit = two_area(64, 100, 10, apical_gain=0.3).with_neurons(neuron, CurrentSynapse(10e-3), source, hidden)
    rule = DendriticError(centred=True)
    circuit = circuit.with_plasticity(dict.fromkeys(("input_to_V1_E", "V1_I_to_V1_E"), rule) | {"tonic_to_V1_E": rule.uncentred()})
    protocol = two_phase(circuit, duration=0.1, window=0.05)
    task, epochs, size = Digits(train_trials=600, test_trials=200), 5, 16
    learning = LocalLearning(chain(Adaptive(rate=1e-2), CosineDecay(epochs * (600 // size + 1))))
    backend = backends.get("torch_spiking", threads=1)
    training = Training(Experiment("digits", circuit, task, protocol, backend, learning, batch=size), task.load(0))
    untrained = training.evaluate().error
    for epoch in range(epochs):
        list(training.epoch(epoch))
    error = training.evaluate().error
    record_property("test_error", None if error is None else float(error))
    assert circuit.dalean and violations(circuit, training.parameters()) == 0
    assert untrained is not None and untrained > 0.7, "an untrained circuit must know nothing"
    assert error is not None and error < 0.35
