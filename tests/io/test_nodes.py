"""Aims at populations that a file cannot hold, or would hold as something else."""

from __future__ import annotations

import numpy as np
import pytest

from bio_fa.errors import DescriptionError
from bio_fa.io.nodes import PopulationInfo

VALID = {"name": "E1", "size": 3, "sign": 1, "area": "V1", "role": "forward", "cell_type": "E"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "E 1"),
        ("name", "../E1"),
        ("name", "É1"),
        ("name", "E" * 65),
        ("size", 0),
        ("size", 2.5),
        ("sign", 0),
        ("sign", 2),
        ("area", ""),
        ("area", "a\0b"),
        ("role", "lateral"),
        ("cell_type", "PV"),
        ("neurons", ()),
        ("neurons", (1, 0)),
        ("neurons", (1, 1)),
        ("neurons", (-1, 2)),
        ("neurons", (0, 3)),
    ],
)
def test_a_value_that_the_file_cannot_hold_is_refused_by_its_field(field, value):
    with pytest.raises(DescriptionError, match=rf"PopulationInfo.*: {field} = "):
        PopulationInfo(**{**VALID, field: value})


@pytest.mark.parametrize(("sign", "cell_type"), [(1, "E"), (-1, "I"), (None, "U")])
def test_every_sign_has_its_cell_type(sign, cell_type):
    info = PopulationInfo(**{**VALID, "sign": sign, "cell_type": cell_type})
    assert (info.sign, info.cell_type) == (sign, cell_type)


def test_all_neurons_are_recorded_unless_some_are_named():
    assert PopulationInfo(**VALID).recorded.tolist() == [0, 1, 2]
    assert PopulationInfo(**VALID, neurons=(0, 2)).recorded.tolist() == [0, 2]


@pytest.mark.parametrize("neurons", [None, (0, 2)])
def test_only_recorded_neurons_are_included(neurons):
    info = PopulationInfo(**VALID, neurons=neurons)
    included = [each for each in range(5) if info.includes(np.array([0, each, 2]))]
    assert included == info.recorded.tolist()
    assert info.includes(np.zeros(0, np.uint64))
    assert not info.includes(np.array([2**63], np.uint64))
