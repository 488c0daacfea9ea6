"""RecordSize: how many bytes a record will take, before anything runs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from bio_fa.circuit import Circuit
from bio_fa.phase import Phase
from bio_fa.population import Population
from bio_fa.protocol import Protocol
from bio_fa.recorder import POTENTIAL_TRIALS, Record

POTENTIAL_BYTES, SPIKE_BYTES, ENTRY_BYTES = 4, 16, 49
"""Size of a potential, in single precision; of a spike, in double precision its time and its neuron; of a phase of a trial, what is
said about it."""


@dataclass(frozen=True)
class RecordSize:
    """The size of what a record keeps of a trial, in bytes.

    The sizes of frames and potentials are exact, but for compression. That of spikes is an estimate, for neurons that all fire at
    their ν₁, the rate that counts as activity 1; more than 1 / dt no neuron can. A disk that more spikes fill refuses them then.
    """

    record: Record
    circuit: Circuit
    protocol: Protocol

    def whole(self, epochs: int, test_trials: int, learning_trials: int, batch: int) -> int:
        """Return the size of the whole record, with so many test trials and learning trials an epoch, in batches."""
        record, taken = self.record, min(self.record.trials, test_trials)
        times = sum(record.due(epoch, epochs) for epoch in range(epochs + 1))
        probed = min(POTENTIAL_TRIALS, taken) * self._potentials()
        sizes = [batch] * (learning_trials // batch) + [learning_trials % batch]
        learned = sum(size for number, size in enumerate(sizes) if record.learned(number))
        return times * (taken * (self._trial() + self._variables()) + probed) + epochs * learned * self._trial()

    def _trial(self) -> int:
        """Return what frames and spikes of a trial take, and what is said of its phases."""
        frames = self._neurons(self.record.population_list(self.circuit)) * sum(map(self._frames, self._phases))
        spikes = SPIKE_BYTES * self._spikes()
        return frames * np.dtype(self.record.precision).itemsize + spikes + ENTRY_BYTES * len(self._phases)

    def _variables(self) -> int:
        """Return what further variables of a trial take."""
        record = self.record
        numbers = sum(
            self._neurons(record.variable_list(each, self.circuit)) * len(record.phase_names(self.protocol, each))
            for each in record.variables
        )
        return numbers * np.dtype(record.precision).itemsize

    @property
    def _phases(self) -> tuple[Phase, ...]:
        return self.record.phase_list(self.protocol)

    def _frames(self, phase: Phase) -> int:
        """Return how many frames are recorded of a phase; of a summary of trials at most so many a trial."""
        if self.record.reduction is not None:
            return self.record.reduction.frames
        return max(self.protocol.steps(phase.duration), 1) // self.record.frame_steps(self.circuit, self.protocol, phase)

    def _neurons(self, populations: Iterable[Population]) -> int:
        chosen = ((each.size, self.record.chosen(each, seed=0)) for each in populations)
        return sum(size if neurons is None else len(neurons) for size, neurons in chosen)

    def _spikes(self) -> int:
        """Return the spikes of a trial in which every neuron fires at its ν₁."""
        seconds = sum(phase.duration or 0.0 for phase in self._phases)
        rate = sum(self._neurons([each]) * self._fastest(each) for each in self.record.spiking_list(self.circuit))
        return math.ceil(rate * seconds)

    def _fastest(self, population: Population) -> float:
        """Return the spikes a second at ν₁ of neurons that can spike once a time step at most."""
        return min(population.neuron.unit_rate, 1 / self.protocol.dt)  # type: ignore[attr-defined, no-any-return]

    def _potentials(self) -> int:
        """Return what the potentials of a trial take."""
        steps = sum(self.protocol.steps(each.duration) or 1 for each in self._phases)
        probed = self.record.potential_list(self.circuit, self.protocol)
        numbers = sum(min(each.size, self.record.potentials) * len(each.potentials) for each in probed)
        return POTENTIAL_BYTES * steps * numbers
