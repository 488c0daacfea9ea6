"""Aims at signed errors that take another way than the feedback of the circuit, or that disturb the activity."""

from dataclasses import replace

import numpy as np
import pytest

from bio_fa import Circuit, LocalLearning, Protocol, Scale, backends, one_phase, two_phase
from bio_fa.credit import SignedError
from bio_fa.errors import BackendError, DescriptionError
from bio_fa.neurons import LIF
from bio_fa.population import Apical
from models.cortical_hierarchy import cortical_hierarchy
from models.mlp import mlp
from models.two_area import two_area
from tests.rules.trained import of_circuit

GAINS = (1e-4, 1e-5)


def with_signed_errors(circuit: Circuit) -> Circuit:
    """Return the circuit in which rules sense signed errors, with a coupling of 1."""
    return replace(
        coupled(circuit, 1.0),
        projections=tuple(
            replace(each, error=SignedError(), reads=None) if each.plasticity else each for each in circuit.projections
        ),
    )


def coupled(circuit: Circuit, gain: float) -> Circuit:
    """Return the circuit with this coupling of its apical compartments."""
    apical = Apical(gain, balanced_in="free")
    return replace(circuit, areas=tuple(each.map(lambda one: replace(one, apical=one.apical and apical)) for each in circuit.areas))


def changes(circuit: Circuit, protocol: Protocol) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    inputs = {circuit.input: rng.random((4, 8)), circuit.output: np.eye(3)[[0, 2, 1, 1]]}
    return of_circuit(circuit, protocol, LocalLearning(Scale()), inputs).deltas()


@pytest.mark.parametrize(
    "circuit",
    [mlp(8, (6, 5), 3), two_area(8, 6, 3), cortical_hierarchy(8, (12, 10), 3)],
    ids=["mlp", "two_area", "cortical_hierarchy"],
)
def test_it_is_what_an_activity_difference_divided_by_the_coupling_tends_to(circuit):
    """An activity difference is γ times the signed error and terms of γ², so that dividing γ by 10 divides the gap by 10.

    In the last hidden area; further down the error is carried by differences of activities that carry γ already.
    """
    signed = changes(with_signed_errors(circuit), one_phase(circuit))
    hidden = [each.name for each in circuit.plastic if each.post == circuit.areas[-2].forward[0].name and not each.from_tonic]
    gaps = []
    for gain in GAINS:
        differences = changes(coupled(circuit, gain), two_phase(circuit))
        gaps.append(max(np.abs(differences[name] / gain - signed[name]).max() for name in hidden))
    assert max(np.abs(signed[name]).max() for name in hidden) > 1e-3
    assert gaps[1] < 1e-3 and gaps[1] < gaps[0] / 5 + 1e-9


def test_a_trial_of_two_phases_is_refused():
    circuit = with_signed_errors(mlp(8, (6, 5), 3))
    with pytest.raises(DescriptionError, match="senses a signed error"):
        changes(circuit, two_phase(circuit))


def test_spiking_neurons_are_refused_when_the_circuit_is_described():
    with pytest.raises(DescriptionError, match="whose activity has no slope"):
        with_signed_errors(two_area(8, 6, 3)).with_neurons(LIF())


def test_brian2_refuses_before_it_runs():
    circuit = with_signed_errors(two_area(8, 6, 3))
    with pytest.raises(BackendError, match="signed errors, which it does not carry; use torch_rate"):
        backends.get("brian2").compile(circuit, one_phase(circuit, 0.1, 1e-3, 0.05), LocalLearning())
