"""Credit: how an error is carried by differences of activity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bio_fa.description import Description
from bio_fa.ops import Quantity


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

    def of(self, activities: Mapping[str, Mapping[str, Quantity]]) -> Quantity:
        """Return e = r(plus) − r(minus), (trial, neuron), from the activities by phase and population."""
        plus, minus = (activities[each.phase][each.population] for each in (self.plus, self.minus))
        return plus - minus

    @classmethod
    def in_time(cls, population: str, plus: str = "nudged", minus: str = "free") -> ActivityDifference:
        """Return the difference between two phases of one population."""
        return cls(Activity(population, plus), Activity(population, minus))
