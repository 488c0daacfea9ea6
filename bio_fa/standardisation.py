"""Standardisation: neurons that keep the mean of their current at 0 and its variance at 1, by two synapses of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bio_fa.circuit import Circuit, tonic_drive
from bio_fa.description import Description
from bio_fa.errors import DescriptionError
from bio_fa.ops import Quantity, sqrt
from bio_fa.plasticity import RunningMean, RunningVariance
from bio_fa.population import TONIC
from bio_fa.projection import SHUNT, Projection
from bio_fa.weights import Constant

FLOOR = 1e-5
"""ε, which keeps the current of a neuron that never varies finite."""


@dataclass(frozen=True)
class Standardisation(Description):
    """u = (I − Ī) / √(v + ε), with I the whole current of a neuron, and Ī and v its running mean and variance.

    The threshold subtracts the mean, and a shunt divides basal and apical currents alike, so that δ = φ′(u) / √(v + ε) · current.
    Both are tonic synapses that learn by local rules, trial by trial, and stay as they are in a test: batches are never compared.

    Source: Ioffe & Szegedy (2015) ICML, batch normalisation, in the form of its evaluation; Liao, Leibo & Poggio (2016) AAAI, that
        learning with other feedback than Wᵀ needs it.
    Choice: no scale and shift are learned behind it, which a neuron would need further synapses for; moments are constants to
        the gradient; the output, whose error has no slope, is left as it is.
    """

    horizon: int = 100
    """The number of trials (batches) over which mean and variance reach back."""

    def of(self, circuit: Circuit, phase: str) -> Circuit:
        """Return the circuit whose hidden forward neurons with plastic basal synapses do so, from their potentials in ``phase``.

        Raises:
            DescriptionError: for a circuit without such neurons, or with neurons that spike.
        """
        forward = [each.name for area in circuit.areas for each in area.forward if each.name != circuit.output]
        names = [name for name in forward if any(each.plasticity for each in circuit.onto(name, "basal") if not each.from_tonic)]
        if not names:
            raise DescriptionError(f"{self.title()}: no hidden neurons of {circuit.name!r} learn; leave the standardisation out.")
        added = [each for name in names for each in self._tonic(name, phase)]
        others = (each for each in circuit.projections if each.name not in {each.name for each in added})
        return replace(circuit, projections=(*others, *added))

    def _tonic(self, population: str, phase: str) -> tuple[Projection, Projection]:
        mean, variance = RunningMean(self.horizon), RunningVariance(self.horizon)
        shunt = Projection(TONIC, population, SHUNT, weights=Constant(1.0), plasticity=variance, reads=phase)
        return tonic_drive(population, plasticity=mean, reads=phase), shunt


def divisor(variance: Quantity) -> Quantity:
    """Return √(v + ε), by which a shunt divides currents."""
    return sqrt(variance + FLOOR)


def shunted(circuit: Circuit, weights: Mapping[str, Quantity]) -> dict[str, Quantity]:
    """Return the weights (post, pre) as neurons feel them: divided where a shunt divides what arrives."""
    shunts = {each.post: divisor(weights[each.name]) for each in circuit.projections if each.compartment == SHUNT}
    felt = [each for each in circuit.projections if each.post in shunts and each.compartment != SHUNT]
    return {**weights, **{each.name: weights[each.name] / shunts[each.post] for each in felt}}
