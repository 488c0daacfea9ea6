"""Aims at activity differences that carry some other error than they should: as γ → 0, and with linear feedback neurons,
the flagship's update must point along feedback alignment, with an error of first order in γ.

Source: Lillicrap et al. (2016) Nat. Commun. 7:13276, eq. 2: δ[ℓ] = φ'(b[ℓ]) · B δ[ℓ+1]; here B = P_E Q_E − P_I Q_I.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bio_fa import Circuit, LeakyRate, LocalLearning, SaturatingRate, two_phase
from models.cortical_hierarchy import cortical_hierarchy
from models.mlp import mlp
from tests.tiny import batch, compiled, trial, with_tonic

GAMMAS = (1e-1, 1e-2, 1e-3, 1e-4)
HIDDEN = (12, 10)
TRIALS = 6


def flagship(gamma: float, neuron=SaturatingRate()) -> Circuit:  # noqa: B008 (frozen)
    """Return the hierarchy with curved forward neurons and linear feedback neurons (their input is never below 0)."""
    circuit = cortical_hierarchy(8, HIDDEN, 4, apical_gain=gamma, neuron=neuron)
    areas = []
    for area in circuit.areas:
        linear = tuple(replace(population, neuron=LeakyRate()) for population in area.feedback)
        areas.append(replace(area, feedback=linear))
    return replace(circuit, areas=tuple(areas))


def unconstrained(gamma: float, neuron=SaturatingRate()) -> Circuit:  # noqa: B008
    return mlp(8, HIDDEN, 4, apical_gain=gamma, neuron=neuron)


def names(circuit: Circuit) -> list[str]:
    """Return the excitatory forward populations above the input, in order."""
    return [area.forward[0].name for area in circuit.areas[1:]]


def feedback_matrix(circuit: Circuit, w, hears: str, speaks: str) -> np.ndarray:
    """Return B: (hears, speaks)."""
    if circuit.name == "mlp":
        return w[f"{speaks}_to_{hears}"]
    area = hears.removesuffix("_E")
    excitation = w[f"{area}_FE_to_{hears}"] @ w[f"{speaks}_to_{area}_FE"]
    return excitation - w[f"{area}_FI_to_{hears}"] @ w[f"{speaks}_to_{area}_FI"]


def update_directions(circuit: Circuit):
    """Return, by projection, Δw of the circuit and that of feedback alignment from the same free activities."""
    simulation = compiled(circuit, two_phase(circuit), LocalLearning())
    parameters, inputs = with_tonic(circuit), batch(circuit, TRIALS)
    state = trial(simulation, simulation.init(parameters), inputs)
    w = {name: synapses.w for name, synapses in parameters.items()}
    rates = {each.name: simulation.activity(state, each.name, "free") for each in circuit.populations}
    delta, wanted = {}, {}
    above = None
    for name in reversed(names(circuit)):
        if above is None:
            delta[name] = inputs[name] - rates[name]
        else:
            slope = np.where(rates[name] > 0, 1 - rates[name] ** 2, 0)  # of tanh([u]₊) at u, from its value
            delta[name] = slope * (delta[above] @ feedback_matrix(circuit, w, name, above).T)
        above = name
    for each in circuit.plastic:
        pre = np.ones((TRIALS, 1)) if each.from_tonic else rates[each.pre]
        wanted[each.name] = (circuit.sign(each) or 1) * delta[each.post].T @ pre / TRIALS
    return simulation.deltas(state), wanted


def gap(a: np.ndarray, b: np.ndarray) -> float:
    """Return |a/|a| − b/|b||, the angle in radians where it is small, without the rounding of arccos."""
    return float(np.linalg.norm(a / np.linalg.norm(a) - b / np.linalg.norm(b)))


@pytest.mark.parametrize("build", [flagship, unconstrained], ids=lambda build: build.__name__)
def test_hidden_updates_converge_to_feedback_alignment_with_first_order_in_gamma(build, record_property):
    gaps = {}
    for gamma in GAMMAS:
        found, wanted = update_directions(build(gamma))
        for each in build(gamma).plastic:
            if each.post not in ("output", "output_E"):
                gaps.setdefault(each.name, []).append(gap(found[each.name], wanted[each.name]))
    assert gaps
    for name, by_gamma in gaps.items():
        slope = np.polyfit(np.log(GAMMAS[1:]), np.log(by_gamma[1:]), 1)[0]
        record_property(f"slope_{name}", float(slope))
        assert slope == pytest.approx(1, abs=0.05), name
        assert by_gamma[-1] < 1e-2


@pytest.mark.parametrize("build", [flagship, unconstrained], ids=lambda build: build.__name__)
def test_output_updates_are_those_of_the_delta_rule_at_any_gamma(build):
    found, wanted = update_directions(build(0.5))
    for each in build(0.5).plastic:
        if each.post in ("output", "output_E"):
            np.testing.assert_allclose(found[each.name], wanted[each.name], rtol=0, atol=1e-14)


def test_threshold_linear_updates_are_gamma_times_feedback_alignment_exactly():
    # [u]₊ is linear where no neuron crosses its threshold: r⁺ − r⁻ = γ B δ without a remainder.
    gamma = 1e-5
    circuit = cortical_hierarchy(8, (12,), 4, apical_gain=gamma)
    simulation = compiled(circuit, two_phase(circuit), LocalLearning())
    parameters, inputs = with_tonic(circuit), batch(circuit, TRIALS)
    state = trial(simulation, simulation.init(parameters), inputs)
    w = {name: synapses.w for name, synapses in parameters.items()}
    free, nudged = (simulation.activity(state, "V1_E", phase) for phase in ("free", "nudged"))
    error = inputs["output_E"] - simulation.activity(state, "output_E", "free")
    expected = (free > 0) * (error @ feedback_matrix(circuit, w, "V1_E", "output_E").T)
    assert 0 < np.count_nonzero(free) < free.size, "the point is not generic: all neurons are on one side of threshold"
    np.testing.assert_allclose((nudged - free) / gamma, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("above", ["V2_E", "output_E"])
def test_the_feedback_matrix_has_both_signs_and_rows_that_sum_to_0(above):
    # Every neuron receives equal sums from both pathways, so that feedback carries differences and no common drive.
    circuit = flagship(0.1)
    w = {name: synapses.w for name, synapses in circuit.sample(0).items()}
    matrix = feedback_matrix(circuit, w, {"V2_E": "V1_E", "output_E": "V2_E"}[above], above)
    assert (matrix > 0).any() and (matrix < 0).any()
    np.testing.assert_allclose(matrix.sum(axis=1), 0, atol=1e-12)
