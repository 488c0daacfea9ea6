"""Aims at forward and feedback synapses that do not approach each other as the theorem says."""

import numpy as np
import pytest

from bio_fa.rules.feedback import LearnedTogether
from bio_fa.rules.kolen_pollack import KolenPollack
from bio_fa.updates import Scale
from tests.rules.trained import learner


@pytest.mark.parametrize(("rate", "decay"), [(0.1, 0.5), (0.5, 0.1)])
def test_the_difference_of_w_and_b_transposed_decays_by_one_less_eta_lambda_a_trial(rate, decay):
    """Kolen & Pollack (1994): W − Bᵀ ← (1 − η λ) (W − Bᵀ), because both change by the same products."""
    one = learner(KolenPollack(wiring=LearnedTogether(decay)), update=Scale(rate))
    start, end = one.parameters(), one.learn(trials=20)
    for forward, back in (("H1_to_H2", "H2_to_H1"), ("H2_to_output", "output_to_H2")):
        before, after = (each[forward].w - each[back].w.T for each in (start, end))
        np.testing.assert_allclose(after, before * (1 - rate * decay) ** 20, rtol=1e-9, atol=1e-12)
        assert np.abs(end[forward].w - start[forward].w).max() > 1e-2, "nothing else moved"


def test_the_input_has_no_feedback_to_learn():
    assert "H1_to_input" not in learner(KolenPollack()).parameters()
