"""Aims at a task that only seems exact: targets that no student can reach, a teacher that moves with the number of
trials, and test trials that were trained on.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bio_fa.errors import DescriptionError
from bio_fa.tasks import Split, TeacherStudent


def student(split: Split) -> np.ndarray:
    """Return the weights (output, input) of the best linear student: the closed-form least squares."""
    return np.linalg.lstsq(split.stimulus.astype(float), split.target.astype(float), rcond=None)[0].T


def error(weights: np.ndarray, split: Split) -> float:
    """Return the root mean squared error of a linear student."""
    return float(np.sqrt(np.mean((split.stimulus @ weights.T - split.target) ** 2)))


# float32 rounds targets of order 1 by up to 6e-8.
def test_a_linear_student_reaches_zero_error_and_generalises():
    dataset = TeacherStudent().load(3)
    weights = student(dataset.train)
    assert error(weights, dataset.train) < 2e-7
    assert error(weights, dataset.test) < 2e-7
    assert weights.min() >= -1e-6


def test_a_hidden_area_is_beyond_a_linear_student():
    dataset = TeacherStudent(hidden=30).load(3)
    assert error(student(dataset.train), dataset.train) > 1e-2


# p fitted weights take p / n of the variance of n noisy observations: 1 - 20/2000; σ of the estimate is σ/√(2·10⁴).
def test_what_the_best_student_leaves_is_the_noise():
    dataset = TeacherStudent(noise=0.01).load(3)
    left = error(student(dataset.train), dataset.train)
    assert left == pytest.approx(0.01 * np.sqrt(1 - 20 / 2000), rel=0.03)


@settings(deadline=None, max_examples=25)
@given(noise=st.floats(0, 5), hidden=st.integers(0, 4), inputs=st.integers(1, 5), seed=st.integers(0, 99))
def test_rates_are_never_negative(noise, hidden, inputs, seed):
    dataset = TeacherStudent(inputs=inputs, outputs=3, trials=9, test=4, noise=noise, hidden=hidden).load(seed)
    assert (dataset.inputs, dataset.outputs, len(dataset.train), len(dataset.test)) == (inputs, 3, 9, 4)
    assert min(split.stimulus.min() for split in (dataset.train, dataset.test)) >= 0
    assert min(split.target.min() for split in (dataset.train, dataset.test)) >= 0


def test_it_is_a_regression():
    assert TeacherStudent(trials=5, test=5).load(0).train.label is None


def test_the_seed_alone_decides_teacher_and_stimuli():
    first, same, other = (TeacherStudent(noise=0.001).load(seed).train for seed in (1, 1, 2))
    assert np.array_equal(first.stimulus, same.stimulus)
    assert np.array_equal(first.target, same.target)
    assert not np.allclose(first.stimulus, other.stimulus)
    assert not np.allclose(student(first), student(other), atol=0.01)


def test_more_trials_move_neither_the_teacher_nor_the_test_set_nor_earlier_trials():
    few, many = (TeacherStudent(trials=trials, noise=0.1).load(1) for trials in (50, 80))
    assert np.array_equal(few.train.stimulus, many.train.stimulus[:50])
    assert np.array_equal(few.train.target, many.train.target[:50])
    assert np.array_equal(few.test.target, many.test.target)


def test_noise_leaves_the_stimuli_and_the_teacher_alone():
    clean, noisy = (TeacherStudent(noise=noise).load(1).train for noise in (0.0, 0.01))
    assert np.array_equal(clean.stimulus, noisy.stimulus)
    assert np.allclose(student(clean), student(noisy), atol=0.01)


def test_no_test_stimulus_was_trained_on():
    dataset = TeacherStudent().load(1)
    train, test = ({row.tobytes() for row in split.stimulus} for split in (dataset.train, dataset.test))
    assert not train & test


@pytest.mark.parametrize(
    "fields", [{"inputs": 0}, {"outputs": 0}, {"trials": 0}, {"test": 0}, {"noise": -1.0}, {"hidden": -1}]
)
def test_an_empty_or_impossible_task_is_refused(fields):
    with pytest.raises(DescriptionError, match=next(iter(fields))):
        TeacherStudent(**fields)
