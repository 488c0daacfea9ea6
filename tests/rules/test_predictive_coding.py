"""Aims at predictive coding whose errors are not those of backpropagation where they should be, or that transports weights."""

import numpy as np
import pytest

from bio_fa import Settle
from bio_fa.rules.backpropagation import Backpropagation
from bio_fa.rules.feedback import LearnedTogether
from bio_fa.rules.predictive_coding import PredictiveCoding
from bio_fa.synapses import Parameters
from tests.rules.limits import generic, order, replaced
from tests.rules.trained import SMALL, learner

STRENGTHS = (1e-2, 3e-3, 1e-3, 3e-4)
EXACT = Settle(tolerance=1e-14, step=0.3, max_steps=5000)
RETURNS = (("output", "H2"), ("H2", "H1"))
UP = ("input_to_H1", "H1_to_H2", "H2_to_output")


def symmetric() -> Parameters:
    """Return parameters whose feedback is the transpose of the way up, as it is at the start."""
    return generic(PredictiveCoding().circuit(SMALL).sample(1))


def same_way_up(parameters: Parameters) -> Parameters:
    """Return parameters of backpropagation with the predictions' weights."""
    own = Backpropagation().circuit(SMALL).sample(1)
    names = [*UP, *(name for name in own if name.startswith("tonic"))]
    up = {name: parameters[f"{name}_predicted"].w for name in names}
    back = {f"{above}_to_{below}": up[f"{below}_to_{above}"].T for above, below in RETURNS}
    return replaced(own, **up, **back)


@pytest.mark.parametrize("fixed", [True, False], ids=["fixed_predictions", "all_relax"])
def test_small_errors_are_those_of_backpropagation_with_first_order(fixed):
    """Whittington & Bogacz (2017); Rosenbaum (2022) under the fixed-prediction assumption: ΔW / β → −∂L/∂W as β → 0."""
    parameters = symmetric()
    wanted = learner(Backpropagation(), parameters=same_way_up(parameters)).deltas()
    for name in UP:

        def change(strength: float, name: str = name) -> np.ndarray:
            rule = PredictiveCoding(wiring=LearnedTogether(0.0, symmetric=True), strength=strength, fixed=fixed, settle=EXACT)
            return learner(rule, parameters=parameters).deltas()[f"{name}_predicted"] / strength

        assert order(STRENGTHS, change, wanted[name]) == pytest.approx(1, abs=0.1), name


def test_error_neurons_report_what_was_not_predicted():
    """ε = r − φ(μ) in every area, 0 before the target is shown."""
    one = learner(PredictiveCoding(strength=0.5))
    one.run()
    for layer in ("H1", "H2", "output"):
        for phase in ("free", "inferred"):
            r, p, e = (one.simulation.activity(one.state, f"{layer}{role}", phase) for role in ("", "_expected", "_error"))
            np.testing.assert_allclose(e, r - p, rtol=0, atol=1e-15)
            assert (np.abs(e).max() > 1e-4) == (phase == "inferred")


def test_inference_ends_where_the_energy_is_stationary():
    """u = μ + Wᵀ ε of the area above: ∂E/∂r = 0 for E = Σ D(r, φ(μ)), with φ⁻¹ = artanh."""
    parameters = symmetric()
    one = learner(PredictiveCoding(strength=0.5, fixed=False, settle=EXACT), parameters=parameters)
    one.run()
    for above, layer in RETURNS:
        read = (layer, f"{layer}_predicted", f"{above}_error")
        r, mu, error = (one.simulation.activity(one.state, each, "inferred") for each in read)
        returned = error @ parameters[f"{layer}_to_{above}_predicted"].w
        np.testing.assert_allclose(np.arctanh(r) - mu, returned, rtol=0, atol=1e-12)
        assert np.abs(returned).max() > 1e-3


def test_feedback_that_starts_symmetric_stays_so():
    """Whittington & Bogacz (2017): both directions of a synapse see the same product."""
    w = learner(PredictiveCoding()).learn(trials=20)
    for above, below in RETURNS:
        up, back = w[f"{below}_to_{above}_predicted"].w, w[f"{above}_error_to_{below}"].w
        np.testing.assert_allclose(back, up.T, rtol=0, atol=1e-14)


def test_both_ways_change_alike_so_that_what_they_differ_by_only_decays():
    """Kolen & Pollack (1994): W − Bᵀ shrinks by 1 − η λ a trial."""
    one = learner(PredictiveCoding(wiring=LearnedTogether(decay=0.01)))
    difference = lambda w: w["H1_to_H2_predicted"].w - w["H2_error_to_H1"].w.T  # noqa: E731
    before, after = difference(one.parameters()), difference(one.learn(trials=10))
    np.testing.assert_allclose(after, before * (1 - 0.1 * 0.01) ** 10, rtol=0, atol=1e-14)
