"""Aims at parameters that reach a simulation although they break the circuit's structure."""

from __future__ import annotations

import numpy as np
import pytest

from bio_fa.synapses import Synapses, check_synapses
from tests.refusals import assert_refused

SHAPE = (2, 3)
MASK = np.array([[True, False, True], [True, True, False]])


def check(w: np.ndarray, mask: np.ndarray = MASK, dalean: bool = True) -> None:
    check_synapses("a_to_b", Synapses(w, mask), SHAPE, dalean)


@pytest.mark.parametrize(
    ("w", "mask", "fragments"),
    [
        (np.zeros((3, 2)), MASK, ("weights (3, 2) and mask (2, 3)", "(post, pre) = (2, 3) is needed")),
        (np.zeros(SHAPE), MASK.T, ("weights (2, 3) and mask (3, 2)", "(post, pre) = (2, 3) is needed")),
        (np.zeros(SHAPE), MASK.astype(int), ("the mask is int64", "give booleans")),
        (np.where(MASK, np.nan, 0), MASK, ("4 weights are not finite", "give finite magnitudes")),
        (np.where(MASK, np.inf, 0), MASK, ("4 weights are not finite", "give finite magnitudes")),
        (np.where(MASK, -1.0, 0), MASK, ("4 weights are negative", "the population has the sign")),
        (np.ones(SHAPE), MASK, ("2 absent synapses have a weight", "multiply by the mask")),
    ],
)
def test_weights_that_do_not_fit_are_refused(w, mask, fragments):
    assert_refused(lambda: check(w, mask), "a_to_b: ", *fragments)


def test_magnitudes_on_existing_synapses_pass():
    check(np.where(MASK, 0.5, 0))


def test_signed_weights_pass_where_no_law_forbids_them():
    check(np.where(MASK, -0.5, 0), dalean=False)
