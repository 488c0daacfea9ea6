"""Aims at dendrites whose error does not reach their synapses, or with the wrong sign."""

import numpy as np

from bio_fa.plasticity import ApicalError
from tests.plasticity.change import PRE, change

APICAL = np.array([[0.5, -1.0], [0.0, 2.0]])


def test_it_is_the_apical_current_times_what_the_synapse_brings():
    """Sacramento et al. (2018), with potentials in the place of rates: Δw_ij = L_i s_j r_j, averaged over trials."""
    wanted = APICAL.T @ PRE / 2
    np.testing.assert_allclose(change(ApicalError(), apical=APICAL), wanted, rtol=0, atol=1e-15)
    np.testing.assert_allclose(change(ApicalError(0.1), apical=APICAL, sign=-1), -0.1 * wanted, rtol=0, atol=1e-15)


def test_with_a_negative_rate_synapses_come_to_cancel_the_current_that_they_meet():
    """Gradient descent of ½ L² for L = v + Σ w r: after enough steps nothing is left of a current v that r tells."""
    w, v = np.zeros((2, 2)), np.array([[0.3, -0.4], [-0.6, 0.9]]) @ PRE.T
    for _ in range(2000):
        w += change(ApicalError(-0.1), apical=(v + w @ PRE.T).T)
    np.testing.assert_allclose(w, [[-0.3, 0.4], [0.6, -0.9]], rtol=0, atol=1e-6)
