"""What a spiking neuron is: it fires where its potential exceeds its threshold, resets, and rests while refractory."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from bio_fa.neurons.base import Neuron, NeuronState
from bio_fa.ops import Quantity, relu


@dataclass(frozen=True)
class SpikingNeuron(Neuron, abstract=True):
    """A neuron that signals by spikes. Its activity in a window is ν / ν₁: its firing rate over the rate that counts as 1.

    In every time step its state moves (forward Euler), a spike is emitted where ``excess`` > 0 unless the neuron is
    refractory, what ``reset`` names is set, and its trace x decays and grows by 1 at a spike: dx/dt = −x / τ_x + S(t).
    Refractory time counts from the step of the spike, inclusive; meanwhile the variables in ``held`` do not move.
    """

    refractory: float = 0.0
    """Seconds from the time step of a spike on, that one included, in which the neuron cannot fire: a whole number of steps."""
    unit_rate: float = 100.0
    """ν₁, the firing rate in hertz that counts as activity 1."""
    trace_tau: float = 20e-3
    """τ_x, the time constant in seconds of the trace that plasticity senses."""

    variables: ClassVar[tuple[str, ...]] = ("v",)
    potentials: ClassVar[Mapping[str, str]] = MappingProxyType({"potential": "v"})
    held: ClassVar[tuple[str, ...]] = ("v",)
    """The variables that do not move while the neuron is refractory."""

    def validate(self) -> None:
        """Refuse times and rates below their least."""
        self.require(self.refractory >= 0, "refractory", "seconds of at least 0")
        self.require(self.unit_rate > 0, "unit_rate", "a rate above 0 Hz")
        self.require(self.trace_tau > 0, "trace_tau", "a time constant above 0 s")

    def time_constants(self) -> dict[str, float]:
        """Return τ_x."""
        return {"trace_tau": self.trace_tau}

    @abstractmethod
    def derivatives(self, state: NeuronState, current: Quantity, apical: Quantity = 0.0) -> dict[str, Quantity]:
        """Return d/dt of each variable under the current onto the soma and that of the apical compartment; all (..., neuron)."""

    @abstractmethod
    def excess(self, state: NeuronState) -> Quantity:
        """Return how far the potential lies above the threshold: a spike where it is positive."""

    @abstractmethod
    def reset(self, state: NeuronState) -> dict[str, Quantity]:
        """Return what a spike sets: the new value of each variable that it changes."""

    @abstractmethod
    def initial(self, shape: tuple[int, ...], random: np.random.Generator) -> dict[str, np.ndarray]:
        """Return the state, variable by variable, in which a trial starts."""

    @abstractmethod
    def sensitivity(self, state: NeuronState) -> Quantity:
        """Return ψ ≥ 0, how much a little more potential would change the firing: largest at the threshold."""


@dataclass(frozen=True)
class IntegrateAndFire(SpikingNeuron, abstract=True):
    """A leaky integrator with a threshold: dv/dt = (v_rest − v) / τ + (θ − v_reset) ν₁ I.

    A current I = 1 alone takes the neuron from reset to threshold in 1 / ν₁, so that under strong currents activity ≈ I, as
    in a rate neuron. Potentials may be in volts or normalised. A trial starts at random potentials between reset and threshold.

    Source: Lapicque (1907) J. Physiol. Pathol. Gén. 9:620–635; Gerstner et al. (2014) Neuronal Dynamics, section 1.3.
    Choice: the current is normalised, which keeps weights that were made for rates.
    """

    tau: float = 20e-3
    """τ, the membrane time constant in seconds."""
    rest: float = 0.0
    threshold: float = 1.0
    reset_to: float = 0.0
    carry_over: bool = False
    """Whether a spike subtracts θ − v_reset, so that what exceeded the threshold counts for the next, or sets v to v_reset."""

    def validate(self) -> None:
        """Refuse a time constant that is not positive and a threshold that a reset neuron has already passed."""
        super().validate()
        self.require(self.tau > 0, "tau", "a time constant above 0 s")
        self.require(self.threshold > self.reset_to, "threshold", f"a potential above reset_to = {self.reset_to}")
        self.require(self.threshold > self.rest, "threshold", f"a potential above rest = {self.rest}")

    def time_constants(self) -> dict[str, float]:
        """Return τ and τ_x."""
        return {"tau": self.tau, **super().time_constants()}

    def leak(self, v: Quantity, current: Quantity) -> Quantity:
        """Return dv/dt = (v_rest − v) / τ + (θ − v_reset) ν₁ I."""
        return (self.rest - v) / self.tau + (self.threshold - self.reset_to) * self.unit_rate * current

    def excess(self, state: NeuronState) -> Quantity:
        """Return v − θ."""
        return state["v"] - self.threshold

    def reset(self, state: NeuronState) -> dict[str, Quantity]:
        """Return v_reset, or v − (θ − v_reset) where the neuron carries over."""
        below = state["v"] - (self.threshold - self.reset_to)
        return {"v": below if self.carry_over else 0 * state["v"] + self.reset_to}

    def initial(self, shape: tuple[int, ...], random: np.random.Generator) -> dict[str, np.ndarray]:
        """Return potentials drawn evenly between reset and threshold; other variables start at 0."""
        others = {name: np.zeros(shape) for name in self.variables}
        return {**others, "v": self.reset_to + (self.threshold - self.reset_to) * random.random(shape)}

    def sensitivity(self, state: NeuronState) -> Quantity:
        """Return ψ = [1 − |v − θ| / (θ − v_reset)]₊.

        Source: Bellec et al. (2020) Nat. Commun. 11:3625, the pseudo-derivative, without its factor 0.3.
        """
        return relu(1 - abs(self.excess(state)) / (self.threshold - self.reset_to))
