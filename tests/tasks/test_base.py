"""Aims at data that poison a run quietly: a NaN, a negative rate, a label without an output, a trial seen twice or
never, and at test trials that are looked at while settings are still being chosen.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bio_fa.errors import DataError, DescriptionError
from bio_fa.tasks import Dataset, Digits, ImageFolder, Split, Task, TeacherStudent

TASKS = [TeacherStudent(trials=60, test=20), Digits()]


def split(trials: int = 7, inputs: int = 3, outputs: int = 2) -> Split:
    stimulus = np.arange(trials * inputs, dtype=np.float32).reshape(trials, inputs)
    return Split.labelled(stimulus, np.arange(trials) % outputs, outputs, "Example training")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -1e-6])
@pytest.mark.parametrize("what", ["stimulus", "target"])
def test_the_first_trial_with_a_value_that_is_no_rate_is_named(what, value):
    arrays = {"stimulus": np.ones((9, 3), np.float32), "target": np.ones((9, 2), np.float32)}
    arrays[what][4, 1] = arrays[what][6, 0] = value
    with pytest.raises(
        DataError, match=f"^Example: the {what} of trial 4 holds .*; give finite values of at least 0.$"
    ):
        Split(**arrays, name="Example")


@pytest.mark.parametrize(
    ("stimulus", "target", "reason"),
    [
        (np.ones((4, 3)), np.ones((4, 2), np.float32), "the stimulus is float64"),
        (np.ones((4, 3), np.float32), np.ones((4, 2), int), "the target is int64"),
        (np.ones(4, np.float32), np.ones((4, 2), np.float32), r"the stimulus is float32 \(4,\)"),
        (np.ones((4, 3), np.float32), [[1.0]] * 4, "the target is list"),
        (np.ones((0, 3), np.float32), np.ones((0, 2), np.float32), "the stimulus is empty"),
        (np.ones((4, 3), np.float32), np.ones((4, 0), np.float32), "the target is empty"),
        (np.ones((4, 3), np.float32), np.ones((5, 2), np.float32), "4 stimuli come with 5 targets"),
    ],
)
def test_arrays_of_another_type_or_shape_are_refused(stimulus, target, reason):
    with pytest.raises(DataError, match=reason):
        Split(stimulus, target)


@pytest.mark.parametrize("wrong", [-1, 2])
def test_the_first_label_without_an_output_is_named(wrong):
    label = np.array([0, 1, wrong, 0, wrong])
    with pytest.raises(DataError, match=f"^Example: the label of trial 2 is {wrong}; give one from 0 to 1.$"):
        Split.labelled(np.ones((5, 3), np.float32), label, 2, "Example")


@pytest.mark.parametrize("label", [np.zeros(4, np.int32), np.zeros((5, 1), np.int64), np.zeros(4, np.int64)])
def test_labels_of_another_type_shape_or_number_are_refused(label):
    with pytest.raises(DataError, match="label"):
        Split(np.ones((5, 3), np.float32), np.ones((5, 2), np.float32), label)


def test_the_target_of_a_label_is_one_at_its_output_and_zero_elsewhere():
    made = Split.labelled(np.ones((3, 1), np.float32), np.array([2, 0, 1]), 4)
    assert made.target.tolist() == [[0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0]]
    assert made.label is not None
    assert made.label.tolist() == [2, 0, 1]


@given(trials=st.integers(1, 40), size=st.integers(1, 50), seed=st.integers(0, 9))
def test_an_epoch_shows_every_trial_once_in_the_order_asked_for(trials, size, seed):
    example = split(trials)
    order = np.random.default_rng(seed).permutation(trials)
    batches = list(example.batches(size, order))
    assert [len(batch.trial) for batch in batches[:-1]] == [size] * ((trials - 1) // size)
    assert np.concatenate([batch.trial for batch in batches]).tolist() == order.tolist()


@pytest.mark.parametrize("order", [None, np.array([5, 5, 0])])
def test_a_batch_holds_the_rows_of_its_trials(order):
    example = split()
    assert example.label is not None
    for batch in example.batches(2, order):
        assert batch.trial.dtype == np.int64
        assert np.array_equal(batch.stimulus, example.stimulus[batch.trial])
        assert np.array_equal(batch.target, example.target[batch.trial])
        assert np.array_equal(batch.label, example.label[batch.trial])


def test_a_regression_has_no_labels_in_its_batches():
    example = Split(np.ones((3, 2), np.float32), np.ones((3, 1), np.float32))
    assert [batch.label for batch in example.batches(2)] == [None, None]


@pytest.mark.parametrize("order", [np.array([0, 7]), np.array([-1]), np.array([0.5]), np.array([[0, 1]])])
def test_an_order_that_is_no_list_of_trials_is_refused_before_the_first_batch(order):
    with pytest.raises(DataError, match=r"^Example training: the order"):
        split().batches(2, order)


def test_a_batch_without_trials_is_refused_before_the_first_batch():
    with pytest.raises(DataError, match="a batch of 0 trials"):
        split().batches(0)


@pytest.mark.parametrize(("n", "left"), [(3, 3), (7, 7), (8, 7)])
def test_the_first_trials_are_the_first_rows(n, left):
    example = split()
    assert example.label is not None
    first = example.first(n)
    assert len(first) == left
    assert np.array_equal(first.stimulus, example.stimulus[:n])
    assert np.array_equal(first.target, example.target[:n])
    assert np.array_equal(first.label, example.label[:n])


def test_the_first_no_trials_are_refused():
    with pytest.raises(DataError, match="ask for at least 1"):
        split().first(0)


@pytest.mark.parametrize("test", [split(inputs=4), split(outputs=3), Split(split().stimulus, split().target)])
def test_training_and_test_must_have_the_same_inputs_outputs_and_labels(test):
    with pytest.raises(DataError, match="make them equal"):
        Dataset(split(), test, "an example")


def test_a_dataset_has_the_size_of_its_splits():
    dataset = Dataset(split(), split(trials=2), "an example")
    assert (dataset.inputs, dataset.outputs) == (3, 2)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.kind())
def test_validation_takes_its_trials_from_training_and_leaves_the_test_set_alone(task):
    tuned = type(task)(**{**vars(task), "validation": 0.25})
    train, test = (_rows(each) for each in (task.load(1).train, task.load(1).test))
    kept, held = (_rows(each) for each in (tuned.load(1).train, tuned.load(1).test))
    assert kept | held == train
    assert not kept & held
    assert not held & test
    assert len(held) == pytest.approx(0.25 * len(train), rel=0.02)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.kind())
def test_a_study_can_keep_the_first_trials_only(task):
    few = type(task)(**{**vars(task), "train_trials": 11, "test_trials": 5})
    assert np.array_equal(few.load(1).train.stimulus, task.load(1).train.stimulus[:11])
    assert np.array_equal(few.load(1).test.stimulus, task.load(1).test.stimulus[:5])


@pytest.mark.parametrize("task", [*TASKS, ImageFolder("folder", size=8)], ids=lambda task: task.kind())
def test_a_task_survives_the_way_through_a_configuration(task):
    assert Task.from_table(task.to_table()) == task


@pytest.mark.parametrize(
    "fields", [{"validation": 1.0}, {"validation": -0.1}, {"train_trials": 0}, {"test_trials": -1}], ids=str
)
def test_fields_that_leave_no_trials_are_refused(fields):
    with pytest.raises(DescriptionError, match=next(iter(fields))):
        TeacherStudent(**fields)


def _rows(part: Split) -> set[bytes]:
    return {row.tobytes() for row in part.stimulus}
