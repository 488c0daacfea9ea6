"""Aims at changes that are integrated over other steps than stated, with traces of a step before or after, or in another window.

Spikes are scripted: neuron 0 of the input is the synapse's own; the others make the postsynaptic neuron fire a step after them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from bio_fa import (
    INHIBITORY,
    TONIC,
    Apical,
    Area,
    Circuit,
    Constant,
    CurrentSynapse,
    DendriticError,
    Eligibility,
    Hebbian,
    LocalLearning,
    PairSTDP,
    Phase,
    Plasticity,
    Projection,
    Protocol,
    Scale,
)
from bio_fa.draws import Draws
from tests.scripted import AT_ONCE, DT, FORCED, NEVER, relay, scripted
from tests.tiny import SPIKING_BACKENDS, compiled, leaky, with_weights

backend = pytest.mark.parametrize("backend", SPIKING_BACKENDS)
STDP = PairSTDP(potentiation=2e-3, depression=3e-3)
Q = 1 - DT / 20e-3
"""What a trace keeps of itself in a step."""
SEED = 4


@dataclass(frozen=True)
class PostsynapticCount(Plasticity):
    """Δw = the number of postsynaptic spikes, times w or not."""

    weighted: bool = False

    def factors(self, pre, post, w):
        yield post.spike, 1, (w if self.weighted else 1)


@dataclass(frozen=True)
class PresynapticCount(Plasticity):
    """Δw = the number of presynaptic spikes."""

    def factors(self, pre, post, w):
        yield 1, pre.spike, 1


def forced_pair(rule: Plasticity, drivers: int = 1, reads: str | None = None, **post: object) -> Circuit:
    """Return the circuit of a relay that a plastic neuron and some drivers reach."""
    synapses = Projection("input", "E", transmission=AT_ONCE, plasticity=rule, reads=reads)
    area = Area("all", (scripted(1 + drivers), replace(relay("E"), **post)))
    return Circuit("pair", (area,), (synapses,), "input", "E")


def lasting(steps: int, window: int | None = None, name: str = "free", **settings: object) -> Phase:
    return Phase(name, ("input",), duration=steps * DT, window=(window or steps) * DT, **settings)


def deltas(circuit: Circuit, phases: tuple[Phase, ...], stimuli: list, backend: str, trials: int = 1, **weights: object) -> dict:
    """Return Δw after some equal trials, each of whose phases is shown its stimulus; the drivers force their relay."""
    simulation = compiled(circuit, Protocol(phases, DT), LocalLearning(Scale(0.0)), backend)
    size = circuit.population("input").size
    weights = weights or {"input_to_E": [[0.0, *[FORCED] * (size - 1)]]}
    state = simulation.init(with_weights(circuit.sample(0), **weights), seed=SEED)
    for number in range(trials):
        state = simulation.learn(state) if number else state
        for phase, stimulus in zip(phases, stimuli, strict=True):
            state, _ = simulation.run(state, phase, {"input": np.atleast_2d(np.asarray(stimulus, dtype=float))})
    return simulation.deltas(state)


PLASTIC = (lasting(60, plastic=True),)


@backend
@pytest.mark.parametrize("lag", [-30, -5, -1, 0, 1, 5, 30])
def test_one_pair_of_spikes_moves_the_synapse_by_the_window_of_its_lag(backend, lag):
    """Post after pre by n steps: A₊ Qⁿ; before: −A₋ Qⁿ; in one step: both."""
    pre, post = 35, 35 + lag
    found = deltas(forced_pair(STDP), (lasting(80, plastic=True),), [[pre, post - 1]], backend)["input_to_E"]
    expected = (2e-3 * Q**lag if lag >= 0 else 0) - (3e-3 * Q**-lag if lag <= 0 else 0)
    assert found[0, 0] == pytest.approx(expected, rel=1e-11)
    # The driver itself always fires a step before the relay.
    assert found[0, 1] == pytest.approx(2e-3 * Q, rel=1e-11)


@backend
def test_all_pairs_of_several_spikes_add_up(backend):
    pre, post = 25, (11, 24, 25, 26, 50)
    found = deltas(forced_pair(STDP, drivers=5), PLASTIC, [[pre, *(step - 1 for step in post)]], backend)["input_to_E"]
    later, sooner = [step - pre for step in post if step >= pre], [pre - step for step in post if step <= pre]
    assert found[0, 0] == pytest.approx(2e-3 * sum(Q**n for n in later) - 3e-3 * sum(Q**n for n in sooner), rel=1e-11)


@backend
@pytest.mark.parametrize(("window", "counts"), [(60, True), (31, True), (30, True), (29, False), (1, False)])
def test_only_steps_of_the_window_are_integrated_but_traces_reach_back_before_it(backend, window, counts):
    """A pair changes the synapse in the step of its second spike, the 31st of 60; the first comes 10 steps earlier."""
    found = deltas(forced_pair(STDP), (lasting(60, window, plastic=True),), [[20, 29]], backend)["input_to_E"]
    assert found[0, 0] == (pytest.approx(2e-3 * Q**10, rel=1e-11) if counts else 0)


@backend
@pytest.mark.parametrize(("reads", "expected"), [(None, 2e-3 * Q**10), ("later", 2e-3 * Q**10), ("free", 0.0)])
def test_the_phase_that_is_read_is_integrated_and_traces_last_from_phase_to_phase(backend, reads, expected):
    """The presynaptic spike is in the 6th of 10 steps of the first phase, the postsynaptic one in the 6th of the second."""
    phases = lasting(10), lasting(20, name="later", plastic=True)
    found = deltas(forced_pair(STDP, reads=reads), phases, [[5, NEVER], [NEVER, 4]], backend)["input_to_E"]
    assert found[0, 0] == pytest.approx(expected, rel=1e-11)


@backend
def test_every_trial_starts_without_traces_and_without_the_changes_of_the_trial_before(backend):
    once, thrice = (deltas(forced_pair(STDP), PLASTIC, [[25, 32]], backend, trials)["input_to_E"] for trials in (1, 3))
    assert once[0, 0] == pytest.approx(2e-3 * Q**8, rel=1e-11)
    np.testing.assert_allclose(thrice, once, rtol=1e-12)


@backend
def test_the_change_of_a_batch_is_the_mean_over_its_trials(backend):
    found = deltas(forced_pair(STDP), PLASTIC, [[[25, 32], [25, 10], [25, NEVER], [NEVER, 9]]], backend)["input_to_E"]
    assert found[0, 0] == pytest.approx((2e-3 * Q**8 - 3e-3 * Q**14) / 4, rel=1e-11)


@backend
def test_momentary_and_lasting_products_of_a_sum_add_up(backend):
    stimuli = [[25, 32]]
    both, stdp, hebb = (
        deltas(forced_pair(rule), PLASTIC, stimuli, backend)["input_to_E"] for rule in (STDP + Hebbian(0.1), STDP, Hebbian(0.1))
    )
    # One spike in 60 ms is the activity 1 / (0.06 s · 100 Hz) on both sides.
    assert hebb[0, 0] == pytest.approx(0.1 / 6**2, rel=1e-12)
    np.testing.assert_allclose(both, stdp + hebb, rtol=1e-12)


@backend
def test_a_product_with_the_weight_sees_that_of_the_beginning_of_the_trial(backend):
    """Two spikes add 2 w to the synapse, not w and then twice that."""
    found = deltas(forced_pair(PostsynapticCount(weighted=True), drivers=2), PLASTIC, [[NEVER, 10, 20]], backend)["input_to_E"]
    np.testing.assert_allclose(found, [[0, 2 * FORCED, 2 * FORCED]], rtol=1e-12)


@backend
def test_a_spike_counts_1_whatever_the_time_step(backend):
    found = deltas(forced_pair(PostsynapticCount(), drivers=3), PLASTIC, [[NEVER, 10, 20, 40]], backend)["input_to_E"]
    np.testing.assert_allclose(found, 3, rtol=1e-12)


@backend
def test_the_tonic_drive_may_follow_postsynaptic_spikes(backend):
    circuit = forced_pair(PostsynapticCount(), drivers=2)
    tonic = Projection(TONIC, "E", weights=Constant(0.0), plasticity=PostsynapticCount())
    circuit = replace(circuit, projections=(*circuit.projections, tonic))
    assert deltas(circuit, PLASTIC, [[NEVER, 10, 20]], backend)["tonic_to_E"] == pytest.approx(2)


@backend
def test_synapses_onto_rates_may_follow_presynaptic_spikes(backend):
    synapses = Projection("input", "unit", transmission=CurrentSynapse(), plasticity=PresynapticCount())
    circuit = Circuit("pair", (Area("all", (scripted(3), leaky("unit", 2))),), (synapses,), "input", "unit")
    found = deltas(circuit, PLASTIC, [[[5, NEVER, 9], [7, 70, 30]]], backend, input_to_unit=np.ones((2, 3)))["input_to_unit"]
    np.testing.assert_allclose(found, [[1, 0, 1]] * 2, rtol=1e-12)


@dataclass(frozen=True)
class Dendrite:
    """A silent LIF whose apical compartment hears neuron 0 of the input: its course by hand, step after step."""

    gain: float = 0.4
    weight: float = 0.5
    tau: float = 5e-3
    steps: int = 40
    spike: int = 8

    def circuit(self, rule: Plasticity) -> Circuit:
        """Return input ─► E, which learns, and input ─► helper ─► the apical compartment of E."""
        post = replace(relay("E", threshold=2.0, reset_to=1.0, rest=1.5), apical=Apical(self.gain))
        learned = Projection("input", "E", transmission=AT_ONCE, plasticity=rule)
        heard = Projection("input", "helper", transmission=AT_ONCE)
        apical = Projection("helper", "E", "apical", weights=Constant(self.weight), transmission=CurrentSynapse(self.tau))
        area = Area("all", (scripted(3), relay("helper"), post))
        return Circuit("dendrite", (area,), (learned, heard, apical), "input", "E")

    def course(self) -> tuple[np.ndarray, np.ndarray]:
        """Return L and ψ of each step; the helper fires in step ``spike``, so that x is felt from the next step on."""
        v = 1 + Draws(SEED, 0).initial(relay("E"), 1)["v"].item()
        signal = np.zeros(self.steps)
        later = np.arange(self.steps - self.spike - 1)
        signal[self.spike + 1 :] = self.gain * self.weight / (self.tau * 100) * (1 - DT / self.tau) ** later
        course = []
        for learning in signal:
            v = v + DT * ((1.5 - v) / 20e-3 + 100 * learning)
            assert v < 2, "it must not fire, for the course to be this one"
            course.append(max(0.0, 1 - abs(v - 2)))
        return signal, np.array(course)

    def change(self, rule: Plasticity, window: int, backend: str) -> np.ndarray:
        """Return Δw of input ─► E; neuron 0 fires in step 12, neuron 1 in step 20, neuron 2 makes the helper fire."""
        phases = (lasting(self.steps, window, plastic=True),)
        return deltas(self.circuit(rule), phases, [[12, 20, self.spike - 1]], backend, **self.weights())["input_to_E"]

    def weights(self) -> dict[str, object]:
        """Return weights by which only the helper hears, and only neuron 2, and only the dendrite the helper."""
        return {"input_to_E": np.zeros((1, 3)), "input_to_helper": [[0.0, 0.0, FORCED]], "helper_to_E": [[self.weight]]}


@backend
@pytest.mark.parametrize("window", [40, 25])
def test_eligibility_is_the_integral_of_signal_sensitivity_and_trace(backend, window):
    """Δw = η Σ dt L ψ x over the steps of the window: L felt in the step, ψ before the reset, x with the spike of the step."""
    dendrite = Dendrite()
    signal, sensitivity = dendrite.course()
    step, expected = np.arange(40), []
    for spike in (12, 20):
        trace = np.where(step >= spike, Q ** np.maximum(step - spike, 0), 0.0)
        expected.append(0.5 * DT * (signal * sensitivity * trace)[-window:].sum())
    found = dendrite.change(Eligibility(0.5), window, backend)
    np.testing.assert_allclose(found[0, :2], expected, rtol=1e-9)
    assert min(expected) > 1e-5


@backend
@pytest.mark.parametrize("window", [40, 25])
def test_a_dendritic_error_is_the_product_of_the_means_of_the_window(backend, window):
    """Δw = η L̄ ψ̄ r: means of signal and sensitivity, and the activity of one spike, 1 / (W ν₁)."""
    signal, sensitivity = (each[-window:].mean() for each in Dendrite().course())
    found = Dendrite().change(DendriticError(0.5), window, backend)
    activity = 1 / (window * DT * 100) * np.array([40 - window <= 12, 40 - window <= 20])
    np.testing.assert_allclose(found[0, :2], 0.5 * signal * sensitivity * activity, rtol=1e-9)


@backend
@pytest.mark.parametrize("rule", [Eligibility(), DendriticError()], ids=lambda rule: rule.kind())
def test_a_synapse_of_inhibition_learns_the_opposite_of_one_of_excitation(backend, rule):
    """The inhibitory relay fires in step 12 as neuron 0 of the input does, and through weights of 0 moves nothing."""
    dendrite = Dendrite()
    excitatory = dendrite.circuit(rule)
    area = Area("all", (*excitatory.populations, replace(relay("I"), sign=INHIBITORY)))
    more = Projection("input", "I", transmission=AT_ONCE), Projection("I", "E", transmission=AT_ONCE, plasticity=rule)
    circuit = replace(excitatory, areas=(area,), projections=(*excitatory.projections, *more))
    weights = {**dendrite.weights(), "input_to_I": [[0.0, FORCED, 0.0]], "I_to_E": [[0.0]]}
    found = deltas(circuit, (lasting(40, plastic=True),), [[12, 11, dendrite.spike - 1]], backend, **weights)
    assert found["input_to_E"][0, 0] > 1e-5
    assert found["I_to_E"].item() == pytest.approx(-found["input_to_E"][0, 0], rel=1e-9)
