"""RunningMean and RunningVariance: a neuron's tonic synapses learn the first two moments of its current."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from bio_fa.ops import Quantity
from bio_fa.plasticity.base import Plasticity, Postsynaptic, Presynaptic, Product


@dataclass(frozen=True)
class RunningMoment(Plasticity, abstract=True):
    """A running average over the last trials (batches), as it is: no update scales its steps."""

    running: ClassVar[bool] = True

    horizon: int = 100
    """H, the number of trials (batches) over which the average reaches back."""

    def validate(self) -> None:
        """Refuse an average over nothing."""
        self.require(self.horizon >= 1, "horizon", "at least 1 trial")


@dataclass(frozen=True)
class RunningMean(RunningMoment):
    """Δθ_i = −(I_i + θ_i) / H: on the tonic drive, so that the threshold subtracts the mean current, θ = −Ī.

    Source: Ioffe & Szegedy (2015) ICML, the mean that is used in evaluation, here in learning as well.
    """

    def factors(self, pre: Presynaptic, post: Postsynaptic, w: Quantity) -> Iterator[Product]:
        """Yield −(I + θ) / H · r_j · 1, where r_j is 1 from the tonic drive."""
        yield -post.deviation / self.horizon, pre.activity, 1


@dataclass(frozen=True)
class RunningVariance(RunningMoment):
    """Δv_i = ((I_i + θ_i)² − v_i) / H: on the tonic synapse that divides the current by √(v + ε).

    Source: Ioffe & Szegedy (2015) ICML, the variance that is used in evaluation, here in learning as well.
    """

    def factors(self, pre: Presynaptic, post: Postsynaptic, w: Quantity) -> Iterator[Product]:
        """Yield (I + θ)² / H · r_j · 1 and −1 / H · r_j · v, where r_j is 1 from the tonic drive."""
        yield post.deviation**2 / self.horizon, pre.activity, 1
        yield -1 / self.horizon, pre.activity, w
