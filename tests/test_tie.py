"""Aims at feedback that copies other synapses than it says, or copies them in a circuit where that has no meaning."""

from dataclasses import replace

import numpy as np
import pytest

from bio_fa.connectivity import FixedInDegree
from bio_fa.errors import DescriptionError
from bio_fa.neurons import LeakyRate
from bio_fa.plasticity import Hebbian
from bio_fa.population import INHIBITORY
from bio_fa.projection import Projection
from bio_fa.rules import Network
from bio_fa.rules.backpropagation import Backpropagation
from bio_fa.tie import SignConcordant, Transposed
from bio_fa.weights import Constant

FORWARD = np.array([[1.0, -2.0, 0.0], [-0.5, 3.0, 4.0]])
OWN = np.array([[0.1, -0.2], [0.3, 0.4], [-0.5, 0.6]])


def test_transposed_weights_are_the_transpose():
    np.testing.assert_array_equal(Transposed("a_to_b").weights(FORWARD, OWN), FORWARD.T)


def test_concordant_weights_have_their_own_magnitudes_and_the_forward_signs_0_counting_as_positive():
    expected = [[0.1, -0.2], [-0.3, 0.4], [0.5, 0.6]]
    np.testing.assert_array_equal(SignConcordant("a_to_b").weights(FORWARD, OWN), expected)


def test_normalised_weights_have_the_norm_of_the_forward_ones_and_uniform_ones_the_published_value():
    """Moskovitz et al. (2018): B = ‖W‖ sign(Wᵀ) / ‖sign(Wᵀ)‖, whatever the magnitudes were; here 0 counts as positive."""
    tie = SignConcordant("a_to_b", normalised=True)
    uniform, signs = tie.weights(FORWARD, np.full_like(OWN, 0.05)), np.where(FORWARD.T < 0, -1, 1)
    np.testing.assert_allclose(uniform, np.linalg.norm(FORWARD) / np.linalg.norm(signs) * signs, rtol=1e-14)
    scaled = tie.weights(FORWARD, OWN)
    np.testing.assert_allclose(np.linalg.norm(scaled), np.linalg.norm(FORWARD), rtol=1e-14)
    np.testing.assert_allclose(scaled / scaled[0, 0], SignConcordant("a_to_b").weights(FORWARD, OWN) / 0.1, rtol=1e-14)
    assert (tie.weights(FORWARD, 0 * OWN) == 0).all()


def test_the_copy_has_the_transposed_synapses_too():
    circuit = Backpropagation().circuit(Network(6, (5, 4), 3, connectivity=FixedInDegree(0.5)))
    drawn = circuit.sample(1)
    np.testing.assert_array_equal(drawn["H2_to_H1"].mask, drawn["H1_to_H2"].mask.T)
    np.testing.assert_array_equal(drawn["H2_to_H1"].w, drawn["H1_to_H2"].w.T)


@pytest.mark.parametrize(
    ("settings", "named"),
    [({"plasticity": Hebbian()}, "plasticity"), ({"connectivity": FixedInDegree(0.5)}, "connectivity")],
    ids=["rule", "connectivity"],
)
def test_what_follows_another_has_no_rule_and_no_connectivity_of_its_own(settings, named):
    with pytest.raises(DescriptionError, match=f"{named} = "):
        Projection("b", "a", "apical", tie=Transposed("a_to_b"), **settings)


def changed(name, **changes):
    circuit = Backpropagation().circuit(Network(6, (5, 4), 3))
    projections = (replace(each, **changes) if each.name == name else each for each in circuit.projections)
    return replace(circuit, projections=tuple(projections))


def test_a_projection_that_does_not_lead_back_cannot_be_followed():
    with pytest.raises(DescriptionError, match="H2_to_H1: its tie follows input_to_H1, which does not lead from 'H1' to 'H2'"):
        changed("H2_to_H1", tie=Transposed("input_to_H1"))


def test_an_unknown_projection_is_refused_with_the_nearest():
    with pytest.raises(DescriptionError, match="H1_to_H3.*H1_to_H2"):
        changed("H2_to_H1", tie=Transposed("H1_to_H3"))


def test_weights_of_both_signs_are_not_copied_where_dales_law_holds():
    circuit = Backpropagation().circuit(Network(6, (5, 4), 3, neuron=LeakyRate()))
    areas = tuple(each.map(lambda one: replace(one, sign=INHIBITORY) if one.name == "H2" else one) for each in circuit.areas)
    with pytest.raises(DescriptionError, match="only one of them has weights of both signs"):
        replace(circuit, areas=areas, projections=tuple(map(_magnitudes, circuit.projections)))


def _magnitudes(projection):
    return replace(projection, weights=Constant(0.1)) if projection.pre == "H2" else projection
