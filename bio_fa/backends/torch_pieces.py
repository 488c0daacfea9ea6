"""Pieces: what a population does along a chunk of time steps, stretch by stretch, with the last steps before the chunk."""

from __future__ import annotations

import torch
from torch import Tensor


class Pieces:
    """A sequence of tensors (step, trial, neuron). Steps count from the beginning of the chunk; those before it are negative."""

    def __init__(self, history: Tensor) -> None:
        self._pieces, self._starts, self._end = [history], [-len(history)], 0

    def append(self, piece: Tensor) -> None:
        """Add the next steps."""
        self._pieces.append(piece)
        self._starts.append(self._end)
        self._end += len(piece)

    def span(self, start: int, stop: int) -> Tensor:
        """Return the steps from ``start`` to ``stop``."""
        found: list[Tensor] = []
        for begin, piece in zip(reversed(self._starts), reversed(self._pieces), strict=True):
            if begin < stop and start < begin + len(piece):
                found.append(piece[max(start - begin, 0) : stop - begin])
            if begin <= start:
                break
        return found[0] if len(found) == 1 else torch.cat(found[::-1])

    def roll(self, detach: bool = False) -> None:
        """Begin a new chunk, without gradients into the one before if ``detach``."""
        length = -self._starts[0]
        history = self.span(self._end - length, self._end)
        self.__init__(history.detach() if detach else history.clone())  # type: ignore[misc]
