"""Spikes at chosen moments: a source that fires when it is told, and neurons that fire when they are told by it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np

from bio_fa import LIF, CurrentSynapse, Population
from bio_fa.neurons import SpikeSource

DT = 1e-3
NEVER = -1.0
"""The activity of a scripted neuron that does not fire."""
AT_ONCE = CurrentSynapse(tau=DT)
"""A synapse whose variable lasts one time step, in which a spike through a weight w moves a LIF's potential by w (θ − v_reset)."""
FORCED = 3.0
"""The weight through which a spike makes any resting LIF fire in the next step."""


@dataclass(frozen=True)
class Scripted(SpikeSource):
    """Every neuron fires once in a phase: in the time step, from 0, that is its activity."""

    def spikes(self, activity: np.ndarray, dt: float, random: np.random.Generator) -> Iterator[np.ndarray]:
        """Yield the spikes of each step."""
        for step in count():
            yield activity == step


def scripted(size: int, name: str = "input") -> Population:
    """Return the input that fires when it is told."""
    return Population(name, size, neuron=Scripted())


def relay(name: str, size: int = 1, **settings: object) -> Population:
    """Return neurons that fire a step after a spike arrives through ``AT_ONCE`` and ``FORCED``, and never by themselves."""
    return Population(name, size, neuron=LIF(**settings))
