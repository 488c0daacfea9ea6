"""Failure aimed at: other neurons recorded than were chosen, or other ones in every run."""

from __future__ import annotations

import numpy as np
import pytest

from bio_fa.errors import DescriptionError
from bio_fa.selection import NeuronList, NeuronSlice, RandomNeurons
from models.two_area import two_area

SMALL, LARGE = (two_area(100, 200, 3).population(name) for name in ("output", "input"))


@pytest.mark.parametrize(
    ("selection", "neurons"),
    [
        (NeuronSlice(), range(100)),
        (NeuronSlice(10, 20), range(10, 20)),
        (NeuronSlice(10, None, 30), (10, 40, 70)),
        (NeuronSlice(90, 1000), range(90, 100)),
        (NeuronList((7, 3, 99)), (3, 7, 99)),
    ],
)
def test_a_slice_and_a_list_choose_as_python_does_in_order(selection, neurons):
    assert selection.of(LARGE, seed=0) == tuple(neurons)


def test_random_neurons_are_so_many_different_ones_the_same_for_a_seed_and_others_for_another():
    chosen = [RandomNeurons(20).of(LARGE, seed) for seed in (1, 1, 2)]
    assert chosen[0] == chosen[1] != chosen[2]
    for each in chosen:
        assert len(each) == 20 and (np.diff(each) > 0).all() and 0 <= each[0] <= each[-1] < 100
    assert RandomNeurons(20).of(SMALL, seed=1) == (0, 1, 2)


def test_every_neuron_is_chosen_equally_often():
    """Of 100 neurons, 20 in each of 500 draws: 100 times each, with standard deviation √(500 · 0.2 · 0.8) = 8.9."""
    counts = np.bincount([neuron for seed in range(500) for neuron in RandomNeurons(20).of(LARGE, seed)], minlength=100)
    assert counts.sum() == 500 * 20 and abs(counts - 100).max() < 5 * 8.9


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: NeuronSlice(start=-1), "start = -1 is not allowed; give at least 0"),
        (lambda: NeuronSlice(5, 5), "stop = 5 is not allowed; give more than start = 5, or nothing"),
        (lambda: NeuronSlice(step=0), "step = 0 is not allowed; give at least 1"),
        (lambda: NeuronSlice(100).of(LARGE, 0), "start = 100 is not allowed; give at most 99, the last neuron of 'input'"),
        (lambda: NeuronList(()), "give at least one number, none below 0"),
        (lambda: NeuronList((1, -1)), "give at least one number, none below 0"),
        (lambda: NeuronList((1, 1)), "give each number once"),
        (lambda: NeuronList((1, 3)).of(SMALL, 0), "give numbers up to 2, the last neuron of 'output'"),
        (lambda: RandomNeurons(0), "count = 0 is not allowed; give at least 1 neuron"),
    ],
)
def test_a_choice_of_nobody_or_of_who_is_not_there_is_refused(make, reason):
    with pytest.raises(DescriptionError, match=reason):
        make()
