"""Aims at synapses that follow the noise of others, or their weight instead of their noise."""

import numpy as np
import pytest

from bio_fa.plasticity import Exploration, Hebbian, Sum, prove_local
from tests.plasticity.change import change
from tests.refusals import assert_refused


def test_by_hand():
    """The mean error over two trials is [1, −1]; each row of the noise is multiplied by its own, times η = 0.5."""
    noise = np.array([[1.0, -1.0], [-1.0, -1.0]])
    found = change(Exploration(0.5), w=noise, error=np.array([[2.0, -2.0], [0.0, 0.0]]))
    np.testing.assert_allclose(found, [[0.5, -0.5], [0.5, 0.5]])


def test_it_senses_an_error_and_what_the_synapse_knows_of_itself():
    assert prove_local(Exploration()) == {"post.error", "w"}
    assert Exploration().synaptic == "noise" and Hebbian().synaptic == "weight"


@pytest.mark.parametrize("rules", [(Exploration(),), (Hebbian(), Exploration())])
def test_a_sum_of_rules_that_mean_different_things_by_w_is_refused(rules):
    assert_refused(lambda: Sum(rules), "rules that know their weight only")
