"""Aims at synapses that learn without having been active, from no signal, far from threshold, or into the wrong direction."""

from __future__ import annotations

import numpy as np
import pytest

from bio_fa.plasticity import Eligibility, momentary, prove_local, senses_now
from bio_fa.population import INHIBITORY
from tests.plasticity.change import integrated

Q = 1 - 1e-3 / 20e-3
PRE = np.zeros(100)
PRE[[10, 40]] = 1
SILENT = np.zeros(100)


def test_it_senses_feedback_and_sensitivity_now():
    assert prove_local(Eligibility()) == senses_now(Eligibility()) == {"post.apical", "post.sensitivity", "pre.trace", "pre.sign"}
    assert momentary(Eligibility()) == (True,)


def test_a_learning_signal_in_one_moment_turns_the_trace_of_that_moment_into_change():
    """Δw = η dt L ψ x, with x what the spikes in steps 10 and 40 have left in step 50: Q⁴⁰ + Q¹⁰."""
    signal = np.zeros(100)
    signal[50] = 3.0
    found = integrated(Eligibility(0.5), PRE, SILENT, apical=signal, sensitivity=0.4)
    assert found == pytest.approx(0.5 * 1e-3 * 3.0 * 0.4 * (Q**40 + Q**10), rel=1e-12)


def test_a_constant_signal_collects_the_whole_trace():
    """Σ dt x is the sum of each spike's geometric series, τ (1 − Qⁿ) over the n steps that are left of 100."""
    found = integrated(Eligibility(), PRE, SILENT, apical=2.0, sensitivity=0.25)
    assert found == pytest.approx(0.5 * 20e-3 * ((1 - Q**90) + (1 - Q**60)), rel=1e-12)


@pytest.mark.parametrize("nothing", [{"apical": 0.0, "sensitivity": 1.0}, {"apical": 1.0, "sensitivity": 0.0}])
def test_without_a_signal_or_far_from_threshold_nothing_is_learned(nothing):
    assert integrated(Eligibility(), PRE, SILENT, **nothing) == 0


def test_a_synapse_that_was_not_active_is_not_eligible():
    assert integrated(Eligibility(), SILENT, PRE, apical=1.0, sensitivity=1.0) == 0


def test_a_signal_before_the_spike_teaches_nothing():
    early = np.zeros(100)
    early[:10] = 1.0
    assert integrated(Eligibility(), PRE, SILENT, apical=early, sensitivity=1.0) == 0


def test_the_change_follows_the_sign_of_the_signal_and_of_the_neuron():
    plain = integrated(Eligibility(), PRE, SILENT, apical=1.0, sensitivity=1.0)
    assert plain > 0
    assert integrated(Eligibility(), PRE, SILENT, apical=-1.0, sensitivity=1.0) == -plain
    assert integrated(Eligibility(), PRE, SILENT, apical=1.0, sensitivity=1.0, sign=INHIBITORY) == -plain
