"""Aims at hidden areas that are taught after all, at weights that grow without bound, and at competitors that all learn alike."""

from dataclasses import replace

import numpy as np
import pytest

from bio_fa import LocalLearning, backends
from bio_fa.credit import Lateral, RankedCompetition, SoftCompetition
from bio_fa.rules.readout import CompetitiveReadout, HebbianReadout
from bio_fa.updates import Scale
from tests.refusals import assert_refused
from tests.rules.trained import ONE_AREA, SMALL, learner

RULES = [HebbianReadout(), CompetitiveReadout()]
U = np.array([[0.1, 0.9, 0.3, 0.8], [2.0, -1.0, 0.0, 1.0]])

every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda each: each.kind())


def test_the_soft_competition_is_the_softmax_of_potentials():
    expected = np.exp(3.0 * U) / np.exp(3.0 * U).sum(1, keepdims=True)
    np.testing.assert_allclose(SoftCompetition(gain=3.0).of(U), expected, rtol=1e-12)


def test_a_large_gain_leaves_the_winner_alone():
    np.testing.assert_allclose(SoftCompetition(gain=1e4).of(U), [[0, 1, 0, 0], [1, 0, 0, 0]], atol=1e-12)


@pytest.mark.parametrize(
    ("rank", "expected"),
    [(2, [[0, 1, 0, -0.4], [1, 0, 0, -0.4]]), (3, [[0, 1, -0.4, 0], [1, 0, -0.4, 0]]), (4, [[-0.4, 1, 0, 0], [1, -0.4, 0, 0]])],
)
def test_the_ranked_competition_strengthens_the_first_and_weakens_the_kth(rank, expected):
    """Krotov & Hopfield (2019), eq. 9."""
    np.testing.assert_array_equal(RankedCompetition(rank=rank, strength=0.4).of(U), expected)


@pytest.mark.parametrize(
    ("make", "allowed"),
    [
        (lambda: SoftCompetition(gain=0.0), "a gain above 0"),
        (lambda: RankedCompetition(rank=1), "a rank of at least 2"),
        (lambda: RankedCompetition(strength=-0.1), "a strength of at least 0"),
    ],
)
def test_a_competition_that_prefers_the_weakest_is_refused(make, allowed):
    assert_refused(make, allowed)


@every_rule
def test_hidden_areas_learn_the_same_whatever_the_target_is(rule):
    taught, otherwise = learner(rule), learner(rule)
    otherwise.inputs = {**otherwise.inputs, "output": np.roll(otherwise.inputs["output"], 1, axis=1)}
    one, other = taught.deltas(), otherwise.deltas()
    for name in one:
        alike = np.array_equal(one[name], other[name])
        assert alike != name.endswith("_to_output"), name


@every_rule
def test_the_norm_of_what_a_hidden_neuron_receives_is_kept(rule):
    after = learner(replace(rule, norm=1.7), update=Scale(0.5)).learn(trials=5)
    for name in ("input_to_H1", "H1_to_H2"):
        np.testing.assert_allclose(np.linalg.norm(after[name].w, axis=1), 1.7, rtol=1e-12)


@every_rule
def test_thresholds_settle_where_the_mean_activity_is_the_set_point(rule):
    """Δθ = η (r* − r) rests only where the mean of r is r*."""
    one = learner(replace(rule, set_point=0.2), update=Scale(0.02))
    one.learn(trials=4000)
    rates = np.array([one.simulation.activity(one.state, "H1", "free")])
    np.testing.assert_allclose(rates.mean((0, 1)), 0.2, atol=0.02)


def test_the_output_hears_every_hidden_area_and_learns_by_the_delta_rule():
    one = learner(HebbianReadout())
    change = one.deltas()
    rates = {name: one.simulation.activity(one.state, name, "free") for name in ("H1", "H2", "output")}
    error = one.inputs["output"] - rates["output"]
    for area in SMALL.layers:
        np.testing.assert_allclose(change[f"{area}_to_output"], error.T @ rates[area] / len(error), rtol=1e-12)


def test_with_hard_competition_weights_point_to_the_centres_of_clusters():
    """Rumelhart & Zipser (1985): w of a winner moves to the mean of what it wins; here two stimuli, apart from their mean."""
    one = learner(HebbianReadout(gain=50.0, norm=1.0), ONE_AREA, update=Scale(0.05))
    stimuli = np.eye(6)[[0, 3]] + 0.2
    one.inputs = {"input": stimuli, "output": np.eye(3)[:2]}
    w = one.learn(trials=2000)["input_to_H1"].w
    apart = (stimuli[0] - stimuli[1]) / np.linalg.norm(stimuli[0] - stimuli[1])
    along = w @ apart
    assert along.max() > 0.99 and along.min() < -0.99


def test_every_competition_is_one_that_a_rule_uses():
    used = {type(rule.competition()) for rule in RULES}
    assert used == {kind for kind in Lateral.kinds().values() if kind.__module__.startswith("bio_fa.")}


def test_only_the_competition_by_rank_is_marked_as_not_local():
    told = [rule.objections(rule.circuit(SMALL)) for rule in RULES]
    assert told[0] == () and "rank" in told[1][0]


@pytest.mark.parametrize("rule", RULES, ids=lambda each: each.kind())
def test_brian2_which_keeps_no_potentials_refuses_them(rule):
    reasons = backends.get("brian2").unsupported(rule.circuit(SMALL), LocalLearning())
    assert any("signed errors, which it does not carry" in each for each in reasons)
    assert any("competition of potentials, which it does not keep; use torch_rate" in each for each in reasons)
