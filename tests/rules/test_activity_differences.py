"""Aims at activity differences that carry another error than the signed one of which they are the activities."""

import numpy as np
import pytest

from bio_fa.rules.activity_differences import ActivityDifferences, DirectActivityDifferences, SymmetricActivityDifferences
from bio_fa.rules.backpropagation import Backpropagation
from bio_fa.rules.direct_feedback_alignment import DirectFeedbackAlignment
from bio_fa.rules.feedback_alignment import FeedbackAlignment
from tests.rules.limits import generic, order
from tests.rules.trained import SMALL, learner

GAINS = (1e-2, 3e-3, 1e-3, 3e-4)
STEPWISE, DIRECT = {"H1_to_H2": 1, "input_to_H1": 2}, {"H1_to_H2": 1, "input_to_H1": 1}
LIMITS = [
    (ActivityDifferences, FeedbackAlignment, STEPWISE),
    (DirectActivityDifferences, DirectFeedbackAlignment, DIRECT),
    (SymmetricActivityDifferences, Backpropagation, STEPWISE),
]
"""Rule, what it tends to, and with which power of γ the change of each projection shrinks."""


@pytest.mark.parametrize(("rule", "limit", "powers"), LIMITS, ids=lambda each: getattr(each, "__name__", ""))
def test_its_change_divided_by_the_coupling_tends_to_that_of_signed_errors_with_first_order(rule, limit, powers):
    """Taylor: φ(b + γ x) − φ(b) = γ φ′(b) x + O(γ²). Both rules start from the same synapses."""
    parameters = generic(rule().circuit(SMALL).sample(1))
    wanted = learner(limit(), parameters=parameters).deltas()
    for name, power in powers.items():

        def change(gain: float, name: str = name, power: int = power) -> np.ndarray:
            return learner(rule(gain=gain), parameters=parameters).deltas()[name] / gain**power

        assert order(GAINS, change, wanted[name]) == pytest.approx(1, abs=0.05), name


@pytest.mark.parametrize("rule", [each for each, *_ in LIMITS])
def test_the_output_learns_by_the_delta_rule_at_any_coupling(rule):
    one = learner(rule(gain=0.7, strength=0.5))
    deltas = one.deltas()
    error = one.inputs["output"] - one.simulation.activity(one.state, "output", "free")
    wanted = 0.5 * error.T @ one.simulation.activity(one.state, "H2", "free") / len(error)
    np.testing.assert_allclose(deltas["H2_to_output"], wanted, rtol=0, atol=1e-15)
