"""What a neuron is: an equation for its potential, and its activity as a function of that potential."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from bio_fa.description import Description
from bio_fa.ops import Quantity


@dataclass(frozen=True)
class Neuron(Description, abstract=True):
    """A neuron model. Its equations are plain arithmetic on arrays (..., neuron), tensors or symbols."""

    ceiling: ClassVar[float | None] = None
    """The largest activity that this neuron can reach; None where there is none."""

    @abstractmethod
    def drift(self, u: Quantity, current: Quantity) -> Quantity:
        """Return du/dt of the potential ``u`` under the summed ``current``; both (..., neuron)."""

    @abstractmethod
    def settled(self, current: Quantity) -> Quantity:
        """Return the potential at which the drift is zero under a constant ``current``; both (..., neuron)."""

    @abstractmethod
    def activity(self, u: Quantity) -> Quantity:
        """Return the non-negative activity at potential ``u``; both (..., neuron)."""


@dataclass(frozen=True)
class RateNeuron(Neuron, abstract=True):
    """A neuron whose potential leaks towards its current: τ du/dt = −u + I.

    Source: Wilson & Cowan (1972) Biophys. J. 12:1–24, without refractoriness.
    """

    tau: float = 20e-3
    """τ, the membrane time constant in seconds."""

    def validate(self) -> None:
        """Refuse a time constant that is not positive."""
        self.require(self.tau > 0, "tau", "a time constant above 0 s")

    def drift(self, u: Quantity, current: Quantity) -> Quantity:
        """Return du/dt = (I − u) / τ."""
        return (current - u) / self.tau

    def settled(self, current: Quantity) -> Quantity:
        """Return the potential at which the drift is zero: u = I."""
        return current
