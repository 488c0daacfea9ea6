"""Aims at fixed random feedback that is not fixed, not heard, or does not come to be useful."""

import numpy as np

from bio_fa import FixedInDegree
from bio_fa.learning import GradientLearning
from bio_fa.measures import angle
from bio_fa.rules.backpropagation import Backpropagation
from bio_fa.rules.direct_feedback_alignment import DirectFeedbackAlignment
from bio_fa.rules.feedback import Stepwise
from bio_fa.rules.feedback_alignment import FeedbackAlignment
from bio_fa.rules.network import Network
from bio_fa.synapses import Synapses
from bio_fa.tasks import Digits
from bio_fa.updates import Adaptive, Scale
from tests.rules.trained import ONE_AREA, learner, of_circuit

WIDE = Network(64, (100, 80), 10)


def test_with_one_hidden_area_it_is_direct_feedback_alignment():
    """Both names stand for the same circuit then: the output is the next area."""
    stepwise, direct = (learner(rule, ONE_AREA).learn(trials=5) for rule in (FeedbackAlignment(), DirectFeedbackAlignment()))
    for name in stepwise:
        np.testing.assert_array_equal(stepwise[name].w, direct[name].w, err_msg=name)


def test_with_the_transposed_weights_as_its_feedback_it_is_backpropagation():
    one = learner(Backpropagation())
    parameters = one.parameters()
    expected = one.deltas()
    for name, delta in learner(FeedbackAlignment(), parameters=parameters).deltas().items():
        np.testing.assert_allclose(delta, expected[name], rtol=0, atol=1e-15, err_msg=name)


def test_the_error_of_a_hidden_neuron_is_its_slope_times_the_errors_above_through_b():
    """The closed form of the paper: δ₂ = φ′ ⊙ B₂ e, δ₁ = φ′ ⊙ B₁ δ₂, ΔW = mean δ rᵀ, for tanh φ′ = 1 − r²."""
    one = learner(FeedbackAlignment())
    deltas, w = one.deltas(), one.parameters()
    r = {name: one.simulation.activity(one.state, name, "free") for name in ("H1", "H2", "output")}
    above = one.inputs["output"] - r["output"]
    middle = (1 - r["H2"] ** 2) * (above @ w["output_to_H2"].w.T)
    below = (1 - r["H1"] ** 2) * (middle @ w["H2_to_H1"].w.T)
    np.testing.assert_allclose(deltas["H1_to_H2"], middle.T @ r["H1"] / 4, rtol=0, atol=1e-15)
    np.testing.assert_allclose(deltas["input_to_H1"], below.T @ one.inputs["input"] / 4, rtol=0, atol=1e-15)


def test_after_learning_its_change_lies_within_90_degrees_of_the_gradient():
    """Lillicrap et al. (2016): the forward weights come to align with B. Handwritten digits, two hidden areas, three seeds."""
    split = Digits().load(0).train
    for seed in range(3):
        one = learner(FeedbackAlignment(), WIDE, Adaptive(2e-3), seed=seed)
        before = _angle_to_gradient(one, split)
        for _ in range(10):
            for some in split.batches(64):
                one.inputs = {"input": some.stimulus, "output": some.target}
                one.learn()
        after = _angle_to_gradient(one, split)
        assert after < 85 and after < before - 5, (before, after)


def _angle_to_gradient(one, split):
    some, rule = next(split.batches(500)), FeedbackAlignment()
    one.inputs = {"input": some.stimulus, "output": some.target}
    circuit = rule.circuit(WIDE)
    exact = of_circuit(circuit, rule.protocol(circuit), GradientLearning(Scale()), one.inputs, parameters=one.parameters())
    return angle(one.deltas()["input_to_H1"], exact.deltas()["input_to_H1"])


def test_half_of_the_synapses_of_b_can_be_missing():
    one = learner(FeedbackAlignment(wiring=Stepwise(FixedInDegree(0.5))))
    b = one.learn(trials=2)["H2_to_H1"]
    assert b.mask.mean() == 0.5
    assert not b.w[~b.mask].any() and isinstance(b, Synapses)
