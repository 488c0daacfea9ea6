"""Aims at a lost or doubled digit, an unfair test set and a split that changes from run to run."""

from __future__ import annotations

import numpy as np
import pytest

from bio_fa.errors import DescriptionError
from bio_fa.tasks import Digits

# Source: optdigits.names of the UCI Machine Learning Repository, the class distribution of the testing set.
COUNTS = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


@pytest.fixture(scope="module")
def digits():
    return Digits().load(1)


def test_all_1797_digits_are_there_in_the_published_numbers(digits):
    label = np.concatenate([digits.train.label, digits.test.label])
    assert np.bincount(label).tolist() == COUNTS


def test_no_digit_is_in_both_splits(digits):
    train, test = ({row.tobytes() for row in split.stimulus} for split in (digits.train, digits.test))
    assert len(train) + len(test) == sum(COUNTS)
    assert not train & test


def test_every_class_gives_a_fifth_to_the_test_set(digits):
    assert np.all(np.abs(np.bincount(digits.test.label) - np.array(COUNTS) / 5) <= 0.5)


def test_sixteen_grey_levels_become_rates_from_zero_to_one(digits):
    assert (digits.inputs, digits.outputs) == (64, 10)
    assert np.array_equal(np.unique(digits.train.stimulus), np.arange(17) / 16)


def test_the_seed_alone_decides_the_split(digits):
    assert np.array_equal(Digits().load(1).train.stimulus, digits.train.stimulus)
    assert not np.array_equal(Digits().load(2).train.stimulus, digits.train.stimulus)


def test_a_few_trials_already_show_all_classes():
    assert set(Digits(train_trials=100).load(1).train.label) == set(range(10))


@pytest.mark.parametrize("fraction", [0.0, 1.0])
def test_a_test_set_of_nothing_or_everything_is_refused(fraction):
    with pytest.raises(DescriptionError, match="test_fraction"):
        Digits(test_fraction=fraction)
