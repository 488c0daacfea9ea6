"""LearningRule: how a whole network learns, from the wiring of its feedback to what its synapses sense. One file each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from bio_fa.circuit import Circuit
from bio_fa.credit import Credit, SignedError
from bio_fa.description import Description
from bio_fa.learning import Learning, LocalLearning
from bio_fa.plasticity import Plasticity, ThreeFactor
from bio_fa.population import Apical
from bio_fa.projection import Projection
from bio_fa.protocol import Protocol, one_phase
from bio_fa.rules.network import LayeredNetwork
from bio_fa.updates import Update
from bio_fa.weights import StartingAs


@dataclass(frozen=True)
class LearningRule(Description, abstract=True):
    """What a hypothesis of credit assignment makes of a network: its circuit, its trial and its way to learn.

    Its docstring holds the equations in the symbols of the paper, and its ``Source:``. By default all populations learn from
    a signed error, and nothing brings it to hidden ones: a ``WiredRule`` has feedback.
    """

    @property
    def feedback(self) -> str:
        """What reaches a hidden neuron, in a few words."""
        return "none"

    def back(self, network: LayeredNetwork) -> Iterable[Projection]:
        """Return the feedback projections."""
        return ()

    def credit(self, population: str) -> Credit:
        """Return what a population takes for its error."""
        return SignedError(phase="free")

    def plasticity(self, population: str) -> Plasticity | None:
        """Return the rule of the synapses onto a population; None: they stay as they are."""
        return ThreeFactor()

    @property
    def apical(self) -> Apical | None:
        """The compartment that feels feedback; None: there is none."""
        return None

    def circuit(self, network: LayeredNetwork) -> Circuit:
        """Return the circuit that learns by this rule."""
        projections = [*self._forward(network), *self.back(network)]
        return network.circuit(self.kind(), projections, self.apical)

    def objections(self, circuit: Circuit) -> tuple[str, ...]:
        """Return why the rule is not local in a circuit that it made; plasticity rules were proved local when described."""
        copied = [each.tie.kind().replace("_", " ") for each in circuit.tied if each.tie is not None]
        transported = tuple(f"weight transport: feedback is {kind}" for kind in dict.fromkeys(copied))
        starts = any(isinstance(each.weights, StartingAs) for each in circuit.projections)
        return (*transported, *(("weights of other synapses are copied at the start",) if starts else ()))

    def _forward(self, network: LayeredNetwork) -> Iterator[Projection]:
        for pre, post in network.pairs:
            yield from network.forward(pre, post, **self.learns(post))

    def learns(self, population: str) -> dict[str, Any]:
        """Return the settings by which synapses of the way up onto a population learn; none: they are fixed."""
        rule = self.plasticity(population)
        return {} if rule is None else {"plasticity": rule, **self.senses(population)}

    def senses(self, population: str) -> dict[str, Any]:
        """Return the settings of a projection that say what its rule senses."""
        return {"error": self.credit(population)}

    def protocol(self, circuit: Circuit) -> Protocol:
        """Return the trial."""
        return one_phase(circuit)

    def learning(self, update: Update) -> Learning:
        """Return how weights change."""
        return LocalLearning(update)
