"""Aims at targets that are not activities to aim at, and inverses that do not invert."""

import numpy as np

from bio_fa import LinearRate
from bio_fa.rules.feedback_alignment import FeedbackAlignment
from bio_fa.rules.network import Network
from bio_fa.rules.target_propagation import DifferenceTargetPropagation, FixedWeightTargetPropagation
from bio_fa.updates import Scale
from tests.rules.limits import generic, replaced
from tests.rules.trained import SMALL, learner

LINEAR = Network(5, (4, 4), 4, LinearRate(), LinearRate())
RETURNS = (("output", "H2"), ("H2", "H1"))


def inverted(network=LINEAR, seed: int = 1):
    """Return parameters of a linear network in which g of every area is the exact inverse of the way up."""
    drawn = generic(DifferenceTargetPropagation().circuit(network).sample(seed))
    up = {(above, below): drawn[f"{below}_to_{above}"].w for above, below in RETURNS}
    inverses = {f"{above}_to_{below}_inverse": np.linalg.inv(w) for (above, below), w in up.items()}
    offsets = {f"tonic_to_{below}_inverse": -np.linalg.inv(w) @ drawn[f"tonic_to_{above}"].w for (above, below), w in up.items()}
    return replaced(drawn, **inverses, **offsets)


def test_with_an_exact_linear_inverse_targets_are_those_of_the_gauss_newton_step():
    """Lee et al. (2015); Meulemans et al. (2020) NeurIPS 33: Δh = (JᵀJ)⁻¹Jᵀ β e with J = ∂output/∂h, here by least squares."""
    parameters, strength = inverted(), 0.3
    one = learner(DifferenceTargetPropagation(strength=strength), LINEAR, parameters=parameters)
    deltas, w = one.deltas(), {name: each.w for name, each in parameters.items()}
    r = {name: one.simulation.activity(one.state, name, "free") for name in ("H1", "H2", "output")}
    error = strength * (one.inputs["output"] - r["output"])
    jacobians = {"H2": w["H2_to_output"], "H1": w["H2_to_output"] @ w["H1_to_H2"]}
    before = {"H2": ("H1", r["H1"]), "H1": ("input", one.inputs["input"])}
    for layer, (source, activity) in before.items():
        wanted = np.linalg.lstsq(jacobians[layer], error.T, rcond=None)[0] @ activity / len(activity)
        np.testing.assert_allclose(deltas[f"{source}_to_{layer}"], wanted, rtol=0, atol=1e-12)


def test_an_exact_inverse_has_nothing_to_learn():
    """h − g(f(h)) = 0."""
    deltas = learner(DifferenceTargetPropagation(), LINEAR, parameters=inverted()).deltas()
    for above, below in RETURNS:
        np.testing.assert_allclose(deltas[f"{above}_to_{below}_inverse"], 0, rtol=0, atol=1e-12)
        assert np.abs(deltas[f"{below}_to_{above}"]).max() > 1e-3


def test_the_inverse_comes_to_reconstruct_the_activity_below():
    """The delta rule lowers ‖r − g(r above)‖² while the way up is still: a nudge of almost no strength."""
    one = learner(DifferenceTargetPropagation(strength=1e-6), SMALL, Scale(0.2))

    def reconstruction(layer: str) -> float:
        activity, guess = (one.simulation.activity(one.state, each, "free") for each in (layer, f"{layer}_inverse"))
        return float(((activity - guess) ** 2).mean())

    one.run()
    before = {layer: reconstruction(layer) for layer in ("H1", "H2")}
    one.learn(trials=2000)
    assert reconstruction("H1") < 0.02 * before["H1"]
    assert reconstruction("H2") < 0.1 * before["H2"], "three outputs that sum to 1 leave more of H2 untold"


def test_a_fixed_linear_function_makes_it_feedback_alignment():
    """For linear neurons φ(b + V Δ) − φ(b) = V Δ: B = V, and errors are β times those of the output."""
    parameters = generic(FixedWeightTargetPropagation().circuit(LINEAR).sample(1))
    deltas = learner(FixedWeightTargetPropagation(strength=0.25), LINEAR, parameters=parameters).deltas()
    own = FeedbackAlignment().circuit(LINEAR).sample(1)
    back = {f"{above}_to_{below}": parameters[f"{above}_to_{below}_inverse"].w for above, below in RETURNS}
    same = {name: parameters[name].w for name in own if name not in back}
    wanted = learner(FeedbackAlignment(), LINEAR, parameters=replaced(own, **back, **same)).deltas()
    for name, delta in wanted.items():
        np.testing.assert_allclose(deltas[name] / 0.25, delta, rtol=0, atol=1e-12, err_msg=name)
