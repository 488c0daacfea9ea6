"""Blocks: trials that wait to be written together, because a file takes a few large blocks faster than many small ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

Phases = Mapping[str, Mapping[str, NDArray[Any]]]
"""Arrays by phase and population."""


@final
@dataclass(frozen=True)
class Block:
    """Trials of one epoch, as ``ActivityWriter.append`` takes them."""

    frames: Phases
    """(time, trial, neuron)."""
    label: NDArray[Any] | None
    """(trial,)."""
    stimulus: NDArray[Any]
    """(trial,)."""
    epoch: int
    spikes: Phases = field(default_factory=dict)
    """(spike, 3) [step, trial, neuron]."""

    @property
    def size(self) -> int:
        """How many bytes frames and spikes take."""
        return sum(array.nbytes for each in (self.frames, self.spikes) for kept in each.values() for array in kept.values())

    def joins(self, other: Block) -> bool:
        """Return whether the trials of another block can be appended with these."""
        return self._form == other._form

    @property
    def _form(self) -> tuple[object, ...]:
        times = {phase: [len(array) for array in kept.values()] for phase, kept in self.frames.items()}
        return self.epoch, self.label is None, times


def joined(blocks: Sequence[Block]) -> Block:
    """Return the trials of blocks that join, one after the other, as one block."""
    if len(blocks) == 1:
        return blocks[0]
    first, starts = blocks[0], np.cumsum([0, *(len(each.stimulus) for each in blocks)])
    frames = {
        phase: {name: np.concatenate([each.frames[phase][name] for each in blocks], axis=1) for name in kept}
        for phase, kept in first.frames.items()
    }
    spikes = {
        phase: {
            name: np.concatenate([each.spikes[phase][name] + [0, start, 0] for each, start in zip(blocks, starts, strict=False)])
            for name in kept
        }
        for phase, kept in first.spikes.items()
    }
    label = None if first.label is None else np.concatenate([each.label for each in blocks])
    return Block(frames, label, np.concatenate([each.stimulus for each in blocks]), first.epoch, spikes)
