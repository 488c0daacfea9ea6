"""Aims at an alignment of the wrong matrices: a path that is missed, a wrong sign, P and Q in the wrong order."""

from __future__ import annotations

from bio_fa.pathways import feedback_pairs
from models.cortical_hierarchy import cortical_hierarchy
from models.mlp import mlp
from models.two_area import two_area


def test_in_the_hierarchy_feedback_comes_over_an_excitatory_and_an_inhibitory_population():
    assert feedback_pairs(cortical_hierarchy(4, (6, 6), 3)) == [
        {
            "area": "V1",
            "forward": "V1_E_to_V2_E",
            "inhibition": [["V2_I_to_V2_E", "V1_E_to_V2_I"]],
            "feedback": [["V1_FE_to_V1_E", "V2_E_to_V1_FE", 1], ["V1_FI_to_V1_E", "V2_E_to_V1_FI", -1]],
        },
        {
            "area": "V2",
            "forward": "V2_E_to_output_E",
            "inhibition": [["output_I_to_output_E", "V2_E_to_output_I"]],
            "feedback": [["V2_FE_to_V2_E", "output_E_to_V2_FE", 1], ["V2_FI_to_V2_E", "output_E_to_V2_FI", -1]],
        },
    ]


def test_where_nothing_inhibits_the_area_above_no_inhibition_is_listed():
    (pair,) = feedback_pairs(two_area(4, 6, 3))
    assert pair["forward"] == "V1_E_to_output" and pair["inhibition"] == []
    assert pair["feedback"] == [["V1_FE_to_V1_E", "output_to_V1_FE", 1], ["V1_FI_to_V1_E", "output_to_V1_FI", -1]]


def test_direct_feedback_is_one_matrix_and_unsigned_neurons_count_as_positive():
    assert feedback_pairs(mlp(4, (6, 5), 3)) == [
        {"area": "H1_area", "forward": "H1_to_H2", "inhibition": [], "feedback": [["H2_to_H1", 1]]},
        {"area": "H2_area", "forward": "H2_to_output", "inhibition": [], "feedback": [["output_to_H2", 1]]},
    ]


def test_without_a_hidden_area_there_is_no_feedback():
    assert feedback_pairs(mlp(4, (), 3)) == []
