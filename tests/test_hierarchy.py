"""Aims at areas whose inhibition does not balance their excitation, or whose feedback prefers one sign."""

import numpy as np
import pytest

from bio_fa.circuit import Circuit
from bio_fa.connectivity import FixedInDegree
from bio_fa.errors import DescriptionError
from bio_fa.hierarchy import Anatomy, Wiring
from bio_fa.neurons import LeakyRate
from bio_fa.population import INHIBITORY, Apical, Area, Population

ANATOMY = Anatomy(0.1, 0.2, Apical(balanced_in="free"), LeakyRate())
WIRING = Wiring(FixedInDegree(0.5), 0.2)
INPUT, HIDDEN = Area("input_area", (Population("input", 100),)), ANATOMY.hidden("V1", 200)
OUTPUT = ANATOMY.output("output", 10, LeakyRate(), None)


@pytest.fixture(scope="module")
def w():
    projections = [*WIRING.forward(INPUT, HIDDEN), *WIRING.forward(HIDDEN, OUTPUT), *WIRING.feedback(HIDDEN, OUTPUT)]
    circuit = Circuit("small", (INPUT, HIDDEN, OUTPUT), tuple(projections), "input", "output_E")
    return {name: each.w for name, each in circuit.sample(1).items()}


def test_an_area_has_the_shares_that_were_asked_for_and_each_population_its_sign():
    sizes = {each.name: (each.size, each.sign) for each in HIDDEN.populations}
    assert sizes == {"V1_E": (200, 1), "V1_I": (20, INHIBITORY), "V1_FE": (40, 1), "V1_FI": (40, INHIBITORY)}
    assert not OUTPUT.feedback


def test_inhibition_cancels_excitation_where_all_inputs_are_equal(w):
    """K synapses of mean 1/√K bring √K; interneurons average the input and bring the same sum: what is left is chance."""
    excitation = w["input_to_V1_E"].sum(1)
    inhibition = w["V1_I_to_V1_E"] @ w["input_to_V1_I"].sum(1)
    assert excitation.mean() == pytest.approx(np.sqrt(50), rel=0.02)
    assert inhibition.mean() == pytest.approx(excitation.mean(), rel=0.05)


def test_the_rows_of_b_sum_to_0(w):
    """Both pathways bring the same sum, so that an error common to all outputs moves nobody."""
    b = w["V1_FE_to_V1_E"] @ w["output_E_to_V1_FE"] - w["V1_FI_to_V1_E"] @ w["output_E_to_V1_FI"]
    np.testing.assert_allclose(b.sum(1), 0, atol=1e-12)
    assert np.abs(b).mean() > 0.1


def test_settings_of_learning_reach_the_synapses_onto_excitatory_neurons_only():
    learning = [each.name for each in WIRING.forward(INPUT, HIDDEN, reads=None) if each.post == "V1_E"]
    assert learning == ["input_to_V1_E", "V1_I_to_V1_E", "tonic_to_V1_E"]


@pytest.mark.parametrize("share", [0.0, -1.0, float("inf")])
def test_a_share_of_nobody_is_refused(share):
    with pytest.raises(DescriptionError, match="give one above 0"):
        Anatomy(share, 0.2, None, LeakyRate()).hidden("V1", 20)
