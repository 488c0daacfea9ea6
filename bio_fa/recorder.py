"""Record: which activities, spikes and other variables a run keeps, and when. Data only; the run does the writing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, final

import numpy as np

from bio_fa.circuit import Circuit
from bio_fa.credit import SignedError
from bio_fa.description import Description
from bio_fa.pathways import sensed
from bio_fa.phase import Phase
from bio_fa.population import Population
from bio_fa.protocol import Protocol
from bio_fa.reduction import Histogram, Reduction
from bio_fa.selection import Selection

SETTLED_FRAME = 0.1
"""Seconds that the one frame of a settled phase stands for. Choice: about one cortical response to a stimulus."""
POTENTIAL_TRIALS = 3
"""The first so many recorded trials whose potentials are kept. Choice: enough to look at."""
UNITS = {"feedback": "unit of the current", "error": "normalised", "trace": "spikes"}
"""What can be recorded beside activity, spikes and potentials, and its unit."""


@dataclass(frozen=True)
class Record(Description):
    """What some populations did in some phases of the first test trials, before and after learning, and in trials of learning.

    Test trials run every phase of the protocol, as learning trials do, but do not learn.
    """

    populations: tuple[str, ...] = ()
    """Names; empty: all."""
    phases: tuple[str, ...] = ()
    """Names; empty: all."""
    trials: int = 200
    """The first so many test trials; 0: none is recorded."""
    every: int | None = None
    """Record test trials after every so many epochs too; None: only before the first and after the last."""
    stride: int | None = None
    """Time steps of a frame, in phases that have a duration: rates are those at its end, spiking activity its average.

    None: in a circuit of rate neurons every step; in one with spikes one frame a phase, the activity that answer and rules
    read, averaged over the phase's window.
    """
    spikes: bool = True
    """Whether every spike of the recorded neurons is kept, where they spike."""
    potentials: int = 0
    """Of each recorded population the first so many neurons whose potentials are kept, at every time step of the first 3 trials:
    that of the soma, and that of the apical compartment where it has one of its own."""
    neurons: Selection | None = None
    """Who of each recorded population is recorded; None: all."""
    learning: int | None = None
    """Record every so many'th batch of learning trials too, activity and spikes, as they are before it teaches; None: none."""
    reduction: Reduction | None = None
    """What is recorded instead of each frame of activity; None: every frame."""
    variables: tuple[Literal["feedback", "error", "trace"], ...] = ()
    """What else is recorded of test trials, once a phase, as rules read it: γ (a − a₀), which apical ``feedback`` adds to the
    current; the signed ``error`` of neurons whose synapses learn from one, in the plastic phase; the ``trace`` of spikes that
    some rule senses."""
    precision: Literal["float32", "float16"] = "float32"
    """Of frames; float16 halves the file and keeps 3 digits."""
    compression: Literal["none", "gzip"] = "none"
    """Of the record; gzip makes it smaller and slower, and some readers cannot read it."""

    def validate(self) -> None:
        """Refuse counts below their least, a variable that comes twice, and counts in half precision."""
        self.require(self.trials >= 0, "trials", "at least 0 trials")
        for name, what in (("every", "epoch"), ("stride", "step"), ("learning", "batch")):
            least = getattr(self, name) is None or getattr(self, name) >= 1
            self.require(least, name, f"at least 1 {what}, or nothing")
        self.require(self.potentials >= 0, "potentials", "at least 0 neurons")
        self.require(len(set(self.variables)) == len(self.variables), "variables", "each variable once")
        counts = self.precision == "float16" and isinstance(self.reduction, Histogram)
        self.require(not counts, "precision", "'float32', because float16 rounds counts above 2048")

    def check(self, circuit: Circuit, protocol: Protocol, seed: int = 0) -> None:
        """Refuse populations, neurons and phases that do not exist, and frames that do not fit their phases.

        Raises:
            DescriptionError: for an unknown name or neuron, phases of which only some settle, a stride past a phase or, in a
                circuit with spikes, one that leaves a rest of a phase in no frame, a summary of trials with spikes, phases of
                unequal length where each is one frame, and for potentials or variables of nobody.
        """
        for name in self.populations:
            circuit.population(name, "Record")
        for name in self.phases:
            protocol.phase(name, "Record")
        for population in self.population_list(circuit):
            self.chosen(population, seed)
        self._check_frames(circuit, protocol)
        missing = self.potentials > 0 and not self.potential_list(circuit, protocol)
        self.require(not missing, "potentials", "0: every recorded population is clamped in some phase")
        for variable in self.variables:
            known = bool(self.variable_list(variable, circuit))
            self.require(known, "variables", f"others: no recorded population has {variable!r}")

    def _check_frames(self, circuit: Circuit, protocol: Protocol) -> None:
        taken = self.phase_list(protocol)
        lasting = [protocol.steps(phase.duration) for phase in taken if phase.duration is not None]
        self.require(len(lasting) in (0, len(taken)), "phases", "phases that all settle, or that all have a duration")
        if lasting:
            self._check_stride(lasting, circuit)
        alike = len(set(lasting)) <= 1
        self.require(alike or self.reduction is None, "reduction", "nothing where phases differ in duration, or one of them")
        self.require(alike or not self.variables, "variables", "nothing where phases differ in duration, or one of them")
        frames = self.reduction is None or (self.reduction.frames == 1 and self.reduction.over == "time")
        kept = frames or not self.spiking_list(circuit)
        self.require(kept, "reduction", "spikes = false with it, a summary that stands beside no single spikes")

    def _check_stride(self, lasting: Sequence[int], circuit: Circuit) -> None:
        common, stride = math.gcd(*lasting), self.stride or 1
        self.require(stride <= min(lasting), "stride", f"at most the {min(lasting)} time steps of the shortest phase")
        if circuit.spiking:
            fits = common % stride == 0 and (self.stride is not None or len(set(lasting)) == 1)
            self.require(fits, "stride", f"time steps that divide every phase of a circuit with spikes, such as {common}")

    def population_list(self, circuit: Circuit) -> tuple[Population, ...]:
        """Return the recorded populations, in the circuit's order."""
        return tuple(each for each in circuit.populations if not self.populations or each.name in self.populations)

    def chosen(self, population: Population, seed: int) -> tuple[int, ...] | None:
        """Return the recorded neurons of a population, ascending; None: all. ``seed``: of the run."""
        return None if self.neurons is None else self.neurons.of(population, seed)

    def spiking_list(self, circuit: Circuit) -> tuple[Population, ...]:
        """Return the populations whose spikes are recorded."""
        return tuple(each for each in self.population_list(circuit) if each.spiking and self.spikes)

    def potential_list(self, circuit: Circuit, protocol: Protocol, potential: str = "potential") -> tuple[Population, ...]:
        """Return the recorded populations whose neurons have a potential in every phase: those that no phase clamps."""
        clamped = {name for phase in protocol.phases for name in phase.clamp}
        free = [each for each in self.population_list(circuit) if each.name not in clamped]
        return tuple(each for each in free if potential in each.potentials) if self.potentials else ()

    def potential_names(self, circuit: Circuit, protocol: Protocol) -> tuple[str, ...]:
        """Return the potentials that the recorded populations have, that of the soma first."""
        known = dict.fromkeys(name for each in self.population_list(circuit) for name in each.potentials)
        return tuple(name for name in known if self.potential_list(circuit, protocol, name))

    def variable_list(self, variable: str, circuit: Circuit) -> tuple[Population, ...]:
        """Return the recorded populations that have a variable."""
        traced = sensed(circuit, "pre.trace") | sensed(circuit, "post.trace")
        owners = {"feedback": _felt(circuit), "error": sensed(circuit, "post.error"), "trace": traced}[variable]
        return tuple(each for each in self.population_list(circuit) if each.name in owners)

    def phase_names(self, protocol: Protocol, variable: str = "activity") -> tuple[str, ...]:
        """Return the phases in which a variable is recorded, in the protocol's order."""
        if variable == "error":
            return (protocol.plastic,)
        return tuple(each.name for each in protocol.phases if not self.phases or each.name in self.phases)

    def phase_list(self, protocol: Protocol) -> tuple[Phase, ...]:
        """Return the recorded phases, in the protocol's order."""
        return tuple(protocol.phase(name) for name in self.phase_names(protocol))

    def frame_steps(self, circuit: Circuit, protocol: Protocol, phase: Phase) -> int:
        """Return the time steps of a frame of a phase; 1 where it settles."""
        if phase.duration is None:
            return 1
        return self.stride or (protocol.steps(phase.duration) if self.windowed(circuit) else 1)

    def frame(self, circuit: Circuit, protocol: Protocol) -> float:
        """Return the seconds from one recorded frame of activity to the next."""
        phase = self.phase_list(protocol)[0]
        if self.reduction is not None:
            return self.phase_seconds(protocol) / self.reduction.frames
        return SETTLED_FRAME if phase.duration is None else protocol.dt * self.frame_steps(circuit, protocol, phase)

    def phase_seconds(self, protocol: Protocol) -> float:
        """Return the seconds that a phase stands for, where all recorded phases last equally long."""
        return self.phase_list(protocol)[0].duration or SETTLED_FRAME

    def windowed(self, circuit: Circuit) -> bool:
        """Return whether the one frame of a phase is the activity that answer and rules read."""
        return circuit.spiking and self.stride is None and self.reduction is None

    def due(self, epoch: int, epochs: int) -> bool:
        """Return whether test trials are recorded after this many of all epochs."""
        return self.trials > 0 and (epoch in (0, epochs) or (self.every is not None and epoch % self.every == 0))

    def learned(self, batch: int) -> bool:
        """Return whether a batch of learning trials, counted from 0 in its epoch, is recorded."""
        return self.learning is not None and batch % self.learning == 0

    def kept(self, circuit: Circuit, protocol: Protocol) -> Kept:
        """Return what is kept of every batch of recorded trials."""
        return Kept(
            tuple(each.name for each in self.population_list(circuit)),
            tuple(each.name for each in self.spiking_list(circuit)),
            {each.name: self.frame_steps(circuit, protocol, each) for each in self.phase_list(protocol)},
            self.windowed(circuit),
        )


@final
@dataclass(frozen=True)
class Kept:
    """What is kept of every batch of recorded trials, looked up once because a run may record all that it learns from."""

    populations: tuple[str, ...]
    spiking: tuple[str, ...]
    """Of these, those whose spikes are kept."""
    steps: Mapping[str, int]
    """Time steps of a frame, by recorded phase."""
    windowed: bool
    """Whether the one frame of a phase is the activity that answer and rules read."""

    def stack(self, frames: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """Return frames as (time, trial, neuron) by population; a single one is not copied."""
        if len(frames) == 1:
            return {name: frames[0][name][np.newaxis] for name in self.populations}
        return {name: np.stack([frame[name] for frame in frames]) for name in self.populations}


def _felt(circuit: Circuit) -> set[str]:
    """Return the populations to whose current apical feedback adds something; a signed error travels beside it."""
    told = {each.post for each in circuit.plastic if isinstance(each.error, SignedError)}
    reached = {each.post for each in circuit.projections if each.compartment == "apical"}
    return {each.name for each in circuit.populations if each.apical is not None and each.apical.gain > 0} & reached - told
