"""Blocks: trials that wait to be written together, because a file takes a few large blocks faster than many small ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from bio_fa.io.scratch import Scratch

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

    @cached_property
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


def joined(blocks: Sequence[Block], scratch: Scratch) -> Block:
    """Return the trials of blocks that join, one after the other, as one block, which lasts until the next use of ``scratch``."""
    if len(blocks) == 1:
        return blocks[0]
    first, starts = blocks[0], np.cumsum([0, *(len(each.stimulus) for each in blocks)])
    frames = _gathered([each.frames for each in blocks], scratch)
    spikes = {
        phase: {
            name: np.concatenate([each.spikes[phase][name] + [0, start, 0] for each, start in zip(blocks, starts, strict=False)])
            for name in kept
        }
        for phase, kept in first.spikes.items()
    }
    label = None if first.label is None else np.concatenate([each.label for each in blocks])
    return Block(frames, label, np.concatenate([each.stimulus for each in blocks]), first.epoch, spikes)


def _gathered(blocks: Sequence[Phases], scratch: Scratch) -> Phases:
    """Return frames one trial after the other, which lie in memory as they will in the file: trial by trial, phase by phase."""
    gathered: dict[str, dict[str, NDArray[Any]]] = {phase: {} for phase in blocks[0]}
    for name in next(iter(blocks[0].values()), ()):
        parts = {phase: [np.swapaxes(each[phase][name], 0, 1) for each in blocks] for phase in gathered}
        (example, *_), trials = next(iter(parts.values())), sum(len(each) for each in next(iter(parts.values())))
        stops = np.cumsum([each[0].shape[1] for each in parts.values()])
        rows = scratch.array(name, (trials, int(stops[-1]), example.shape[2]), example.dtype)
        for phase, stop in zip(parts, stops, strict=True):
            held = rows[:, stop - parts[phase][0].shape[1] : stop]
            gathered[phase][name] = np.swapaxes(np.concatenate(parts[phase], out=held), 0, 1)
    return gathered
