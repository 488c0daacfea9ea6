"""Transmission: how the activity of a presynaptic neuron becomes current in a postsynaptic one."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from bio_fa.description import Description
from bio_fa.ops import Quantity


@dataclass(frozen=True)
class Transmission(Description, abstract=True):
    """What lies between an axon and a membrane."""


@dataclass(frozen=True)
class Graded(Transmission):
    """The current follows the presynaptic rate without delay: I_i = Σ_j s_j w_ij r_j. For rate neurons only."""


@dataclass(frozen=True)
class SpikeTransmission(Transmission, abstract=True):
    """Each presynaptic spike moves a synaptic variable x, which then decays: τ dx/dt = −x, and x_i ← x_i + w_ij / (τ ν₁).

    The mean of x under firing at rate ν is w ν / ν₁ = w r, so that weights mean what they mean between rate neurons.
    A spike in time step k arrives at the end of step k + delay / dt and is felt from the next step on.

    Source: Gerstner et al. (2014) Neuronal Dynamics, section 3.1.
    """

    tau: float = 5e-3
    """τ in seconds."""
    delay: float = 0.0
    """Seconds from a spike to its arrival, a whole number of time steps."""

    def validate(self) -> None:
        """Refuse a time constant that is not positive, and arrivals before the spike."""
        self.require(self.tau > 0, "tau", "a time constant above 0 s")
        self.require(self.delay >= 0, "delay", "seconds of at least 0")

    def decay(self, x: Quantity) -> Quantity:
        """Return dx/dt = −x / τ between spikes."""
        return -x / self.tau

    def jump(self, unit_rate: float) -> float:
        """Return by how much one spike through a synapse of weight 1 moves x: 1 / (τ ν₁)."""
        return 1 / (self.tau * unit_rate)

    @abstractmethod
    def current(self, x: Quantity, v: Quantity, sign: int) -> Quantity:
        """Return the current of the synaptic variable ``x`` at potential ``v``, both (..., neuron); ``sign`` is ±1."""


@dataclass(frozen=True)
class CurrentSynapse(SpikeTransmission):
    """The synaptic variable is a current: I = s x, whatever the potential.

    Source: Gerstner et al. (2014) Neuronal Dynamics, section 3.1, for the exponential decay.
    Choice: the driving force is taken as constant, so that currents add up as they do in a circuit of rates.
    """

    def current(self, x: Quantity, v: Quantity, sign: int) -> Quantity:
        """Return s x."""
        return sign * x


@dataclass(frozen=True)
class ConductanceSynapse(SpikeTransmission):
    """The synaptic variable is a conductance, which draws the potential to a reversal potential: I = x (E − v) / |E − v₀|.

    E is that of excitation or inhibition, as the sign of the presynaptic neuron says, and v₀ a potential between rest and
    threshold at which the current is s x, that of a ``CurrentSynapse``.

    Source: Gerstner et al. (2014) Neuronal Dynamics, section 3.1.
    Choice: normalised by the driving force at v₀, which keeps weights that were made for currents; v is the potential of
        the soma, in whichever compartment the synapse is.
    """

    excitation: float = 3.5
    """E of excitatory synapses, in the unit of the potential: above threshold."""
    inhibition: float = -0.5
    """E of inhibitory synapses, below v₀."""
    midpoint: float = 0.5
    """v₀."""

    def validate(self) -> None:
        """Refuse reversal potentials on the wrong side."""
        super().validate()
        self.require(self.excitation > self.midpoint, "excitation", f"a potential above midpoint = {self.midpoint}")
        self.require(self.inhibition < self.midpoint, "inhibition", f"a potential below midpoint = {self.midpoint}")

    def current(self, x: Quantity, v: Quantity, sign: int) -> Quantity:
        """Return x (E − v) / |E − v₀|."""
        reversal = self.excitation if sign > 0 else self.inhibition
        return x * (reversal - v) / abs(reversal - self.midpoint)
