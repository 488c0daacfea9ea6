"""CorticalNetwork: the layered network under every constraint, for learning rules whose feedback is fixed and random."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from bio_fa.circuit import Circuit
from bio_fa.connectivity import Connectivity, FixedInDegree
from bio_fa.hierarchy import Anatomy, Wiring
from bio_fa.neurons import DivisiveNormalisation, LeakyRate, Neuron
from bio_fa.population import Apical, Area, Population
from bio_fa.projection import Projection
from bio_fa.rules.network import INPUT, OUTPUT, LayeredNetwork
from bio_fa.weights import Weights


@dataclass(frozen=True)
class CorticalNetwork(LayeredNetwork):
    """The network under Dale's law, with rates ≥ 0, sparse synapses and separate feedback neurons.

    A hidden area has excitatory neurons Hℓ, inhibitory ones Hℓ_I, and feedback neurons Hℓ_FE and Hℓ_FI, which read an area above
    through fixed random synapses Q and drive the apical compartments of Hℓ through P: B = P_E Q_E − P_I Q_I, whatever weights
    and connectivity a rule has for a B of its own. Feedback that learns or copies weights is refused where it needs signed ones.

    Choice: the circuit of ``models/cortical_hierarchy.py``, with its magnitudes.
    """

    neuron: Neuron = field(default_factory=LeakyRate)
    """Of all hidden populations."""
    output_neuron: Neuron = field(default_factory=DivisiveNormalisation)
    density: float = 0.5
    """The share of the possible synapses of each neuron that exist."""
    inhibitory_share: float = 0.1
    """Inhibitory neurons of an area, as a share of its excitatory ones."""
    feedback_share: float = 0.3
    """Size of each feedback population, likewise."""
    spread: float = 0.2
    """Relative standard deviation of initial magnitudes."""

    def forward(self, pre: str, post: str, **learning: Any) -> list[Projection]:
        """Return excitation, the inhibition that the same input drives, and excitability."""
        return self._wiring.forward(self._area(pre), self._area(post), **learning)

    def feedback(self, above: str, below: str, connectivity: Connectivity, weights: Weights) -> list[Projection]:
        """Return Q and P of the feedback neurons of the area below, which read the population above."""
        return self._wiring.feedback(self._area(below), self._area(above))

    def circuit(self, name: str, projections: Iterable[Projection], apical: Apical | None) -> Circuit:
        """Return the circuit; feedback neurons that drive nobody do not exist."""
        wired = tuple(projections)
        speaks = {each.pre for each in wired}
        areas = [self._area(each, apical) for each in (INPUT, *self.layers, OUTPUT)]
        heard = (Area(each.name, each.forward, tuple(one for one in each.feedback if one.name in speaks)) for each in areas)
        return Circuit(name, tuple(heard), wired, INPUT, OUTPUT)

    @property
    def _wiring(self) -> Wiring:
        return Wiring(FixedInDegree(self.density), self.spread)

    def _area(self, name: str, apical: Apical | None = None) -> Area:
        anatomy = Anatomy(self.inhibitory_share, self.feedback_share, apical, self.neuron, suffix="")
        if name == INPUT:
            return Area(INPUT, (Population(INPUT, self.inputs),))
        if name == OUTPUT:
            return anatomy.output(OUTPUT, self.outputs, self.output_neuron, None)
        return anatomy.hidden(name, self.hidden[self.layers.index(name)])
