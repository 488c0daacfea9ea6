"""Scalar feedback: what learning rules share that tell all neurons alike how well a disturbed trial went."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from bio_fa.circuit import Circuit
from bio_fa.credit import Broadcast
from bio_fa.noise import Noise
from bio_fa.phase import Phase
from bio_fa.protocol import Protocol
from bio_fa.rules.base import LearningRule


@dataclass(frozen=True)
class ScalarFeedback(LearningRule, abstract=True):
    """A trial is *free*, for the answer, and then *noisy*; no synapse carries feedback, a neuromodulator does."""

    feedback: ClassVar[str] = "scalar"
    reads: ClassVar[str] = "free"
    """The phase of the presynaptic activities."""

    @abstractmethod
    def credit(self, population: str) -> Broadcast:
        """Return what a population takes for its error."""

    @abstractmethod
    def noise(self, circuit: Circuit) -> tuple[Noise, ...]:
        """Return what disturbs the noisy phase."""

    def senses(self, population: str) -> dict[str, Any]:
        """Return the error, and the phase that is read."""
        return {"error": self.credit(population), "reads": self.reads}

    def protocol(self, circuit: Circuit) -> Protocol:
        """Return the trial."""
        clamp, noise = (circuit.input,), self.noise(circuit)
        return Protocol((Phase("free", clamp, plastic=True), Phase("noisy", clamp, noise=noise, plastic=True)))
