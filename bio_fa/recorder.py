"""Record: which activities a run keeps, and when. Data only; the run does the writing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bio_fa.circuit import Circuit
from bio_fa.description import Description
from bio_fa.population import Population
from bio_fa.protocol import Phase, Protocol

SETTLED_FRAME = 0.1
"""Seconds that the one frame of a settled phase stands for. Choice: about one cortical response to a stimulus."""
BYTES = 4
"""Size of a recorded number: single precision."""


@dataclass(frozen=True)
class Record(Description):
    """The activity of some populations in some phases, for the first test trials, before and after learning.

    Test trials run every phase of the protocol, as learning trials do, but do not learn.
    """

    populations: tuple[str, ...] = ()
    """Names; empty: all."""
    phases: tuple[str, ...] = ()
    """Names; empty: all."""
    trials: int = 200
    """The first so many test trials; 0: nothing is recorded."""
    every: int | None = None
    """Record after every so many epochs too; None: only before the first and after the last."""
    stride: int = 1
    """Keep every so-manieth time step of phases that have a duration."""

    def validate(self) -> None:
        """Refuse counts below their least."""
        self.require(self.trials >= 0, "trials", "at least 0 trials")
        self.require(self.every is None or self.every >= 1, "every", "at least 1 epoch, or nothing")
        self.require(self.stride >= 1, "stride", "at least 1 step")

    def check(self, circuit: Circuit, protocol: Protocol) -> None:
        """Refuse populations and phases that do not exist, phases whose frames differ in length, and a stride past a phase."""
        for name in self.populations:
            circuit.population(name, "Record")
        for name in self.phases:
            protocol.phase(name, "Record")
        taken = [protocol.phase(name) for name in self.phase_names(protocol)]
        lengths = {self.frame(protocol, phase) for phase in taken}
        self.require(len(lengths) == 1, "phases", "phases that all settle, or that all have a duration")
        steps = min((protocol.steps(phase) for phase in taken if phase.duration is not None), default=self.stride)
        self.require(self.stride <= steps, "stride", f"at most the {steps} time steps of the shortest phase")

    def population_list(self, circuit: Circuit) -> tuple[Population, ...]:
        """Return the recorded populations, in the circuit's order."""
        return tuple(each for each in circuit.populations if not self.populations or each.name in self.populations)

    def phase_names(self, protocol: Protocol) -> tuple[str, ...]:
        """Return the recorded phases, in the protocol's order."""
        return tuple(each.name for each in protocol.phases if not self.phases or each.name in self.phases)

    def frame(self, protocol: Protocol, phase: Phase) -> float:
        """Return the seconds from one frame of a phase to the next."""
        return SETTLED_FRAME if phase.duration is None else protocol.dt * self.stride

    def due(self, epoch: int, epochs: int) -> bool:
        """Return whether the record is taken after this many of all epochs."""
        return self.trials > 0 and (epoch in (0, epochs) or (self.every is not None and epoch % self.every == 0))

    def bytes(self, circuit: Circuit, protocol: Protocol, epochs: int, trials: int) -> int:
        """Return the size of the whole record, when the task has ``trials`` test trials."""
        times = sum(self.due(epoch, epochs) for epoch in range(epochs + 1))
        phases = [protocol.phase(name) for name in self.phase_names(protocol)]
        frames = sum(1 if phase.duration is None else protocol.steps(phase) // self.stride for phase in phases)
        neurons = sum(population.size for population in self.population_list(circuit))
        return times * min(self.trials, trials) * frames * neurons * BYTES

    def stack(self, frames: Sequence[Mapping[str, np.ndarray]], circuit: Circuit) -> dict[str, np.ndarray]:
        """Return recorded frames as (time, trial, neuron) by population."""
        return {each.name: np.stack([frame[each.name] for frame in frames]) for each in self.population_list(circuit)}
