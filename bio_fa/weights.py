"""Initial weights: magnitudes ≥ 0, except for the unsigned populations of baselines."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from bio_fa.connectivity import Mask
from bio_fa.constraints import Constraint
from bio_fa.description import Description
from bio_fa.errors import DescriptionError


@dataclass(frozen=True)
class Weights(Description, abstract=True):
    """A distribution of initial weights over the existing synapses of a projection."""

    @property
    def signed(self) -> bool:
        """Whether values below 0 can be drawn; only unsigned populations may use such a distribution."""
        return False

    @abstractmethod
    def draw(self, mask: Mask, rng: np.random.Generator) -> np.ndarray:
        """Return weights (post, pre) for ``mask`` (post, pre); absent synapses are set to 0 by the circuit."""


@dataclass(frozen=True)
class Constant(Weights):
    """Every synapse has the same magnitude."""

    magnitude: float = 1.0

    def validate(self) -> None:
        """Refuse a negative magnitude."""
        self.require(self.magnitude >= 0, "magnitude", "a magnitude of at least 0; the sign belongs to the population")

    def draw(self, mask: Mask, rng: np.random.Generator) -> np.ndarray:
        """Return the magnitude everywhere."""
        return np.full(mask.shape, float(self.magnitude))


@dataclass(frozen=True)
class SignedConstant(Weights):
    """Every synapse has the same weight, which may be below 0: for unsigned populations only.

    Choice: neurons whose activity is signed can subtract others, which no sign of a population says.
    """

    weight: float = -1.0

    @property
    def signed(self) -> bool:
        """Whether values below 0 can be drawn: yes."""
        return True

    def draw(self, mask: Mask, rng: np.random.Generator) -> np.ndarray:
        """Return the weight everywhere."""
        return np.full(mask.shape, float(self.weight))


@dataclass(frozen=True)
class Uniform(Weights):
    """Magnitudes uniform in [low, high)."""

    low: float = 0.0
    high: float = 1.0

    def validate(self) -> None:
        """Refuse a negative or an empty range."""
        self.require(self.low >= 0, "low", "a magnitude of at least 0; the sign belongs to the population")
        self.require(self.high >= self.low, "high", f"at least low = {self.low}")

    def draw(self, mask: Mask, rng: np.random.Generator) -> np.ndarray:
        """Return one draw a synapse."""
        return rng.uniform(self.low, self.high, mask.shape)


@dataclass(frozen=True)
class Exponential(Weights):
    """Magnitudes exponentially distributed: many weak synapses and a few strong ones."""

    mean: float = 1.0

    def validate(self) -> None:
        """Refuse a negative mean."""
        self.require(self.mean >= 0, "mean", "a magnitude of at least 0; the sign belongs to the population")

    def draw(self, mask: Mask, rng: np.random.Generator) -> np.ndarray:
        """Return one draw a synapse."""
        return rng.exponential(self.mean, mask.shape)


@dataclass(frozen=True)
class LogNormal(Weights):
    """Magnitudes whose logarithm is normal with standard deviation ``spread``.

    Source: Song et al. (2005) PLoS Biol. 3:e68, fig. 5, for cortical excitatory synapses.
    """

    mean: float = 1.0
    spread: float = 0.9

    def validate(self) -> None:
        """Refuse a mean that is not positive or a negative spread."""
        self.require(self.mean > 0, "mean", "a magnitude above 0; the sign belongs to the population")
        self.require(self.spread >= 0, "spread", "a standard deviation of at least 0")

    def draw(self, mask: Mask, rng: np.random.Generator) -> np.ndarray:
        """Return exp(normal) with the stated mean: E[exp(μ + σ z)] = exp(μ + σ²/2)."""
        return rng.lognormal(np.log(self.mean) - self.spread**2 / 2, self.spread, mask.shape)


@dataclass(frozen=True)
class Narrow(Weights):
    """Magnitudes mean × (1 + spread × z) with z normal, cut off at 0.

    Choice: in a circuit of non-negative weights the spread of the initial magnitudes is noise on top of the sparse
    connectivity, which alone makes neurons differ; a narrow distribution learns best (docs/science.md).
    """

    mean: float = 1.0
    spread: float = 0.2

    def validate(self) -> None:
        """Refuse a negative mean or spread."""
        self.require(self.mean >= 0, "mean", "a magnitude of at least 0; the sign belongs to the population")
        self.require(self.spread >= 0, "spread", "a relative standard deviation of at least 0")

    def draw(self, mask: Mask, rng: np.random.Generator) -> np.ndarray:
        """Return one draw a synapse."""
        return np.maximum(self.mean * (1 + self.spread * rng.standard_normal(mask.shape)), 0)


@dataclass(frozen=True)
class Signed(Weights):
    """Normal weights of either sign with standard deviation gain / √in-degree, for unsigned populations only.

    Source: He et al. (2015) ICCV, eq. 10, where gain = √2 suits rectified units.
    """

    gain: float = 2**0.5

    def validate(self) -> None:
        """Refuse a negative gain."""
        self.require(self.gain >= 0, "gain", "a gain of at least 0")

    @property
    def signed(self) -> bool:
        """Whether values below 0 can be drawn: yes."""
        return True

    def draw(self, mask: Mask, rng: np.random.Generator) -> np.ndarray:
        """Return one draw a synapse, scaled by the number of synapses its neuron receives."""
        in_degree = np.maximum(mask.sum(axis=1, keepdims=True), 1)
        deviation: np.ndarray = self.gain / np.sqrt(in_degree)
        return deviation * rng.standard_normal(mask.shape)


@dataclass(frozen=True)
class Normalised(Weights):
    """Another distribution, scaled so that the magnitudes each neuron receives sum to ``total``.

    Source: Turrigiano & Nelson (2004) Nat. Rev. Neurosci. 5:97–107, synaptic scaling, as an initial condition.
    """

    shape: Weights
    total: float = 1.0

    def validate(self) -> None:
        """Refuse a negative total or a signed distribution."""
        self.require(self.total >= 0, "total", "a summed magnitude of at least 0")
        self.require(not self.shape.signed, "shape", "a distribution of magnitudes of at least 0")

    def draw(self, mask: Mask, rng: np.random.Generator) -> np.ndarray:
        """Return the scaled draws; a neuron without synapses keeps none."""
        w: np.ndarray = self.shape.draw(mask, rng) * mask
        received = w.sum(axis=1, keepdims=True)
        return w * (self.total / np.where(received > 0, received, 1.0))


@dataclass(frozen=True)
class Constrained(Weights):
    """Another distribution, of which constraints hold at the start: for weights that are fixed, and so never constrained again.

    Source: Panjehpour & EsmaielZadeh (2022), after eq. 9: feedback weights are normalised once, before learning.
    """

    shape: Weights
    constraints: tuple[Constraint, ...]
    """What holds of the draws, applied in order."""

    @property
    def signed(self) -> bool:
        """Whether values below 0 can be drawn: if the other distribution can."""
        return self.shape.signed

    def draw(self, mask: Mask, rng: np.random.Generator) -> np.ndarray:
        """Return the draws of the other distribution, constrained; absent synapses count for nothing."""
        w: np.ndarray = self.shape.draw(mask, rng) * mask
        for constraint in self.constraints:
            w = constraint.apply(w, mask)
        return w


@dataclass(frozen=True)
class StartingAs(Weights):
    """The weights with which another projection of the circuit starts, times a factor; both may then learn apart.

    Choice: where a circuit has developed before it learns a task, as in the self-predicting state of Sacramento et al. (2018).
    """

    other: str
    """The name of the projection, of the same shape or, ``transposed``, of the transposed one; its own weights are drawn."""
    factor: float = 1.0
    transposed: bool = False

    @property
    def signed(self) -> bool:
        """Whether values below 0 can be drawn: taken to be so, whatever the other projection draws."""
        return True

    def draw(self, mask: Mask, rng: np.random.Generator) -> np.ndarray:
        """Refuse: only the circuit knows the other projection.

        Raises:
            DescriptionError: always.
        """
        raise DescriptionError(f"StartingAs: the weights of {self.other} are not drawn again; give this projection others.")

    def copied(self, w: np.ndarray, mask: Mask) -> np.ndarray:
        """Return the weights (post, pre) that follow from those of the other projection.

        Raises:
            DescriptionError: where their shapes do not fit.
        """
        own: np.ndarray = self.factor * (w.T if self.transposed else w)
        if own.shape != mask.shape:
            raise DescriptionError(f"StartingAs: {self.other} has weights {own.shape}, but {mask.shape} are needed; name another.")
        return own
