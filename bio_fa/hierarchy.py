"""Hierarchy: who lives in a cortical area, who contacts whom, and the initial magnitudes that balance excitation and inhibition."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

from bio_fa.circuit import tonic_drive
from bio_fa.connectivity import Connectivity
from bio_fa.errors import DescriptionError
from bio_fa.neurons import Neuron
from bio_fa.population import EXCITATORY, INHIBITORY, Apical, Area, Population
from bio_fa.projection import Projection
from bio_fa.weights import Narrow, Normalised, Weights


@dataclass(frozen=True)
class Anatomy:
    """Who lives in an area."""

    inhibitory_share: float
    """Inhibitory neurons of an area, as a share of its excitatory ones."""
    feedback_share: float
    """Size of each feedback population, likewise."""
    apical: Apical | None
    """The compartment that feels feedback."""
    neuron: Neuron
    suffix: str = "_E"
    """What follows an area's name in that of its excitatory population."""

    def hidden(self, name: str, size: int) -> Area:
        """Return an area with forward and feedback populations."""
        excitatory = Population(name + self.suffix, size, EXCITATORY, self.neuron, self.apical)
        senders = _share(size, self.feedback_share)
        feedback = (
            Population(f"{name}_FE", senders, EXCITATORY, self.neuron),
            Population(f"{name}_FI", senders, INHIBITORY, self.neuron),
        )
        return Area(name, (excitatory, self._inhibitory(name, _share(size, self.inhibitory_share))), feedback)

    def output(self, name: str, size: int, neuron: Neuron, interneurons: int | None) -> Area:
        """Return the area that is nudged: forward populations only."""
        inhibitory = self._inhibitory(name, interneurons or _share(size, self.inhibitory_share))
        return Area(name, (Population(name + self.suffix, size, EXCITATORY, neuron), inhibitory))

    def _inhibitory(self, name: str, size: int) -> Population:
        return Population(f"{name}_I", size, INHIBITORY, self.neuron)


def _share(size: int, share: float) -> int:
    """Return the number of neurons that a share of ``size`` is. Choice: at least two, so that sparse synapses have a choice."""
    if not 0 < share < float("inf"):
        raise DescriptionError(f"the hierarchy: a share of {share} of {size} neurons is not allowed; give one above 0.")
    return max(2, round(size * share))


@dataclass(frozen=True)
class Wiring:
    """Who contacts whom, with initial magnitudes that balance excitation and inhibition."""

    connectivity: Connectivity
    spread: float
    """Relative standard deviation of initial magnitudes."""

    def forward(self, below: Area, area: Area, **learning: Any) -> list[Projection]:
        """Return the forward projections into an area: excitation, and inhibition that the same input drives.

        ``learning`` are the settings of those onto its excitatory neurons.

        Choice: magnitudes of 1/√K make the fluctuations of the current as large as those of the K inputs. Their sum is √K
        times the mean input rate; inhibitory neurons average the input, so the same sum of inhibition cancels it.
        """
        source, (excitatory, inhibitory) = below.forward[0], area.forward
        received, inhibited = (self.connectivity.in_degree(each.size) for each in (source, inhibitory))
        return [
            self._project(source, excitatory, Narrow(1 / sqrt(received), self.spread), **learning),
            self._project(source, inhibitory, Narrow(1 / received, self.spread)),
            self._project(inhibitory, excitatory, Narrow(sqrt(received) / inhibited, self.spread), **learning),
            tonic_drive(excitatory.name, **learning),
        ]

    def feedback(self, area: Area, above: Area) -> list[Projection]:
        """Return the fixed random feedback of an area, B = P_E Q_E − P_I Q_I.

        Choice: each neuron receives the same sum from both pathways, so that the rows of B sum to 0; a sum of √(K_Q K_P)
        onto the apical compartment makes the current that B carries as large as the error that it reads.
        """
        source, target = above.forward[0], area.forward[0]
        total = sqrt(self.connectivity.in_degree(source.size) * self.connectivity.in_degree(area.feedback[0].size))
        reading, driving = (Normalised(Narrow(spread=self.spread), each) for each in (1.0, total))
        read = [self._project(source, sender, reading) for sender in area.feedback]
        return read + [self._project(sender, target, driving, compartment="apical") for sender in area.feedback]

    def _project(self, pre: Population, post: Population, weights: Weights, **settings: Any) -> Projection:
        return Projection(pre.name, post.name, connectivity=self.connectivity, weights=weights, **settings)
