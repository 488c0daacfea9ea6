"""Aims at potentials of another time step, trial or neuron, or of a trial that ran differently."""

from __future__ import annotations

import numpy as np
import pytest

from bio_fa import LIF, Apical, LocalLearning, Population, backends, one_phase, two_phase
from bio_fa.backends.base import Simulation
from bio_fa.errors import BackendError
from bio_fa.neurons import SaturatingRate, TwoCompartmentLIF
from bio_fa.weights import Constant
from models.two_area import two_area
from tests.tiny import SPIKING, batch, chain_of, compiled, leaky, spiking_trial

MACHINES = pytest.mark.parametrize("backend", ["reference", "torch_spiking"])
DT = 1e-3


def injected(neuron, weight: float):
    """Return two input rates that drive one neuron."""
    return chain_of(leaky("input", 2), Population("driven", 1, neuron=neuron), weights=Constant(weight))


def probed(circuit, protocol, backend, inputs, every=1, trials=9, neurons=9):
    """Return the simulation and, phase by phase, its state, frames and potentials."""
    simulation = compiled(circuit, protocol, LocalLearning(), backend)
    state, found = simulation.init(circuit.sample(1), 3), []
    for phase in protocol.phases:
        state, frames, potentials = simulation.probe(state, phase, inputs, every, trials, neurons)
        found.append((state, frames, potentials["potential"]))
    return simulation, found


@MACHINES
def test_the_potential_of_a_leaky_rate_neuron_is_the_closed_form_of_forward_euler(backend):
    """u after step k + 1 is I (1 − (1 − dt / τ)^(k + 1)) from 0."""
    circuit = injected(SaturatingRate(tau=10e-3), 0.5)
    inputs = {"input": np.array([[0.3, 0.5]]), "driven": np.zeros((1, 1))}
    _, [(_, _, potentials)] = probed(circuit, one_phase(circuit, duration=0.03), backend, inputs)
    expected = 0.4 * (1 - 0.9 ** np.arange(1, 31))
    np.testing.assert_allclose(potentials["driven"][:, 0, 0], expected, rtol=1e-12)


@MACHINES
def test_the_potential_of_a_spiking_neuron_rises_is_reset_and_rises_again(backend):
    """Without leak dv = ν₁ I dt = 0.3 a step, from the drawn start; a spike where it passes 1, and 0 after its step."""
    circuit = injected(LIF(tau=1e9, unit_rate=100.0), 1.5)
    protocol = one_phase(circuit, duration=0.02, window=0.01)
    inputs = {"input": np.ones((2, 2)), "driven": np.zeros((2, 1))}
    simulation, [(state, _, potentials)] = probed(circuit, protocol, backend, inputs)
    start = state.draws.initial(circuit.population("driven"), 2)["v"][:, 0]
    for trial in range(2):
        v, expected, fired = start[trial], [], []
        for step in range(20):
            v += 0.3
            fired += [step] if v > 1 else []
            v = 0.0 if v > 1 else v
            expected.append(v)
        np.testing.assert_allclose(potentials["driven"][:, trial, 0], expected, rtol=0, atol=1e-6)
        spikes = simulation.spikes(state, "driven")
        assert spikes[spikes[:, 1] == trial][:, 0].tolist() == fired


@MACHINES
def test_an_apical_potential_follows_feedback_by_the_closed_form_of_forward_euler(backend):
    """d after step k + 1 is γ a (1 − (1 − dt / τ_d)^(k + 1)) from 0, for a constant apical current a = Σ w r."""
    neuron = TwoCompartmentLIF(apical_tau=10e-3)
    fed = Population("driven", 1, neuron=neuron, apical=Apical(gain=2.0))
    circuit = chain_of(leaky("input", 2), fed, weights=Constant(0.5), compartment="apical")
    inputs = {"input": np.array([[0.3, 0.5]]), "driven": np.zeros((1, 1))}
    simulation = compiled(circuit, one_phase(circuit, duration=0.03, window=0.01), LocalLearning(), backend)
    state, phase = simulation.init(circuit.sample(1), 3), simulation.protocol.phases[0]
    _, _, potentials = simulation.probe(state, phase, inputs, 1, 1, 1)
    expected = 2.0 * 0.5 * (0.3 + 0.5) * (1 - 0.9 ** np.arange(1, 31))
    np.testing.assert_allclose(potentials["apical_potential"]["driven"][:, 0, 0], expected, rtol=1e-6)


