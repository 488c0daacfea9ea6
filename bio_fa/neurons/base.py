"""What a neuron is: equations for how its state moves, as plain arithmetic, and the rate at which it signals."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from bio_fa.description import Description
from bio_fa.ops import Quantity

NeuronState = Mapping[str, Quantity]
"""The state variables of a population by name: (..., neuron)."""


@dataclass(frozen=True)
class Neuron(Description, abstract=True):
    """A neuron model. Its equations are plain arithmetic on arrays (..., neuron), tensors or symbols."""

    ceiling: ClassVar[float | None] = None
    """The largest activity that this neuron can reach; None where there is none."""
    signed: ClassVar[bool] = False
    """Whether its activity may be negative: for unconstrained baselines only, as a population with a sign refuses such neurons."""
    variables: ClassVar[tuple[str, ...]] = ()
    """The names of its state variables, in order."""
    potentials: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """Which of them are potentials, by the name under which a record keeps them: that of the soma is ``potential``."""

    def time_constants(self) -> dict[str, float]:
        """Return the time constants in seconds, by the name of their setting: a time step may not be longer."""
        return {}


@dataclass(frozen=True)
class RateNeuron(Neuron, abstract=True):
    """A neuron whose potential leaks towards its current: τ du/dt = −u + I.

    Source: Wilson & Cowan (1972) Biophys. J. 12:1–24, without refractoriness.
    """

    tau: float = 20e-3
    """τ, the membrane time constant in seconds."""

    variables: ClassVar[tuple[str, ...]] = ("u",)
    potentials: ClassVar[Mapping[str, str]] = MappingProxyType({"potential": "u"})

    def validate(self) -> None:
        """Refuse a time constant that is not positive."""
        self.require(self.tau > 0, "tau", "a time constant above 0 s")

    def time_constants(self) -> dict[str, float]:
        """Return τ."""
        return {"tau": self.tau}

    def drift(self, u: Quantity, current: Quantity) -> Quantity:
        """Return du/dt = (I − u) / τ of the potential ``u`` under the summed ``current``; both (..., neuron)."""
        return (current - u) / self.tau

    def settled(self, current: Quantity) -> Quantity:
        """Return the potential at which the drift is zero under a constant ``current``: u = I; both (..., neuron)."""
        return current

    @abstractmethod
    def activity(self, u: Quantity) -> Quantity:
        """Return the activity at potential ``u``, both (..., neuron): a value of its own, ≥ 0 unless the neuron is ``signed``."""

    @abstractmethod
    def slope(self, u: Quantity) -> Quantity:
        """Return dr/du, by how much a neuron's activity grows with its own potential ``u``; both (..., neuron).

        Choice: at a kink, where the derivative has no value, 0.
        """
