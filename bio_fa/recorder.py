"""Record: which activities, spikes and potentials a run keeps, and when. Data only; the run does the writing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bio_fa.circuit import Circuit
from bio_fa.description import Description
from bio_fa.neurons import RateNeuron, SpikingNeuron
from bio_fa.phase import Phase
from bio_fa.population import Population
from bio_fa.protocol import Protocol

SETTLED_FRAME = 0.1
"""Seconds that the one frame of a settled phase stands for. Choice: about one cortical response to a stimulus."""
POTENTIAL_TRIALS = 3
"""The first so many recorded trials whose potentials are kept. Choice: enough to look at."""
BYTES, SPIKE_BYTES = 4, 16
"""Size of a recorded number, in single precision, and of a spike, in double precision its time and its neuron."""


@dataclass(frozen=True)
class Record(Description):
    """What some populations did in some phases of the first test trials, before and after learning.

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
    stride: int | None = None
    """Time steps of a frame, in phases that have a duration: rates are those at its end, spiking activity its average.

    None: in a circuit of rate neurons every step; in one with spikes one frame a phase, the activity that answer and rules
    read, averaged over the phase's window.
    """
    spikes: bool = True
    """Whether every spike of the recorded populations is kept, where they spike."""
    potentials: int = 0
    """Of each recorded population the first so many neurons whose potential is kept, at every time step of the first 3 trials."""

    def validate(self) -> None:
        """Refuse counts below their least."""
        self.require(self.trials >= 0, "trials", "at least 0 trials")
        self.require(self.every is None or self.every >= 1, "every", "at least 1 epoch, or nothing")
        self.require(self.stride is None or self.stride >= 1, "stride", "at least 1 step, or nothing")
        self.require(self.potentials >= 0, "potentials", "at least 0 neurons")

    def check(self, circuit: Circuit, protocol: Protocol) -> None:
        """Refuse populations and phases that do not exist, and frames that do not fit their phases.

        Raises:
            DescriptionError: for an unknown name, phases of which only some settle, a stride past a phase or, in a circuit with
                spikes, one that leaves a rest of a phase in no frame, and for potentials of nobody.
        """
        for name in self.populations:
            circuit.population(name, "Record")
        for name in self.phases:
            protocol.phase(name, "Record")
        taken = self.phase_list(protocol)
        lasting = [protocol.steps(phase.duration) for phase in taken if phase.duration is not None]
        self.require(len(lasting) in (0, len(taken)), "phases", "phases that all settle, or that all have a duration")
        if lasting:
            self._check_stride(lasting, circuit)
        missing = self.potentials > 0 and not self.potential_list(circuit, protocol)
        self.require(not missing, "potentials", "0: every recorded population is clamped in some phase")

    def _check_stride(self, lasting: Sequence[int], circuit: Circuit) -> None:
        common, stride = math.gcd(*lasting), self.stride or 1
        self.require(stride <= min(lasting), "stride", f"at most the {min(lasting)} time steps of the shortest phase")
        if circuit.spiking:
            fits = common % stride == 0 and (self.stride is not None or len(set(lasting)) == 1)
            self.require(fits, "stride", f"time steps that divide every phase of a circuit with spikes, such as {common}")

    def population_list(self, circuit: Circuit) -> tuple[Population, ...]:
        """Return the recorded populations, in the circuit's order."""
        return tuple(each for each in circuit.populations if not self.populations or each.name in self.populations)

    def spiking_list(self, circuit: Circuit) -> tuple[Population, ...]:
        """Return the populations whose spikes are recorded."""
        return tuple(each for each in self.population_list(circuit) if each.spiking and self.spikes)

    def potential_list(self, circuit: Circuit, protocol: Protocol) -> tuple[Population, ...]:
        """Return the recorded populations whose neurons have a potential in every phase: those that no phase clamps."""
        clamped = {name for phase in protocol.phases for name in phase.clamp}
        free = [each for each in self.population_list(circuit) if each.name not in clamped]
        return tuple(each for each in free if isinstance(each.neuron, RateNeuron | SpikingNeuron)) if self.potentials else ()

    def phase_names(self, protocol: Protocol) -> tuple[str, ...]:
        """Return the recorded phases, in the protocol's order."""
        return tuple(each.name for each in protocol.phases if not self.phases or each.name in self.phases)

    def phase_list(self, protocol: Protocol) -> tuple[Phase, ...]:
        """Return the recorded phases, in the protocol's order."""
        return tuple(protocol.phase(name) for name in self.phase_names(protocol))

    def frame_steps(self, circuit: Circuit, protocol: Protocol, phase: Phase) -> int:
        """Return the time steps of a frame of a phase; 1 where it settles."""
        if phase.duration is None:
            return 1
        return self.stride or (protocol.steps(phase.duration) if circuit.spiking else 1)

    def frame(self, circuit: Circuit, protocol: Protocol) -> float:
        """Return the seconds from one recorded frame to the next."""
        phase = self.phase_list(protocol)[0]
        return SETTLED_FRAME if phase.duration is None else protocol.dt * self.frame_steps(circuit, protocol, phase)

    def windowed(self, circuit: Circuit) -> bool:
        """Return whether the one frame of a phase is the activity that answer and rules read."""
        return circuit.spiking and self.stride is None

    def due(self, epoch: int, epochs: int) -> bool:
        """Return whether the record is taken after this many of all epochs."""
        return self.trials > 0 and (epoch in (0, epochs) or (self.every is not None and epoch % self.every == 0))

    def bytes(self, circuit: Circuit, protocol: Protocol, epochs: int, trials: int) -> int:
        """Return the size of the whole record, when the task has ``trials`` test trials.

        The sizes of frames and potentials are exact. That of spikes is an estimate, for neurons that all fire at their ν₁, the
        rate that counts as activity 1; more than 1 / dt no neuron can. A disk that more spikes would fill refuses them then.
        """
        times = sum(self.due(epoch, epochs) for epoch in range(epochs + 1))
        taken = min(self.trials, trials)
        frames = taken * BYTES * self._frames(circuit, protocol) + taken * SPIKE_BYTES * self._spikes(circuit, protocol)
        potentials = min(POTENTIAL_TRIALS, taken) * BYTES * self._potentials(circuit, protocol)
        return times * (frames + potentials)

    def _frames(self, circuit: Circuit, protocol: Protocol) -> int:
        """Return the numbers that the frames of a trial hold."""
        phases = [(each, protocol.steps(each.duration) or 1) for each in self.phase_list(protocol)]
        frames = sum(steps // self.frame_steps(circuit, protocol, phase) for phase, steps in phases)
        return frames * sum(population.size for population in self.population_list(circuit))

    def _spikes(self, circuit: Circuit, protocol: Protocol) -> int:
        """Return the spikes of a trial in which every neuron fires at its ν₁."""
        seconds = sum(phase.duration or 0.0 for phase in self.phase_list(protocol))
        neurons = [(each.size, each.neuron) for each in self.spiking_list(circuit)]
        rate = sum(size * min(neuron.unit_rate, 1 / protocol.dt) for size, neuron in neurons)  # type: ignore[attr-defined]
        return math.ceil(rate * seconds)

    def _potentials(self, circuit: Circuit, protocol: Protocol) -> int:
        """Return the numbers that the potentials of a trial hold."""
        steps = sum(protocol.steps(each.duration) or 1 for each in self.phase_list(protocol))
        return steps * sum(min(each.size, self.potentials) for each in self.potential_list(circuit, protocol))

    def stack(self, frames: Sequence[Mapping[str, np.ndarray]], circuit: Circuit) -> dict[str, np.ndarray]:
        """Return recorded frames as (time, trial, neuron) by population."""
        return {each.name: np.stack([frame[each.name] for frame in frames]) for each in self.population_list(circuit)}
