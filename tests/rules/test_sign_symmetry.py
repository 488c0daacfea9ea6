"""Aims at feedback whose signs fall behind those of the way up, or whose magnitudes are not what the rule says."""

from dataclasses import replace

import numpy as np
import pytest

from bio_fa.connectivity import FixedInDegree
from bio_fa.rules import Network
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


@pytest.mark.parametrize("rule", [UniformSignSymmetry(), FixedSignSymmetry(), RandomSignSymmetry()], ids=lambda each: each.kind())
def test_normalised_feedback_has_the_norm_of_the_way_up_after_every_step_also_where_synapses_are_absent(rule):
    strict = replace(rule, wiring=replace(rule.wiring, normalised=True))
    one, lengths = learner(strict, Network(6, (5, 4), 3, connectivity=FixedInDegree(0.5)), Scale(2.0)), []
    for after in (one.parameters(), *(one.learn() for _ in range(4))):
        for back, forward in PATHS:
            lengths.append(np.linalg.norm(after[forward].w))
            np.testing.assert_allclose(np.linalg.norm(after[back].w), lengths[-1], rtol=1e-12)
    assert np.ptp(lengths[::2]) > 1e-2, "no norm ever changed"
