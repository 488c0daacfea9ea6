"""Aims at differences between populations that carry another error than differences between phases."""

import numpy as np
import pytest

from bio_fa.rules.feedback_alignment import FeedbackAlignment
from bio_fa.rules.spatial_activity_differences import SpatialActivityDifferences
from bio_fa.synapses import Parameters
from tests.rules.limits import generic, order, replaced
from tests.rules.trained import SMALL, learner

STRENGTHS = (1e-2, 3e-3, 1e-3, 3e-4)
UP = ("input_to_H1", "H1_to_H2", "H2_to_output", "tonic_to_H1", "tonic_to_H2", "tonic_to_output")
BACK = {"output_to_H2": "output_error_to_H2", "H2_to_H1": "H2_error_to_H1"}


def of_alignment(parameters: Parameters) -> Parameters:
    """Return parameters of feedback alignment with the same weights up and back."""
    up = {name: parameters[f"{name}_predicted"].w for name in UP}
    back = {name: parameters[error].w for name, error in BACK.items()}
    return replaced(FeedbackAlignment().circuit(SMALL).sample(1), **up, **back)


@pytest.mark.parametrize("name", UP[:3])
def test_its_change_divided_by_the_nudge_tends_to_feedback_alignment_with_first_order(name):
    """Taylor: φ(μ + β x) − φ(μ) = β φ′(μ) x + O(β²)."""
    parameters = generic(SpatialActivityDifferences().circuit(SMALL).sample(1))
    wanted = learner(FeedbackAlignment(), parameters=of_alignment(parameters)).deltas()[name]

    def change(strength: float) -> np.ndarray:
        rule = SpatialActivityDifferences(strength=strength)
        return learner(rule, parameters=parameters).deltas()[f"{name}_predicted"] / strength

    assert order(STRENGTHS, change, wanted) == pytest.approx(1, abs=0.05)


def test_one_phase_tells_the_error_because_both_activities_are_there_at_the_same_time():
    rule = SpatialActivityDifferences()
    errors = [each.error for each in rule.circuit(SMALL).plastic]
    assert {activity.phase for error in errors for activity in (error.plus, error.minus)} == {"inferred"}
    assert all(error.plus.population != error.minus.population for error in errors)


def test_feedback_stays_as_it_was():
    one = learner(SpatialActivityDifferences())
    before, after = one.parameters(), one.learn(trials=3)
    for error in BACK.values():
        np.testing.assert_array_equal(after[error].w, before[error].w)
