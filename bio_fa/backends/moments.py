"""Moments: what is known of one time step, and its averages over many."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from bio_fa.backends.phases import Activities

KEPT = ("basal", "apical", "feedback", "sensitivity")
"""What a phase leaves beside activities, averaged over the steps of its window."""


class Averages:
    """Running sums over time steps, by kind of quantity and population."""

    def __init__(self) -> None:
        self.steps, self._sums = 0, defaultdict[str, Activities](dict)

    def add(self, **quantities: Activities) -> None:
        """Add what is known of one time step."""
        self.steps += 1
        for kind, values in quantities.items():
            sums = self._sums[kind]
            for name, value in values.items():
                sums[name] = sums[name] + value if name in sums else value

    def means(self, kind: str) -> Activities:
        """Return the means over the steps that were added."""
        return {name: total / self.steps for name, total in self._sums[kind].items()}


@dataclass
class Moment:
    """What is known of one time step."""

    rates: Activities
    """Of rate neurons, clamped ones and the tonic drive, before states move."""
    spikes: Activities
    basal: Activities = field(default_factory=dict)
    current: Activities = field(default_factory=dict)
    """The basal current, and what draws a nudged population to its target."""
    apical: Activities = field(default_factory=dict)
    feedback: Activities = field(default_factory=dict)
    """γ (a − a₀)."""
    sensitivity: Activities = field(default_factory=dict)

    def kept(self) -> dict[str, Activities]:
        """Return what a phase leaves beside activities, as it is in this step."""
        return {kind: getattr(self, kind) for kind in KEPT}
