"""Aims at hidden areas that wait for the answer, which this rule does without."""

import numpy as np

from bio_fa.rules.direct_random_target_projection import DirectRandomTargetProjection
from bio_fa.synapses import Synapses
from tests.rules.trained import learner


def test_hidden_changes_do_not_depend_on_the_answer_but_those_of_the_output_do():
    one = learner(DirectRandomTargetProjection())
    parameters = one.parameters()
    other = {**parameters, "H2_to_output": Synapses(-parameters["H2_to_output"].w, parameters["H2_to_output"].mask)}
    first, second = one.deltas(), learner(DirectRandomTargetProjection(), parameters=other).deltas()
    for name in ("input_to_H1", "H1_to_H2"):
        np.testing.assert_array_equal(first[name], second[name])
    assert np.abs(first["H2_to_output"] - second["H2_to_output"]).max() > 1e-3


def test_a_hidden_error_is_the_slope_times_the_target_through_b():
    one = learner(DirectRandomTargetProjection())
    deltas, b = one.deltas(), one.parameters()["output_to_H1"].w
    r = one.simulation.activity(one.state, "H1", "free")
    expected = ((1 - r**2) * (one.inputs["output"] @ b.T)).T @ one.inputs["input"] / 4
    np.testing.assert_allclose(deltas["input_to_H1"], expected, rtol=0, atol=1e-15)
