"""Aims at a membrane that leaks at the wrong speed, or that settles where it still drifts."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bio_fa.neurons import (
    DivisiveNormalisation,
    HardSigmoidRate,
    LeakyRate,
    LinearRate,
    Neuron,
    RateNeuron,
    SaturatingRate,
    SigmoidRate,
    TanhRate,
)
from tests.refusals import assert_refused

KINDS = [DivisiveNormalisation, HardSigmoidRate, LeakyRate, LinearRate, SaturatingRate, SigmoidRate, TanhRate]


@pytest.mark.parametrize("kind", KINDS)
def test_the_potential_drifts_towards_the_current_within_its_time_constant(kind):
    """(I − u) / τ = (3 − 1) / 0.02 s = 100 / s."""
    assert kind(tau=0.02).drift(np.array([1.0]), np.array([3.0])) == pytest.approx(100.0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_settled_neuron_does_not_drift(kind):
    current = np.linspace(-3, 3, 7)
    assert not kind().drift(kind().settled(current), current).any()


@pytest.mark.parametrize(("dt", "tolerance"), [(1e-3, 1e-2), (1e-4, 1e-3), (1e-5, 1e-4)])
def test_after_one_time_constant_a_unit_has_gone_all_but_a_share_of_1_over_e_of_the_way(dt, tolerance):
    """Euler's global error is of first order: a tenth of the step leaves a tenth of the error."""
    neuron, u = LeakyRate(tau=0.02), 0.0
    for _ in range(round(neuron.tau / dt)):
        u += dt * neuron.drift(u, 1.0)
    assert u == pytest.approx(1 - math.exp(-1), abs=tolerance)


@pytest.mark.parametrize("tau", [0.0, -0.02, float("nan"), float("inf"), "20 ms"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_time_constant_that_is_no_time_is_refused(kind, tau):
    assert_refused(lambda: kind(tau=tau), f"{kind.__name__}: tau = {tau!r} is not allowed", "give a")


def test_a_misspelt_neuron_is_answered_with_the_nearest():
    misspelt = {"kind": "leaky_rat"}
    assert_refused(lambda: Neuron.from_table(misspelt), "'leaky_rat' is no kind of Neuron", "did you mean 'leaky_rate'?")


def test_only_the_hyperbolic_tangent_and_the_line_are_signed():
    assert {kind for kind in KINDS if kind.signed} == {TanhRate, LinearRate}


def test_every_kind_here_is_a_rate_neuron_by_name():
    assert {kind.kind(): kind for kind in KINDS}.items() <= RateNeuron.kinds().items()
