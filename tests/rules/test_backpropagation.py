"""Aims at errors that do not return through the transposed weights."""

import numpy as np
import pytest

from bio_fa.learning import GradientLearning
from bio_fa.rules.backpropagation import Backpropagation
from bio_fa.updates import Scale
from tests.rules.trained import SMALL, SMOOTH, batch, learner, of_circuit


@pytest.mark.parametrize("network", [SMALL, SMOOTH], ids=["tanh", "sigmoid"])
def test_its_change_is_the_negative_gradient_of_automatic_differentiation(network):
    rule = Backpropagation()
    ours = learner(rule, network).deltas()
    circuit = rule.circuit(network)
    theirs = of_circuit(circuit, rule.protocol(circuit), GradientLearning(Scale()), batch(network)).deltas()
    for name, delta in ours.items():
        np.testing.assert_allclose(delta, theirs[name], rtol=0, atol=1e-14, err_msg=name)


def test_feedback_is_the_transposed_forward_weight_before_and_after_learning():
    one = learner(Backpropagation())
    for parameters in (one.parameters(), one.learn(trials=3)):
        np.testing.assert_array_equal(parameters["H2_to_H1"].w, parameters["H1_to_H2"].w.T)
        np.testing.assert_array_equal(parameters["output_to_H2"].w, parameters["H2_to_output"].w.T)
