"""Aims at a projection that means nothing: learning settings without a rule, a rule without the error it senses."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from bio_fa.constraints import Bounds
from bio_fa.credit import ActivityDifference
from bio_fa.errors import PlasticityError
from bio_fa.plasticity import Hebbian, Plasticity, ThreeFactor, WeightDecay
from bio_fa.population import TONIC
from bio_fa.projection import Projection
from tests.refusals import assert_refused

ERROR = ActivityDifference.in_time("E")


@dataclass(frozen=True)
class PeekingProjection(Plasticity):
    """A rule whose postsynaptic factor knows the presynaptic activity."""

    def factors(self, pre, post, w):
        yield pre.activity, 1, 1


@pytest.mark.parametrize(
    ("settings", "fragments"),
    [
        ({"error": ERROR}, ("error = ActivityDifference", "a plasticity rule with it, or no error")),
        ({"reads": "free"}, ("reads = 'free'", "a plasticity rule with it, or nothing")),
        ({"constraints": (Bounds(1.0),)}, ("constraints = (Bounds", "a plasticity rule with them, or none")),
        ({"plasticity": ThreeFactor()}, ("error = None", "an ActivityDifference, which three_factor senses")),
        ({"plasticity": WeightDecay() + ThreeFactor()}, ("error = None", "an ActivityDifference, which sum senses")),
        ({"compartment": "axonal"}, ("compartment = 'axonal'", "'basal' or 'apical'")),
        ({"weights": 1.0}, ("weights = 1.0", "a Weights")),
        ({"connectivity": 0.5}, ("connectivity = 0.5", "a Connectivity")),
        ({"plasticity": "hebbian"}, ("plasticity = 'hebbian'", "a Plasticity or nothing")),
        ({"post": None}, ("post = None", "a text")),
    ],
)
def test_a_projection_that_means_nothing_is_refused(settings, fragments):
    ends = {"pre": "input", "post": "E"}
    assert_refused(lambda: Projection(**{**ends, **settings}), "Projection 'input_to_", *fragments, "is not allowed; give")


def test_a_rule_that_peeks_is_refused_when_the_projection_is_described():
    assert_refused(lambda: Projection("a", "b", plasticity=PeekingProjection()), "PeekingProjection", error=PlasticityError)


def test_a_rule_that_senses_no_error_needs_none_and_may_have_one():
    assert Projection("a", "b", plasticity=Hebbian()).error is None
    assert Projection("a", "b", plasticity=Hebbian(), error=ERROR).error == ERROR


def test_a_projection_is_named_by_its_ends():
    assert Projection("V1_E", "V2_E").name == "V1_E_to_V2_E"


def test_a_projection_is_fixed_and_basal_unless_said_otherwise():
    plain = Projection("a", "b")
    assert plain.plasticity is None and plain.compartment == "basal"


def test_the_tonic_drive_is_known_by_its_name():
    assert Projection(TONIC, "b").from_tonic and not Projection("a", "b").from_tonic
