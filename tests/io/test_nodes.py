"""Aims at populations that a file cannot hold, or would hold as something else."""

from __future__ import annotations

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
    ],
)
def test_a_value_that_the_file_cannot_hold_is_refused_by_its_field(field, value):
    with pytest.raises(DescriptionError, match=rf"PopulationInfo.*: {field} = "):
        PopulationInfo(**{**VALID, field: value})


@pytest.mark.parametrize(("sign", "cell_type"), [(1, "E"), (-1, "I"), (None, "U")])
def test_every_sign_has_its_cell_type(sign, cell_type):
    info = PopulationInfo(**{**VALID, "sign": sign, "cell_type": cell_type})
    assert (info.sign, info.cell_type) == (sign, cell_type)