@MACHINES
@pytest.mark.parametrize("name", sorted(SPIKING))
def test_a_probed_trial_is_the_trial_that_would_have_run(name, backend):
    circuit = SPIKING[name]
    protocol, inputs = spiking_trial(circuit), batch(circuit, 3)
    simulation, found = probed(circuit, protocol, backend, inputs, every=5)
    state = simulation.init(circuit.sample(1), 3)
    for phase, (beside, frames, _) in zip(protocol.phases, found, strict=True):
        state, expected = simulation.run(state, phase, inputs, 5)
        for each in circuit.populations:
            np.testing.assert_array_equal(simulation.spikes(beside, each.name), simulation.spikes(state, each.name))
            activity = simulation.activity(state, each.name, phase.name)
            np.testing.assert_allclose(simulation.activity(beside, each.name, phase.name), activity, rtol=1e-9, atol=1e-12)
        for one, other in zip(frames, expected, strict=True):
            assert all(np.allclose(one[each], other[each], rtol=1e-9) for each in one)


@pytest.mark.parametrize("name", sorted(SPIKING))
def test_the_backends_agree_on_potentials(name):
    circuit = SPIKING[name]
    protocol, inputs = spiking_trial(circuit), batch(circuit, 2)
    (_, reference), (_, torch) = (probed(circuit, protocol, each, inputs) for each in ("reference", "torch_spiking"))
    for (_, _, one), (_, _, other) in zip(reference, torch, strict=True):
        assert one.keys() == other.keys()
        for population in one:
            np.testing.assert_allclose(one[population], other[population], rtol=1e-9, atol=1e-12)


@MACHINES
def test_only_the_first_trials_and_neurons_are_kept_and_only_of_what_has_a_potential(backend):
    circuit = two_area(5, 6, 3).with_neurons(TwoCompartmentLIF())
    protocol, inputs = two_phase(circuit, duration=0.01, window=0.01), batch(circuit, 4)
    _, everything = probed(circuit, protocol, backend, inputs)
    _, some = probed(circuit, protocol, backend, inputs, trials=2, neurons=3)
    for (_, _, whole), (_, _, part) in zip(everything, some, strict=True):
        assert set(whole) == {each.name for each in circuit.populations} - {"input"}
        for name, values in part.items():
            assert values.shape == (10, 2, min(circuit.population(name).size, 3))
            np.testing.assert_array_equal(values, whole[name][:, :2, :3])


@pytest.mark.parametrize("backend", ["reference", "torch_rate"])
def test_a_phase_that_settles_has_the_potential_at_its_fixed_point(backend):
    circuit = two_area(5, 6, 3)
    inputs = batch(circuit, 2)
    simulation, found = probed(circuit, two_phase(circuit), backend, inputs)
    for phase, (state, _, potentials) in zip(("free", "nudged"), found, strict=True):
        assert potentials["V1_E"].shape == (1, 2, 6)
        activity = simulation.activity(state, "V1_E", phase)
        np.testing.assert_allclose(np.maximum(potentials["V1_E"][0], 0), activity, rtol=1e-12)


def test_a_backend_that_keeps_no_potentials_says_so():
    circuit = two_area(5, 6, 3)
    simulation = backends.get("reference").compile(circuit, two_phase(circuit), LocalLearning())
    state, phase = simulation.init(circuit.sample(0)), simulation.protocol.phases[0]
    with pytest.raises(BackendError, match="keeps no potentials; record none, or choose torch_spiking or reference"):
        Simulation.probe(simulation, state, phase, batch(circuit, 1), 1, 1, 1)
