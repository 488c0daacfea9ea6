"""Aims at a run on several processes that is another one than in one process: draws of its own, shares that weigh wrongly."""

from __future__ import annotations

import numpy as np
import pytest

from tests.shared_runs import CASES, experiment, learned, started

TOLERANCE = 1e-10
"""Of weights in double precision, relative to the largest of their projection: sums of two shares round otherwise than one sum."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return where two processes have left what they learned together."""
    place = tmp_path_factory.mktemp("shared")
    processes = started(2, place)
    try:
        assert [(each.communicate(timeout=240)[1], each.returncode)[1] for each in processes] == [0, 0]
    finally:
        for each in processes:
            each.kill()
    return place


@pytest.mark.parametrize("case", CASES)
def test_two_processes_learn_what_one_does(folder, case):
    alone, began = learned(CASES[case]), experiment(CASES[case]).beginning().parameters
    assert any(not np.array_equal(alone[name], synapses.w) for name, synapses in began.items()), "nothing was learned"
    with np.load(folder / f"{case}.npz") as together:
        assert set(together) == set(alone)
        distances = {name: np.abs(together[name] - w).max() / max(np.abs(w).max(), 1e-300) for name, w in alone.items()}
    assert {name: distance for name, distance in distances.items() if not distance <= TOLERANCE} == {}
