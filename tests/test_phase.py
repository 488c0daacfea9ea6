"""Aims at phases that cannot be: a nudge that makes activity negative, a relaxation without end, a window that lies outside."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bio_fa import Nudge, Phase, Settle
from tests.refusals import assert_refused


@pytest.mark.parametrize("strength", [0.0, -1.5, 1.5])
def test_a_nudge_that_does_nothing_or_goes_beyond_the_target_is_refused(strength):
    assert_refused(lambda: Nudge("output", strength), "a strength in [-1, 0) or (0, 1]")


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("tolerance", 0.0, "a tolerance above 0"),
        ("step", 0.0, "a share in (0, 2)"),
        ("step", 2.0, "a share in (0, 2)"),
        ("max_steps", 0, "at least 1 step"),
    ],
)
def test_a_relaxation_that_cannot_end_or_move_is_refused(field, value, allowed):
    assert_refused(lambda: Settle(**{field: value}), allowed)


@pytest.mark.parametrize("duration", [0.0, -1.0])
def test_a_phase_that_lasts_no_time_is_refused(duration):
    assert_refused(lambda: Phase("free", duration=duration), "seconds above 0")


@pytest.mark.parametrize("name", ["", "2nd", "a phase", "tonic"])
def test_a_phase_whose_name_no_dataset_could_have_is_refused(name):
    assert_refused(lambda: Phase(name), "letters, digits")


@given(st.floats(0, 5), st.floats(0, 5), st.floats(1e-3, 1))
def test_a_nudged_activity_lies_between_the_free_one_and_the_target(activity, target, strength):
    # Scellier & Bengio (2017): r = φ + β (target − φ), a convex combination for β in (0, 1].
    nudged = Nudge("output", strength).apply(np.array([activity]), np.array([target]))[0]
    assert nudged == pytest.approx((1 - strength) * activity + strength * target, abs=1e-12)
    assert min(activity, target) - 1e-12 <= nudged <= max(activity, target) + 1e-12


@given(st.floats(0, 5), st.floats(0, 5), st.floats(1e-3, 1))
def test_a_push_away_from_the_target_mirrors_the_pull_and_ends_at_0(activity, target, strength):
    # Laborieux et al. (2021): the nudge of the opposite sign; a rate cannot fall below 0.
    pushed = Nudge("output", -strength).apply(np.array([activity]), np.array([target]))[0]
    mirrored = activity - strength * (target - activity)
    assert pushed == pytest.approx(max(mirrored, 0.0), abs=1e-12)


@given(st.floats(0, 5), st.floats(0, 5), st.floats(1e-3, 1))
def test_the_pull_of_a_nudge_is_what_it_adds(activity, target, strength):
    nudge = Nudge("output", strength)
    assert nudge.apply(activity, target) == activity + nudge.pull(activity, target)
    assert nudge.pull(activity, target) == pytest.approx(strength * (target - activity), abs=1e-15)


@pytest.mark.parametrize("window", [0.0, -0.1, 0.3])
def test_a_window_that_does_not_lie_in_its_phase_is_refused(window):
    words = f"Phase 'free': window = {window} is not allowed", "give seconds in (0, duration = 0.2]."
    assert_refused(lambda: Phase("free", duration=0.2, window=window), *words)


def test_a_window_of_a_phase_that_settles_is_refused():
    words = "Phase 'free': window = 0.1 is not allowed", "a duration with it, or nothing in a phase that settles"
    assert_refused(lambda: Phase("free", window=0.1), *words)


def test_a_window_may_be_as_long_as_its_phase():
    assert Phase("free", duration=0.2, window=0.2).window == 0.2
