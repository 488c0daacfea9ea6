"""Aims at draws that are not independent: projections that share a stream look random one by one and are copies together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.cortical_hierarchy import cortical_hierarchy
from tests.tiny import MODELS

CIRCUIT = cortical_hierarchy(10, (20,), 10)


@pytest.mark.parametrize(("one", "other"), [("V1_FE_to_V1_E", "V1_FI_to_V1_E"), ("output_E_to_V1_FE", "output_E_to_V1_FI")])
def test_projections_of_one_shape_draw_different_synapses(one, other):
    drawn = CIRCUIT.sample(0)
    assert drawn[one].w.shape == drawn[other].w.shape
    assert not np.array_equal(drawn[one].mask, drawn[other].mask)
    # Where both exist, copies would differ by one factor a neuron, to which its synapses are normalised; independent draws do not.
    both = drawn[one].mask & drawn[other].mask
    ratios = [drawn[one].w[row, shared] / drawn[other].w[row, shared] for row, shared in enumerate(both) if shared.sum() > 1]
    assert len(ratios) > 2
    assert min(np.ptp(ratio) for ratio in ratios) > 1e-6


@pytest.mark.parametrize("model", MODELS)
def test_removing_a_projection_moves_no_other_draw(model):
    circuit = MODELS[model]
    removed = next(each for each in circuit.projections if each.compartment == "apical")
    smaller = replace(circuit, projections=tuple(each for each in circuit.projections if each is not removed))
    before, after = circuit.sample(5), smaller.sample(5)
    assert set(before) - set(after) == {removed.name}
    for name, synapses in after.items():
        assert synapses.w.tobytes() == before[name].w.tobytes()
