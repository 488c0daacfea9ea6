"""Failure aimed at: a state that comes back from its checkpoint changed in a bit, or that needs a pickle."""

from __future__ import annotations

import json

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bio_fa.errors import RecordError
from bio_fa.io.tree import arrays as every_array
from bio_fa.io.tree import put_together, resembles, take_apart

NUMBERS = arrays.arrays(st.sampled_from([np.float32, np.float64, np.int64, np.bool_]), arrays.array_shapes(min_dims=0, max_dims=3))
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
KEYS = st.text(max_size=5) | st.tuples(st.text(max_size=3), st.text(max_size=3))
TREES = st.recursive(
    PLAIN | NUMBERS,
    lambda inner: st.lists(inner, max_size=3) | st.lists(inner, max_size=3).map(tuple) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def through_files(value):
    """Return a value as JSON and safetensors give it back."""
    table, held = take_apart(value)
    return put_together(json.loads(json.dumps(table)), safetensors.numpy.load(safetensors.numpy.save(held)))


def alike(one, other) -> bool:
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return type(one) is type(other) and len(one) == len(other) and all(map(alike, one, other))
    return type(one) is type(other) and one == other


@settings(deadline=None)
@given(TREES)
def test_a_tree_comes_back_as_it_was_to_the_last_bit(tree):
    assert alike(tree, through_files(tree))


def test_an_array_comes_back_with_its_rows_or_columns_together_as_they_were():
    rows, columns = np.arange(6.0).reshape(2, 3), np.asfortranarray(np.arange(6.0).reshape(2, 3))
    one, other = through_files((rows, columns))
    assert one.flags.c_contiguous and other.flags.f_contiguous
    np.testing.assert_array_equal(one, other)


def test_a_random_stream_goes_on_where_it_was_and_is_shared_as_it_was():
    shared, own = np.random.default_rng(1), np.random.default_rng(2)
    shared.random(3), own.integers(3, size=1, dtype=np.int32)
    first, second, third = through_files((shared, (shared, own)))[0], *through_files((shared, (shared, own)))[1]
    assert first.random() == shared.random()
    again, (same, other) = through_files((shared, (shared, own)))
    assert again is same and other is not same
    assert third.random() == own.random() and second.random() != first.random()


def test_what_only_a_pickle_could_hold_is_refused():
    with pytest.raises(RecordError, match="holds a object; give numbers"):
        take_apart({"state": object()})


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"tree": {"array": "none", "turned": False}, "streams": []},
        {"tree": {"stream": 3}, "streams": []},
        {"tree": {"unknown": 1}, "streams": []},
        {"tree": 1, "streams": [{"bit_generator": "MT19937"}]},
        {"tree": {"table": [[{"list": []}, 1]]}, "streams": []},
        {"tree": None, "streams": 1},
    ],
)
def test_a_table_that_is_no_state_is_refused(table):
    with pytest.raises(RecordError, match="is not what bio_fa wrote"):
        put_together(table, {})


@settings(max_examples=30, deadline=None)
@given(TREES)
def test_every_state_resembles_itself_and_its_arrays_are_all_found(tree):
    assert resembles(tree, tree)
    assert len(list(every_array(tree))) == len(take_apart(tree)[1])


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {"n": 1},
        {"w": np.zeros((2, 3)), "n": 1},
        {"w": np.zeros((2, 2), "f4"), "n": 1},
        {"w": np.zeros((2, 2)), "n": "1"},
        {"w": np.zeros((2, 2)), "n": True},
    ],
)
def test_a_state_that_lacks_something_or_has_another_shape_or_type_does_not_resemble(value):
    assert not resembles(value, {"w": np.zeros((2, 2)), "n": 1})
    assert resembles({"w": np.ones((2, 2)), "n": 2, "more": 3}, {"w": np.zeros((2, 2)), "n": 1})
