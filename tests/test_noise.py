"""Aims at noise of another size than asked for, that is not drawn anew, or that disturbs what it cannot or must not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bio_fa import LocalLearning, Phase, Protocol, Settle, backends
from bio_fa.draws import Draws
from bio_fa.errors import BackendError
from bio_fa.noise import NeuronNoise, Noise, SynapseNoise
from bio_fa.rules.node_perturbation import NodePerturbation
from bio_fa.rules.reinforce import Reinforce
from bio_fa.rules.weight_perturbation import WeightPerturbation
from tests.refusals import assert_refused
from tests.rules.trained import SMALL
from tests.tiny import EI, TWO_AREA, batch, compiled, trial

KINDS = [NeuronNoise("H1", 0.3), SynapseNoise("input_to_H1", 0.3)]
SHAPE = (400, 500)


@pytest.mark.parametrize("noise", KINDS, ids=lambda each: each.kind())
def test_draws_have_mean_0_the_deviation_that_was_asked_for_and_no_correlation(noise):
    drawn = Draws(1, 0).noise(noise, SHAPE, "noisy")
    chance = 5 / np.sqrt(drawn.size)
    assert abs(drawn.mean()) < 0.3 * chance
    assert drawn.std() == pytest.approx(0.3, rel=chance)
    assert abs((drawn[:-1] * drawn[1:]).mean()) < 0.3**2 * chance and abs((drawn[:, :-1] * drawn[:, 1:]).mean()) < 0.3**2 * chance


@pytest.mark.parametrize("noise", KINDS, ids=lambda each: each.kind())
def test_every_batch_phase_target_and_seed_has_draws_of_its_own(noise):
    other = NeuronNoise("H2", 0.3) if isinstance(noise, NeuronNoise) else SynapseNoise("H1_to_H2", 0.3)
    draws = [Draws(*which).noise(noise, SHAPE, "noisy") for which in ((1, 0), (1, 1), (2, 0))]
    draws += [Draws(1, 0).noise(noise, SHAPE, "late"), Draws(1, 0).noise(other, SHAPE, "noisy")]
    assert len({each.tobytes() for each in draws}) == len(draws)
    np.testing.assert_array_equal(draws[0], Draws(1, 0).noise(noise, SHAPE, "noisy"))


def test_the_noise_of_a_synapse_has_one_size():
    assert set(np.abs(SynapseNoise("input_to_H1", 0.3).draw((7, 5), np.random.default_rng(0))).ravel()) == {0.3}


def test_the_score_is_the_derivative_of_the_log_likelihood_by_the_mean():
    """∂/∂μ of −(u − μ)² / 2σ² is ξ / σ²."""
    noise, step = NeuronNoise("H1", 0.4), 1e-6
    likelihood = [-((0.7 - mean) ** 2) / (2 * 0.4**2) for mean in (-step, step)]
    assert noise.score(0.7) == pytest.approx((likelihood[1] - likelihood[0]) / (2 * step), rel=1e-8)


@pytest.mark.parametrize("backend", ["reference", "torch_rate"])
def test_a_phase_that_relaxes_settles_where_the_currents_and_one_draw_of_noise_are_in_balance(backend):
    """E excites itself in a loop: the fixed point is u = Σ s w r + ξ for the noise that the trial keeps."""
    phase = Phase("free", ("input",), settle=Settle(tolerance=1e-12, max_steps=5000), plastic=True, noise=(NeuronNoise("E", 0.2),))
    simulation, inputs = compiled(EI, Protocol((phase,)), LocalLearning(), backend), batch(EI, 3)
    parameters = EI.sample(0)
    state = trial(simulation, simulation.init(parameters), inputs)
    r = {each.name: simulation.activity(state, each.name, "free") for each in EI.populations}
    w = {name: each.w for name, each in parameters.items()}
    current = r["input"] @ w["input_to_E"].T + r["E"] @ w["E_to_E"].T - r["I"] @ w["I_to_E"].T
    noise = np.asarray(state.memory.noise["free"]["E"])
    np.testing.assert_allclose(r["E"], np.maximum(current + noise, 0), atol=1e-9)
    assert np.abs(noise).max() > 0.1


@pytest.mark.parametrize("make", [lambda: NeuronNoise("H1", 0.0), lambda: SynapseNoise("input_to_H1", -1.0)])
def test_noise_without_size_is_refused(make):
    assert_refused(make, "a standard deviation above 0")


def test_noise_in_a_phase_that_lasts_is_refused_and_so_never_reaches_brian2():
    assert_refused(lambda: Phase("free", duration=0.1, noise=(NeuronNoise("H1"),)), "none in a phase with a duration")
    circuit = NodePerturbation().circuit(SMALL)
    with pytest.raises(BackendError, match="settles, but it integrates in time only"):
        backends.get("brian2").compile(circuit, NodePerturbation().protocol(circuit), LocalLearning())


@pytest.mark.parametrize(
    ("noise", "words"),
    [
        ((NeuronNoise("V9"),), "no population is called 'V9'"),
        ((SynapseNoise("V9_to_V1"),), "no projection is called 'V9_to_V1'"),
        ((NeuronNoise("input"),), "is clamped"),
        ((SynapseNoise("input_to_V1_E"),), "obeys Dale's law"),
        ((NeuronNoise("V1_E"), NeuronNoise("V1_E", 0.2)), "comes twice"),
    ],
)
def test_noise_for_what_is_unknown_given_lawful_or_noisy_already_is_refused(noise: tuple[Noise, ...], words):
    assert_refused(lambda: Protocol((Phase("free", ("input",), noise=noise),)).check(TWO_AREA), words)


@pytest.mark.parametrize("rule", [NodePerturbation(), WeightPerturbation(), Reinforce()], ids=lambda each: each.kind())
def test_a_rule_that_learns_from_noise_which_is_not_there_is_refused(rule):
    circuit = rule.circuit(SMALL)
    protocol = rule.protocol(circuit)
    quiet = replace(protocol, phases=tuple(replace(each, noise=()) for each in protocol.phases))
    assert_refused(lambda: quiet.check_rules(circuit), "which phase 'noisy' does not disturb; add noise to it there.")
