"""Aims at feedback whose signs fall behind those of the way up, or whose magnitudes are not what the rule says."""

import numpy as np
import pytest

from bio_fa.rules.sign_symmetry import FixedSignSymmetry, RandomSignSymmetry, UniformSignSymmetry
from bio_fa.updates import Scale
from tests.rules.trained import learner

PATHS = [("H2_to_H1", "H1_to_H2"), ("output_to_H2", "H2_to_output")]


@pytest.mark.parametrize("rule", [UniformSignSymmetry(), FixedSignSymmetry(), RandomSignSymmetry()], ids=lambda each: each.kind())
def test_all_signs_agree_after_every_step_although_forward_ones_change(rule):
    one = learner(rule, update=Scale(2.0))
    before = one.parameters()
    for _ in range(10):
        after = one.learn()
        for back, forward in PATHS:
            np.testing.assert_array_equal(np.sign(after[back].w), np.sign(after[forward].w.T))
    assert any((np.sign(after[forward].w) != np.sign(before[forward].w)).any() for _, forward in PATHS), "no sign ever changed"


def test_uniform_magnitudes_are_one_for_all():
    w = learner(UniformSignSymmetry()).learn(trials=3)["H2_to_H1"].w
    np.testing.assert_array_equal(np.abs(w), np.full_like(w, 0.05))


def test_fixed_magnitudes_differ_and_stay():
    one = learner(FixedSignSymmetry())
    before = np.abs(one.parameters()["H2_to_H1"].w)
    np.testing.assert_array_equal(np.abs(one.learn(trials=3)["H2_to_H1"].w), before)
    assert len(np.unique(before)) == before.size


def test_random_magnitudes_are_drawn_anew_for_every_batch_the_same_for_one_seed():
    one, again = learner(RandomSignSymmetry()), learner(RandomSignSymmetry())
    first, second = (np.abs(one.learn()["H2_to_H1"].w) for _ in range(2))
    assert (first != second).all()
    np.testing.assert_array_equal(np.abs(again.learn()["H2_to_H1"].w), first)
