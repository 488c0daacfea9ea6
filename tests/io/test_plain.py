"""Aims at JSON that strict readers refuse (NaN, Infinity) and at numbers that change on the way."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bio_fa.errors import RecordError
from bio_fa.io.plain import plain, to_json


@given(st.recursive(st.floats() | st.integers() | st.text() | st.none(), lambda held: st.lists(held) | st.tuples(held)))
def test_any_numbers_and_texts_become_strict_json(value):
    json.loads(to_json({"value": value}), parse_constant=pytest.fail)


@given(arrays.arrays(st.sampled_from([np.float64, np.int64, np.bool_]), arrays.array_shapes(), elements={}))
def test_an_array_comes_back_exactly_where_it_is_finite(array):
    expected = np.where(np.isfinite(array), array.astype(object), None)
    np.testing.assert_array_equal(np.array(json.loads(to_json(array)), dtype=object), expected)


def test_keys_become_texts_and_tuples_lists():
    assert plain({1: (np.int8(2), np.bool_(True), "α")}) == {"1": [2, True, "α"]}


@pytest.mark.parametrize("value", [object(), {1, 2}, b"x", np.array([object()])])
def test_what_json_does_not_know_is_refused(value):
    with pytest.raises(RecordError, match="what JSON cannot"):
        to_json({"value": value})
