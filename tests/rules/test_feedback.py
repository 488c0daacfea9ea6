"""Aims at a wiring that does not mean the same to every rule, or is not the one that a named rule has by default."""

import numpy as np
import pytest

from bio_fa.catalogue import entry
from bio_fa.rules.activity_differences import ActivityDifferences, DirectActivityDifferences, SymmetricActivityDifferences
from bio_fa.rules.backpropagation import Backpropagation
from bio_fa.rules.contrastive import ContrastiveHebbian, GeneRec
from bio_fa.rules.direct_feedback_alignment import DirectFeedbackAlignment
from bio_fa.rules.equilibrium_propagation import EquilibriumPropagation, SymmetricEquilibriumPropagation
from bio_fa.rules.feedback import Concordant, Direct, ExactLast, LearnedAlike, LearnedTogether, Mirrored, Stepwise, Symmetric
from bio_fa.rules.feedback_alignment import FeedbackAlignment
from bio_fa.rules.kolen_pollack import KolenPollack
from bio_fa.rules.sign_symmetry import FixedSignSymmetry, RandomSignSymmetry, UniformSignSymmetry
from bio_fa.rules.weight_mirror import WeightMirror
from bio_fa.weights import Constant
from tests.rules.trained import ONE_AREA, SMALL, learner

SAME = [
    (FeedbackAlignment(wiring=Direct()), DirectFeedbackAlignment()),
    (DirectFeedbackAlignment(wiring=Stepwise()), FeedbackAlignment()),
    (FeedbackAlignment(wiring=Symmetric()), Backpropagation()),
    (FeedbackAlignment(wiring=Concordant(Constant(0.05))), UniformSignSymmetry()),
    (FeedbackAlignment(wiring=Concordant()), FixedSignSymmetry()),
    (FeedbackAlignment(wiring=Concordant(redrawn=True)), RandomSignSymmetry()),
    (FeedbackAlignment(wiring=LearnedTogether()), KolenPollack()),
    (FeedbackAlignment(wiring=Mirrored()), WeightMirror()),
    (ActivityDifferences(wiring=Direct()), DirectActivityDifferences()),
    (ActivityDifferences(wiring=Symmetric()), SymmetricActivityDifferences()),
]
"""A code of errors with a wiring, and the name that both have together."""
CODES = [
    FeedbackAlignment,
    ActivityDifferences,
    ContrastiveHebbian,
    GeneRec,
    EquilibriumPropagation,
    SymmetricEquilibriumPropagation,
]
"""Rules whose feedback connects the neurons themselves, one of each code."""


@pytest.mark.parametrize(("combined", "named"), SAME, ids=lambda each: each.kind())
def test_a_named_rule_is_a_code_of_errors_with_its_wiring_bit_for_bit(combined, named):
    ours, theirs = (learner(rule).learn(trials=5) for rule in (combined, named))
    assert list(ours) == list(theirs)
    for name in ours:
        np.testing.assert_array_equal(ours[name].w, theirs[name].w, err_msg=name)
    assert (entry(combined).feedback, entry(combined).local) == (entry(named).feedback, entry(named).local)


@pytest.mark.parametrize("others", [Stepwise(), Direct(), LearnedAlike()], ids=lambda each: each.kind())
def test_an_exact_last_step_is_backpropagation_where_there_is_no_other(others):
    ours, theirs = (
        learner(rule, ONE_AREA).learn(trials=5) for rule in (FeedbackAlignment(wiring=ExactLast(others)), Backpropagation())
    )
    for name in ours:
        np.testing.assert_array_equal(ours[name].w, theirs[name].w, err_msg=name)


@pytest.mark.parametrize(("others", "limit"), [(Stepwise(), "H2_to_H1"), (Direct(), "output_to_H1")], ids=["stepwise", "direct"])
def test_the_last_area_gets_the_gradient_and_those_below_what_the_other_wiring_makes_of_it(others, limit):
    """Closed form: δ₂ = φ′ ⊙ W₃ᵀ e is exact; δ₁ = φ′ ⊙ B₁ δ₂, or φ′ ⊙ B₁ e where B₁ starts from the output; tanh′ = 1 − r²."""
    one = learner(FeedbackAlignment(wiring=ExactLast(others)))
    deltas, w = one.deltas(), one.parameters()
    r = {name: one.simulation.activity(one.state, name, "free") for name in ("H1", "H2", "output")}
    error = one.inputs["output"] - r["output"]
    middle = (1 - r["H2"] ** 2) * (error @ w["H2_to_output"].w)
    heard = middle if limit == "H2_to_H1" else error
    below = (1 - r["H1"] ** 2) * (heard @ w[limit].w.T)
    np.testing.assert_allclose(deltas["H1_to_H2"], middle.T @ r["H1"] / 4, rtol=0, atol=1e-15)
    np.testing.assert_allclose(deltas["input_to_H1"], below.T @ one.inputs["input"] / 4, rtol=0, atol=1e-15)


@pytest.mark.parametrize("rule", CODES)
def test_of_any_code_what_is_learned_together_comes_to_agree(rule):
    """Kolen & Pollack (1994): W − Bᵀ ← (1 − η λ) (W − Bᵀ), because both change by the same products."""
    one = learner(rule(wiring=LearnedTogether(decay=0.5)))
    start, end = one.parameters(), one.learn(trials=10)
    for forward, back in (("H1_to_H2", "H2_to_H1"), ("H2_to_output", "output_to_H2")):
        before, after = (each[forward].w - each[back].w.T for each in (start, end))
        np.testing.assert_allclose(after, before * (1 - 0.1 * 0.5) ** 10, rtol=0, atol=1e-13, err_msg=forward)


def test_what_starts_symmetric_and_is_learned_together_stays_so_and_follows_the_gradient():
    wiring = LearnedTogether(decay=0.0, symmetric=True)
    ours, exact = (learner(rule).learn(trials=10) for rule in (FeedbackAlignment(wiring=wiring), Backpropagation()))
    for name in exact:
        np.testing.assert_allclose(ours[name].w, exact[name].w, rtol=0, atol=1e-13, err_msg=name)
    assert entry(FeedbackAlignment(wiring=wiring)).objections == ("weights of other synapses are copied at the start",)


@pytest.mark.parametrize("rule", CODES)
def test_mirror_phases_follow_the_trial_of_any_code_and_leave_its_changes_alone(rule):
    plain, mirrored = rule(wiring=Stepwise()), rule(wiring=Mirrored())
    trial, longer = (each.protocol(each.circuit(SMALL)).phases for each in (plain, mirrored))
    assert longer[:-2] == trial and [each.name for each in longer[-2:]] == ["mirror_H1", "mirror_H2"]
    assert not any(each.nudge or each.hold or each.plastic or each.clamp != ("input",) for each in longer[-2:])
    one = learner(mirrored)
    parameters, deltas = one.parameters(), one.deltas()
    for name, delta in learner(plain, parameters=parameters).deltas().items():
        np.testing.assert_array_equal(deltas[name], delta, err_msg=name)


def test_signs_are_transported_below_an_exact_last_step_too():
    told = entry(ActivityDifferences(wiring=ExactLast(Concordant())))
    assert not told.local and told.objections == (
        "weight transport: feedback is sign concordant",
        "weight transport: feedback is transposed",
    )
    assert told.feedback == "activity of the right signs; exact from the output onto the last area"
