"""Aims at averages over other steps than those that were added, or of another population."""

from __future__ import annotations

import numpy as np

from bio_fa.backends.moments import KEPT, Averages, Moment
from bio_fa.backends.phases import Memory


def test_means_are_over_all_steps_that_were_added():
    averages = Averages()
    for step in (1.0, 2.0, 6.0):
        averages.add(activity={"E": np.full((2, 3), step), "I": np.zeros((2, 1))}, basal={"E": np.full((2, 3), -step)})
    assert averages.means("activity")["E"].tolist() == np.full((2, 3), 3.0).tolist()
    assert averages.means("basal")["E"].tolist() == np.full((2, 3), -3.0).tolist()
    assert not averages.means("activity")["I"].any() and set(averages.means("basal")) == {"E"}


def test_what_was_never_added_has_no_mean():
    assert Averages().means("activity") == {}


def test_adding_leaves_what_was_given_as_it_is():
    averages, given = Averages(), np.ones((1, 2))
    for _ in range(3):
        averages.add(activity={"E": given})
    assert given.tolist() == [[1, 1]]


def test_what_a_moment_keeps_is_what_a_trial_remembers_of_its_phases():
    moment = Moment({}, {}, basal={"E": 1.0}, feedback={"E": 2.0})
    assert moment.kept() == {"basal": {"E": 1.0}, "apical": {}, "feedback": {"E": 2.0}, "sensitivity": {}}
    assert all(hasattr(Memory(), kind) for kind in KEPT)
