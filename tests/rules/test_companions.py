"""Aims at companion neurons that are wired into populations in which they cannot do what they are for."""

import pytest

from bio_fa.rules.burst_dependent import BurstDependent
from bio_fa.rules.cortical_network import CorticalNetwork
from bio_fa.rules.dendritic_microcircuit import DendriticMicrocircuit
from bio_fa.rules.predictive_coding import PredictiveCoding
from bio_fa.rules.target_propagation import DifferenceTargetPropagation, FixedWeightTargetPropagation
from tests.refusals import assert_refused
from tests.rules.trained import SMALL

RULES = (BurstDependent, DendriticMicrocircuit, DifferenceTargetPropagation, FixedWeightTargetPropagation, PredictiveCoding)


@pytest.mark.parametrize("rule", RULES)
def test_a_network_under_constraints_is_refused_with_the_reason(rule):
    network = CorticalNetwork(6, (5, 4), 3)
    assert_refused(lambda: rule().circuit(network), rule.kind(), "cortical_network came", "unsigned populations", "give a network")


@pytest.mark.parametrize("rule", RULES)
def test_companions_are_feedback_populations_of_the_areas_above_the_input(rule):
    areas = {area.forward[0].name: area for area in rule().circuit(SMALL).areas}
    assert list(areas) == ["input", "H1", "H2", "output"] and not areas["input"].feedback
    for name, area in areas.items():
        assert [each.name for each in area.forward] == [name]
        assert all(each.name.startswith(f"{name}_") for each in area.feedback)
    assert areas["H1"].feedback and areas["H2"].feedback
