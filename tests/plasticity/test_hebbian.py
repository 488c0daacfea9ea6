"""Aims at growth where nothing is active together, and at rows and columns in each other's place."""

from __future__ import annotations

import numpy as np

from bio_fa.plasticity import Hebbian
from tests.plasticity.change import change


def test_by_hand():
    """Trial 1: [[2·1, 2·2], [1·1, 1·2]]; trial 2: [[0, 0], [4·3, 0]]; their mean times η = 0.5."""
    assert change(Hebbian(0.5)).tolist() == [[0.5, 1.0], [3.25, 0.5]]


def test_a_synapse_grows_only_where_both_sides_are_active():
    pre, post = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    assert (change(Hebbian(1.0), pre, post) > 0).tolist() == [[False, False], [True, False]]
