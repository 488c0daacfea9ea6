"""Aims at an error read from the wrong place: plus and minus swapped, or another population between two phases."""

from __future__ import annotations

import pytest

from bio_fa.credit import Activity, ActivityDifference
from tests.refusals import assert_refused


def test_a_difference_in_time_is_nudged_minus_free_of_one_population():
    assert ActivityDifference.in_time("E") == ActivityDifference(plus=Activity("E", "nudged"), minus=Activity("E", "free"))


def test_the_phases_of_a_difference_in_time_can_be_named():
    assert ActivityDifference.in_time("E", "late", "early") == ActivityDifference(Activity("E", "late"), Activity("E", "early"))


@pytest.mark.parametrize(
    ("make", "fragments"),
    [
        (lambda: Activity("E", 1), ("Activity: phase = 1", "a text")),
        (lambda: Activity(None, "free"), ("Activity: population = None", "a text")),
        (lambda: ActivityDifference("E", "I"), ("ActivityDifference: plus = 'E'", "a Activity")),
    ],
)
def test_what_is_no_activity_is_refused(make, fragments):
    assert_refused(make, *fragments, "is not allowed; give")
