"""Credit: what a neuron takes for its error, a difference of activities or, in unconstrained baselines, a signed signal."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bio_fa.description import Description
from bio_fa.ops import Quantity, choose, exp, peak, step, total

Activities = Mapping[str, Mapping[str, Quantity]]
"""(trial, neuron) by phase and population."""
LOWEST = -1e30
"""A potential below all others."""


@dataclass(frozen=True)
class Activity(Description):
    """The activity of one population at the end of one phase: (trial, neuron), ≥ 0."""

    population: str
    phase: str


@dataclass(frozen=True)
class Credit(Description, abstract=True):
    """How the neurons of a projection come to know their error."""

    def readings(self) -> tuple[Activity, ...]:
        """Return the activities that it reads."""
        return ()

    @property
    def phases(self) -> tuple[str, ...]:
        """The names of the phases that it needs."""
        return tuple(each.phase for each in self.readings())


@dataclass(frozen=True)
class ActivityDifference(Credit):
    """The signed error e = r(plus) − r(minus): the only signed quantity among non-negative activities.

    Between phases of one population the difference is in time; between two populations of equal size, in space.

    Source: Lillicrap et al. (2020) Nat. Rev. Neurosci. 21:335–346, the NGRAD hypothesis.
    """

    plus: Activity
    minus: Activity

    def readings(self) -> tuple[Activity, ...]:
        """Return both activities."""
        return self.plus, self.minus

    def of(self, activities: Activities) -> Quantity:
        """Return e = r(plus) − r(minus), (trial, neuron), from the activities by phase and population."""
        plus, minus = (activities[each.phase][each.population] for each in (self.plus, self.minus))
        return plus - minus

    def alike(self, population: str) -> ActivityDifference:
        """Return the difference of another population between the same phases."""
        return self.in_time(population, self.plus.phase, self.minus.phase)

    @classmethod
    def in_time(cls, population: str, plus: str = "nudged", minus: str = "free") -> ActivityDifference:
        """Return the difference between two phases of one population."""
        return cls(Activity(population, plus), Activity(population, minus))


@dataclass(frozen=True)
class SignedError(Credit):
    """The signed error e = φ′(u) ⊙ Σ s w e_source, which feedback synapses carry down from e = target − r of the output.

    No rate can be negative: an unconstrained baseline, in which errors travel beside the activities and do not disturb them.
    It is what ``ActivityDifference`` tends to, divided by γ, as the coupling γ of apical compartments goes to 0.

    Source: Lillicrap et al. (2016) Nat. Commun. 7:13276, feedback alignment; with w the transposed forward weights,
        Rumelhart, Hinton & Williams (1986) Nature 323:533–536.
    """

    sends: Literal["error", "target"] = "error"
    """What feedback synapses from the output carry: its error, or the target alone, as in direct random target projection."""
    phase: str | None = None
    """At whose end potentials and the error of the output are read; None: the only phase of the trial."""

    @property
    def phases(self) -> tuple[str, ...]:
        """The name of the phase, where it is given."""
        return () if self.phase is None else (self.phase,)


@dataclass(frozen=True)
class Broadcast(Credit, abstract=True):
    """e = m · x: a scalar m reaches all neurons alike, how well a disturbed phase went; x is the neuron's own part in it.

    x is the score ξ / σ² of the noise that moved the neuron (``bio_fa.noise``), or 1 where noise moved its synapses instead.
    """

    phase: str = "noisy"
    """The phase whose noise is judged."""

    @property
    def phases(self) -> tuple[str, ...]:
        """The names of the phases that it needs."""
        return (self.phase,)

    def of(self, scalar: Quantity, score: Quantity) -> Quantity:
        """Return e (trial, neuron) for m (trial, 1) and x (trial, neuron)."""
        return scalar * score


@dataclass(frozen=True)
class LossRise(Broadcast):
    """m = −(L(noisy) − L(free)), by how much noise has made the trial better than it is without.

    Source: Werfel, Xie & Seung (2005) Neural Comput. 17:2699–2718; Cauwenberghs (1993) NeurIPS 5:244–251.
    """

    against: str = "free"
    """The phase without noise."""

    @property
    def phases(self) -> tuple[str, ...]:
        """The names of the phases that it needs."""
        return self.phase, self.against

    def scalar(self, noisy: Quantity, free: Quantity) -> Quantity:
        """Return m for the losses of both phases; all (trial, 1)."""
        return free - noisy


@dataclass(frozen=True)
class Reward(Broadcast):
    """m = R − R̄: the reward of the action that was drawn from the output, less its average over the trials before.

    R is what the target holds for the neuron that acts, 1 or 0 in a classification. Of the output, whose activities are the
    probabilities r of acting, x = a − r with a = 1 for the neuron that acts and 0 for others.

    Source: Williams (1992) Mach. Learn. 8:229–256, REINFORCE with reinforcement comparison.
    """

    def scalar(self, reward: Quantity, average: Quantity) -> Quantity:
        """Return m for the reward (trial, 1) and its average, a number."""
        return reward - average

    def reward(self, action: Quantity, target: Quantity) -> Quantity:
        """Return R (trial, 1) for the action and the target, both (trial, output)."""
        return total(action * target)

    def choice(self, action: Quantity, probabilities: Quantity) -> Quantity:
        """Return x = a − r of the output, all (trial, output)."""
        return action - probabilities


@dataclass(frozen=True)
class Lateral(Credit, abstract=True):
    """What lateral inhibition within a population lets through to the synapses of each of its neurons; nothing is fed back.

    A neuron competes by how far its potential is above its own average, to which it adapts.

    How a neuron stands among the others is not known to its synapses: the inhibition that the population shares tells it, as
    in ``DivisiveNormalisation``.
    """

    phase: str = "free"
    """At whose end potentials compete."""

    @property
    def phases(self) -> tuple[str, ...]:
        """The names of the phases that it needs."""
        return (self.phase,)

    @abstractmethod
    def of(self, u: Quantity) -> Quantity:
        """Return e (trial, neuron) for the potentials of the population less their averages, likewise."""


@dataclass(frozen=True)
class SoftCompetition(Lateral):
    """e_i = exp(g v_i) / Σ_k exp(g v_k) with v = u − ū: nearly all for the winner, where the gain g is large.

    Source: Nowlan (1990) NeurIPS 2:574–582, soft competition; Moraitis et al. (2022) Neuromorph. Comput. Eng. 2:044017, in Hebbian
        networks.
    """

    gain: float = 1.0
    """g, per unit of potential."""

    def validate(self) -> None:
        """Refuse a gain that would prefer the weakest."""
        self.require(self.gain > 0, "gain", "a gain above 0")

    def of(self, u: Quantity) -> Quantity:
        """Return e."""
        drive = exp(self.gain * (u - peak(u)))
        return drive / total(drive)


@dataclass(frozen=True)
class RankedCompetition(Lateral):
    """e = 1 for the neuron of the highest potential, −Δ for the k-th highest, 0 for all others.

    Source: Krotov & Hopfield (2019) PNAS 116:7723–7731, eq. 9.
    """

    rank: int = 2
    """k, at least 2."""
    strength: float = 0.4
    """Δ, ≥ 0."""

    def validate(self) -> None:
        """Refuse to weaken the winner, or to strengthen another."""
        self.require(self.rank >= 2, "rank", "a rank of at least 2")
        self.require(self.strength >= 0, "strength", "a strength of at least 0")

    def of(self, u: Quantity) -> Quantity:
        """Return e; neurons of equal potential have one rank."""
        left, ranks = u, []
        for _ in range(self.rank):
            ranks.append(1 - step(peak(left) - left))
            left = choose(ranks[-1], 0 * left + LOWEST, left)
        return ranks[0] - self.strength * ranks[-1]
