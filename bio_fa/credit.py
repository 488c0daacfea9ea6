"""Credit: how an error is carried by differences of activity."""

from __future__ import annotations

from dataclasses import dataclass

from bio_fa.description import Description


@dataclass(frozen=True)
class Activity(Description):
    """The activity of one population at the end of one phase: (trial, neuron), ≥ 0."""

    population: str
    phase: str


@dataclass(frozen=True)
class ActivityDifference(Description):
    """The signed error e = r(plus) − r(minus): the only signed quantity among non-negative activities.

    Between phases of one population the difference is in time; between two populations of equal size, in space.

    Source: Lillicrap et al. (2020) Nat. Rev. Neurosci. 21:335–346, the NGRAD hypothesis.
    """

    plus: Activity
    minus: Activity

    @classmethod
    def in_time(cls, population: str, plus: str = "nudged", minus: str = "free") -> ActivityDifference:
        """Return the difference between two phases of one population."""
        return cls(Activity(population, plus), Activity(population, minus))
