"""Population and Area: who exists in a circuit."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from bio_fa.description import Description
from bio_fa.neurons import LeakyRate, Neuron, RateNeuron, SpikeSource, SpikingNeuron
from bio_fa.ops import Quantity

EXCITATORY: Literal[1] = 1
INHIBITORY: Literal[-1] = -1
UNSIGNED = None
"""The sign of a population that does not obey Dale's law: for unconstrained baselines only."""

TONIC = "tonic"
"""The constant unit drive that every circuit has: a plastic projection from it is a neuron's intrinsic excitability."""


def require_name(described: Description) -> None:
    """Refuse a name that cannot be the name of a file's dataset."""
    name: str = described.name  # type: ignore[attr-defined]
    legal = re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,63}", name) and name != TONIC
    described.require(bool(legal), "name", f"letters, digits and '_', a letter first, at most 64, and not {TONIC!r}")


@dataclass(frozen=True)
class Apical(Description):
    """The compartment that feels feedback: it adds γ (a − a₀) to the neuron's current.

    a is the apical current and a₀ its value at the end of the phase ``balanced_in``, or its mean over that phase's window,
    which slow inhibition has learned to cancel, so that the soma feels only changes. Without such a phase a₀ = 0. Where
    rates drive it, currents are linear in them, so that a − a₀ = Σ s w (r − r₀).

    Choice: perfect balance instead of a learned one; Sacramento et al. (2018) give a mechanism.
    """

    gain: float = 1.0
    """γ, the coupling of the apical compartment to the soma, ≥ 0."""
    balanced_in: str | None = None
    """The phase in which inhibition balances the compartment; None: it is never balanced."""

    def validate(self) -> None:
        """Refuse a negative coupling."""
        self.require(self.gain >= 0, "gain", "a coupling of at least 0")

    def feedback(self, change: Quantity) -> Quantity:
        """Return γ (a − a₀), what the compartment adds to the neuron's current, for the apical change; (trial, neuron)."""
        return self.gain * change


@dataclass(frozen=True)
class Population(Description):
    """``size`` neurons of one model and one sign."""

    name: str
    size: int
    sign: Literal[1, -1] | None = EXCITATORY
    """+1 excitatory, −1 inhibitory, None unsigned (not Dalean)."""
    neuron: Neuron = field(default_factory=LeakyRate)
    apical: Apical | None = None

    def validate(self) -> None:
        """Refuse an illegal name, an empty population, neurons without equations, and signed activity under Dale's law."""
        require_name(self)
        self.require(self.size >= 1, "size", "at least 1 neuron")
        known = isinstance(self.neuron, RateNeuron | SpikingNeuron | SpikeSource)
        self.require(known, "neuron", "rate neurons, spiking neurons or a source of spikes")
        lawful = self.sign is UNSIGNED or not self.neuron.signed
        self.require(lawful, "neuron", f"neurons whose activity is never negative, as sign = {self.sign} asks for, or sign = None")

    @property
    def spiking(self) -> bool:
        """Whether its neurons signal by spikes: spiking neurons, or a source of spikes."""
        return isinstance(self.neuron, SpikingNeuron | SpikeSource)

    @property
    def potentials(self) -> dict[str, str]:
        """Which of its state variables are potentials, by name; an ``apical_potential`` only where feedback can move it."""
        moved = self.neuron.potentials.items()
        return {name: symbol for name, symbol in moved if name != "apical_potential" or self.apical is not None}


@dataclass(frozen=True)
class Area(Description):
    """One stage of a circuit: its forward populations and its feedback populations, all distinct neurons."""

    name: str
    forward: tuple[Population, ...]
    feedback: tuple[Population, ...] = ()

    def validate(self) -> None:
        """Refuse an illegal name or an area without forward populations."""
        require_name(self)
        self.require(len(self.forward) > 0, "forward", "at least one population")

    @property
    def populations(self) -> tuple[Population, ...]:
        """All populations of the area, forward first."""
        return self.forward + self.feedback

    def map(self, change: Callable[[Population], Population]) -> Area:
        """Return the area with each population replaced by what ``change`` returns for it."""
        forward, feedback = (tuple(change(each) for each in group) for group in (self.forward, self.feedback))
        return Area(self.name, forward, feedback)
