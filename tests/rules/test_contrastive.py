"""Aims at contrastive learning that does not come near the gradient where feedback is weak."""

from dataclasses import replace

import numpy as np
import pytest

from bio_fa import Settle
from bio_fa.rules.backpropagation import Backpropagation
from bio_fa.rules.contrastive import ContrastiveHebbian, GeneRec
from bio_fa.rules.equilibrium_propagation import EquilibriumPropagation
from bio_fa.rules.feedback import Stepwise
from bio_fa.rules.feedback_alignment import FeedbackAlignment
from tests.rules.limits import generic, order
from tests.rules.trained import SMALL, learner

GAINS = (1e-2, 3e-3, 1e-3, 3e-4)
EXACT = Settle(tolerance=1e-14, step=1.0, max_steps=2000)
POWERS = {"H2_to_output": 0, "H1_to_H2": 1, "input_to_H1": 2}
"""With which power of γ the change of each projection shrinks: k steps below the output."""


LIMITS = [
    (ContrastiveHebbian(), Backpropagation()),
    (ContrastiveHebbian(wiring=Stepwise()), FeedbackAlignment()),
    (GeneRec(), FeedbackAlignment()),
    (EquilibriumPropagation(wiring=Stepwise()), FeedbackAlignment()),
]
"""Rule, and what it tends to."""


@pytest.mark.parametrize(("rule", "limit"), LIMITS, ids=lambda each: each.kind())
def test_its_change_tends_to_that_of_signed_errors_as_feedback_becomes_weak(rule, limit):
    """Xie & Seung (2003): contrastive Hebbian learning is backpropagation, up to γᵏ and an error of first order in γ.

    With feedback that is not symmetric the same expansion of the activities gives feedback alignment.
    """
    parameters = generic(rule.circuit(SMALL).sample(1))
    wanted = learner(limit, parameters=parameters).deltas()
    for name, power in POWERS.items():

        def change(gain: float, name: str = name, power: int = power) -> np.ndarray:
            return learner(replace(rule, gain=gain, settle=EXACT), parameters=parameters).deltas()[name] / gain**power

        assert order(GAINS, change, wanted[name]) == pytest.approx(1, abs=0.05), name


def test_the_change_is_the_correlation_clamped_less_the_correlation_free():
    """Movellan (1991), from the recorded activities of both phases."""
    one = learner(ContrastiveHebbian(gain=0.1))
    delta = one.deltas()["H1_to_H2"]
    of = {phase: [one.simulation.activity(one.state, each, phase) for each in ("H2", "H1")] for phase in ("free", "clamped")}
    products = {phase: post.T @ pre / len(pre) for phase, (post, pre) in of.items()}
    np.testing.assert_allclose(delta, products["clamped"] - products["free"], rtol=0, atol=1e-15)
    assert np.abs(delta).max() > 1e-4


def test_the_output_is_its_target_while_it_is_clamped():
    one = learner(ContrastiveHebbian())
    one.run()
    np.testing.assert_array_equal(one.simulation.activity(one.state, "output", "clamped"), one.inputs["output"])


def test_feedback_synapses_learn_by_the_same_rule_as_those_of_the_way_up():
    """O'Reilly (1996): ΔB = (r⁺ − r⁻) r⁻ᵀ of the area above."""
    one = learner(GeneRec(gain=0.1))
    delta = one.deltas()["H2_to_H1"]
    free, clamped = (one.simulation.activity(one.state, "H1", phase) for phase in ("free", "clamped"))
    above = one.simulation.activity(one.state, "H2", "free")
    np.testing.assert_allclose(delta, (clamped - free).T @ above / len(above), rtol=0, atol=1e-15)
