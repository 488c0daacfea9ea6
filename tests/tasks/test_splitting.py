"""Aims at splits that flatter: a trial in both parts, a class missing from one, a draw that cannot be repeated."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bio_fa.tasks.splitting import Pool, last, stratified

labels = arrays(np.int64, st.integers(1, 60), elements=st.integers(0, 4))
fractions = st.floats(0.01, 0.99)


@given(label=labels, fraction=fractions, seed=st.integers(0, 9))
def test_both_parts_together_are_all_trials_each_once_and_in_order(label, fraction, seed):
    trials = np.arange(len(label))
    for kept, held in (stratified(label, np.random.default_rng(seed))(trials, fraction), last(trials, fraction)):
        assert sorted([*kept, *held]) == trials.tolist()
        assert np.all(np.diff(kept) > 0)
        assert np.all(np.diff(held) > 0)


@given(label=labels, fraction=fractions)
def test_every_class_gives_its_rounded_share_and_keeps_a_trial(label, fraction):
    kept, held = stratified(label, np.random.default_rng(0))(np.arange(len(label)), fraction)
    for each in np.unique(label):
        count = int(np.sum(label == each))
        assert np.sum(label[kept] == each) >= 1
        assert abs(np.sum(label[held] == each) - min(fraction * count, count - 1)) <= 0.5


def test_the_generator_decides_who_is_held_out():
    label = np.zeros(100, np.int64)
    held = [stratified(label, np.random.default_rng(seed))(np.arange(100), 0.5)[1].tolist() for seed in (1, 1, 2)]
    assert held[0] == held[1] != held[2]


def test_labels_belong_to_the_pool_and_not_to_the_trials_that_are_divided():
    label = np.array([0] * 10 + [1] * 10)
    kept, held = stratified(label, np.random.default_rng(0))(np.arange(10, 20), 0.2)
    assert len(held) == 2
    assert set(kept) | set(held) == set(range(10, 20))


def test_the_last_trials_are_held_out_in_their_order():
    assert [part.tolist() for part in last(np.array([3, 1, 4, 1, 5]), 0.4)] == [[3, 1, 4], [1, 5]]


def test_white_becomes_the_rate_one_and_pixels_are_flattened_row_by_row():
    pool = Pool(np.array([[[0, 51], [102, 255]], [[0, 0], [0, 0]]], np.uint8), 255, np.array([1, 0]), 2)
    split = pool.split(np.array([0]), "example")
    assert np.allclose(split.stimulus, [[0, 0.2, 0.4, 1]])
    assert split.target.tolist() == [[0, 1]]
