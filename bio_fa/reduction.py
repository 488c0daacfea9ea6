"""Reduction: a summary of the frames of a phase, which is recorded instead of them."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bio_fa.description import Description

MOST_BINS = 1000
"""Choice: more than anybody draws, and few enough for what a file says of them."""
Frames = NDArray[Any]
"""Activity in a phase, (time, trial, neuron)."""


@dataclass(frozen=True)
class Reduction(Description, abstract=True):
    """A summary of each neuron's activity in a phase."""

    over: Literal["time", "trials"] = "time"
    """Of the time steps of each trial, or of all ``trials`` too that ran side by side, which become one without a label."""

    @property
    def frames(self) -> int:
        """How many frames it makes of a phase."""
        return 1

    @property
    def unit(self) -> str:
        """The unit of what it returns."""
        return "normalised"

    def of(self, frames: Frames) -> Frames:
        """Return the summary, (frame, trial, neuron), of a phase's frames (time, trial, neuron)."""
        trials = 1 if self.over == "trials" else frames.shape[1]
        return self.summary(frames.reshape(-1, trials, frames.shape[2]))

    @abstractmethod
    def summary(self, values: Frames) -> Frames:
        """Return (frame, trial, neuron) of values (value, trial, neuron)."""


@dataclass(frozen=True)
class Mean(Reduction):
    """The average."""

    def summary(self, values: Frames) -> Frames:
        """Return it, (1, trial, neuron)."""
        return np.asarray(values.mean(axis=0, keepdims=True))


@dataclass(frozen=True)
class Total(Reduction):
    """The sum."""

    def summary(self, values: Frames) -> Frames:
        """Return it, (1, trial, neuron)."""
        return np.asarray(values.sum(axis=0, keepdims=True))


@dataclass(frozen=True)
class Last(Reduction):
    """The last value."""

    def validate(self) -> None:
        """Refuse the last of trials that ran side by side: there is none."""
        self.require(self.over == "time", "over", "'time'")

    def summary(self, values: Frames) -> Frames:
        """Return it, (1, trial, neuron)."""
        return values[-1:]


@dataclass(frozen=True)
class Histogram(Reduction):
    """How many values lie in each bin: a frame is a bin.

    Choice: the first and the last bin hold what lies beyond them too, so that every value is counted.
    """

    bins: int = 20
    low: float = 0.0
    high: float = 1.0

    def validate(self) -> None:
        """Refuse bins that nothing could lie in."""
        self.require(1 <= self.bins <= MOST_BINS, "bins", f"1 to {MOST_BINS} bins")
        self.require(self.high > self.low, "high", f"more than low = {self.low}")

    @property
    def frames(self) -> int:
        """One a bin."""
        return self.bins

    @property
    def unit(self) -> str:
        """What is counted."""
        return "values"

    @property
    def edges(self) -> NDArray[np.float64]:
        """The bounds of the bins: (bin + 1,)."""
        return np.linspace(self.low, self.high, self.bins + 1)

    def summary(self, values: Frames) -> Frames:
        """Return the counts, (bin, trial, neuron)."""
        bins = np.clip(np.searchsorted(self.edges, values, side="right") - 1, 0, self.bins - 1)
        return np.stack([np.count_nonzero(bins == each, axis=0) for each in range(self.bins)]).astype(np.float32)
