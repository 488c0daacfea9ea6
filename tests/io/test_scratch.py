"""Failure aimed at: an array in memory that is used again and has another shape or type than was asked for."""

from __future__ import annotations

import numpy as np

from bio_fa.io.scratch import Scratch


def test_every_array_has_the_shape_and_type_that_were_asked_for():
    scratch = Scratch()
    for shape, dtype in (((2, 3), "<f4"), ((4, 5, 6), "<f8"), ((0, 3), "<f4"), ((1,), "<i8"), ((3, 2), "<f2")):
        found = scratch.array("a", shape, dtype)
        assert (found.shape, found.dtype) == (shape, np.dtype(dtype))
        found[...] = 1
        assert found.sum() == found.size


def test_arrays_of_one_name_share_memory_and_those_of_two_names_do_not():
    scratch = Scratch()
    first = scratch.array("a", (8,), "<f8")
    assert np.shares_memory(first, scratch.array("a", (2, 2), "<f4"))
    assert not np.shares_memory(first, scratch.array("b", (8,), "<f8"))
