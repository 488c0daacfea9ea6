"""Aims at errors of hidden areas that depend on each other although the output sends to each of them."""

import numpy as np

from bio_fa.rules.direct_feedback_alignment import DirectFeedbackAlignment
from tests.rules.trained import learner


def test_every_hidden_error_is_the_slope_times_the_outputs_error_through_its_own_b():
    one = learner(DirectFeedbackAlignment())
    deltas, w = one.deltas(), one.parameters()
    r = {name: one.simulation.activity(one.state, name, "free") for name in ("H1", "H2", "output")}
    error = one.inputs["output"] - r["output"]
    for pre, layer in (("input", "H1"), ("H1", "H2")):
        below = one.inputs["input"] if pre == "input" else r[pre]
        own = (1 - r[layer] ** 2) * (error @ w[f"output_to_{layer}"].w.T)
        np.testing.assert_allclose(deltas[f"{pre}_to_{layer}"], own.T @ below / 4, rtol=0, atol=1e-15)
