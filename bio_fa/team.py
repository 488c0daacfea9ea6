"""Team: the processes that carry out one run together, each of which runs its share of the trials of every batch.

Every process holds the whole circuit and draws what is random for the whole batch. What one process would take from all trials at
once (means, the largest movement, the answers) they work out together, so that their weights stay the same.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeVar, final

import numpy as np

from bio_fa.ops import Quantity
from bio_fa.synapses import Parameters

Key = TypeVar("Key", bound=Hashable)


class Share(ABC):
    """Which trials of a batch this process runs."""

    rows: slice
    """Their places in the batch."""

    @abstractmethod
    def count(self, trials: int) -> int:
        """Return the number of trials of the batch, of which this process runs so many."""

    @abstractmethod
    def means(self, means: dict[Key, Quantity]) -> dict[Key, Quantity]:
        """Return the means over the batch, in arrays that may be written into, for those over this share."""

    @abstractmethod
    def largest(self, values: np.ndarray) -> np.ndarray:
        """Return the largest of all shares, for numbers (value,) of this one."""

    @abstractmethod
    def whole(self, values: np.ndarray) -> np.ndarray:
        """Return what all shares have, (trial, value) in the order of the batch, for the trials of this one."""


@final
class Everything(Share):
    """All trials of the batch."""

    rows = slice(None)

    def count(self, trials: int) -> int:
        """Return the number of trials."""
        return trials

    def means(self, means: dict[Key, Quantity]) -> dict[Key, Quantity]:
        """Return the means."""
        return means

    def largest(self, values: np.ndarray) -> np.ndarray:
        """Return the numbers."""
        return values

    def whole(self, values: np.ndarray) -> np.ndarray:
        """Return the values."""
        return values


EVERYTHING = Everything()


class Team(AbstractContextManager["Team"]):
    """The processes of a run, of which the first one leads: it alone writes. Whoever enters waits for the others."""

    rank: int
    """The number of this process, from 0."""
    size: int
    """How many there are."""

    @abstractmethod
    def share(self, trials: int) -> Share:
        """Return which of the trials of a batch this process runs."""

    @abstractmethod
    def told(self, number: int) -> int:
        """Return the number that the leader has."""

    @abstractmethod
    def require_same(self, parameters: Parameters) -> None:
        """Refuse to go on when another process has other parameters.

        Raises:
            TeamError: in every process.
        """


@final
class Alone(Team):
    """One process."""

    rank, size = 0, 1

    def share(self, trials: int) -> Share:
        """Return all trials."""
        return EVERYTHING

    def told(self, number: int) -> int:
        """Return the number."""
        return number

    def require_same(self, parameters: Parameters) -> None:
        """Refuse nothing."""

    def __exit__(self, *error: object) -> None:
        """Leave nobody."""


ALONE = Alone()


@dataclass(frozen=True)
class Seat:
    """The place of a process in a team."""

    rank: int
    size: int
    local_rank: int
    """Its number on its machine, from 0."""
    local_size: int
    """How many there are on its machine."""
    meeting: str
    """The URL at which the processes find each other: ``file:`` or ``env:``, as torch.distributed has them."""
