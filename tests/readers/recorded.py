"""A small run whose spikes, frames and weights are known: what every reader must read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from bio_fa.io.activity import ActivityWriter, PopulationInfo
from bio_fa.io.run_folder import RunFolder
from tests.analysis.synthetic_run import SIGNS, SIZES, synthetic_run

PHASES, TRIALS, EPOCHS = ("free", "nudged"), 3, (0, 2)
FRAMES, STEPS, DT = 4, 5, 1e-3
"""Frames of a phase, time steps of a frame, seconds of a step."""
SPIKING = {"V1_E": 0.1, "V1_I": 0.3}
"""The chance of a neuron of each population to fire in a step; neuron 0 of each stays silent."""
NOBODY: Mapping[str, tuple[int, ...]] = MappingProxyType({})
CREATED = "2026-03-05T14:00:00+01:00"
POPULATIONS = tuple(
    PopulationInfo(name, size, SIGNS[name[-1]], name[:2], "feedback" if "_F" in name else "forward", name[-1])
    for name, size in SIZES.items()
)
ENTRIES = len(EPOCHS) * TRIALS * len(PHASES)
"""Phases of trials, one after the other."""
SPAN = FRAMES * STEPS * DT
"""Seconds of a phase."""


@dataclass
class Recorded:
    """A run's folder and the truth about it."""

    path: Path
    frames: dict[str, np.ndarray] = field(default_factory=dict)
    """By population: (entry · frame, recorded neuron)."""
    steps: dict[str, np.ndarray] = field(default_factory=dict)
    """By spiking population: the time step of each spike, from the start of the file, in order."""
    neurons: dict[str, np.ndarray] = field(default_factory=dict)
    """By spiking population: who fired."""
    weights: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)
    masks: dict[str, np.ndarray] = field(default_factory=dict)

    def times(self, population: str, neuron: int | None = None) -> np.ndarray:
        """Return when a population, or one of its neurons, fired, in seconds."""
        chosen = slice(None) if neuron is None else self.neurons[population] == neuron
        return self.steps[population][chosen] * DT


def record_run(path: Path, config: str = "", chosen: Mapping[str, tuple[int, ...]] = NOBODY, **options: Any) -> Recorded:
    """Write a finished run: two epochs of trials of two phases, and three snapshots.

    Args:
        path: its folder.
        config: lines of its configuration.
        chosen: who of a population is recorded; of others all are.
        options: of the writer.
    """
    run, rng = synthetic_run(path), np.random.default_rng(11)
    run.epochs, run.table["provenance"]["created"] = [], CREATED
    folder = RunFolder.open(run.write())
    folder.write_json(folder.circuit, circuit())
    folder.write_text(folder.config, f'name = "two areas"\n{config}')
    shown = {name: rng.random((ENTRIES, FRAMES, size), np.float32) for name, size in SIZES.items()}
    fired = {name: rng.random((ENTRIES, FRAMES * STEPS, SIZES[name])) < chance for name, chance in SPIKING.items()}
    for each in fired.values():
        each[..., 0] = False
    infos = [replace(info, neurons=chosen.get(info.name)) for info in POPULATIONS]
    for info in infos:
        shown[info.name] = shown[info.name][..., info.recorded]
        if info.name in fired:
            fired[info.name] &= np.isin(np.arange(info.size), info.recorded)
    with ActivityWriter(folder.activity, infos, PHASES, STEPS * DT, spiking=list(SPIKING), dt=DT, **options) as writer:
        for place, epoch in enumerate(EPOCHS):
            frames = {phase: {name: _at(each, place, phase) for name, each in shown.items()} for phase in PHASES}
            spikes = {phase: {name: np.argwhere(_at(each, place, phase)) for name, each in fired.items()} for phase in PHASES}
            writer.append(frames, np.arange(TRIALS), np.arange(TRIALS) + 20, epoch, spikes)
    found = Recorded(path, {name: each.reshape(-1, each.shape[-1]) for name, each in shown.items()})
    for name, each in fired.items():
        found.steps[name], found.neurons[name] = np.nonzero(each.reshape(-1, each.shape[-1]))
    found.weights, found.masks = run.snapshots, run.masks
    return found


def _at(values: np.ndarray, epoch: int, phase: str) -> np.ndarray:
    """Return what trials of an epoch showed in a phase, (time, trial, neuron), from (entry, time, neuron)."""
    by_trial = values.reshape(len(EPOCHS), TRIALS, len(PHASES), *values.shape[1:])
    return by_trial[epoch, :, PHASES.index(phase)].swapaxes(0, 1)


def circuit() -> dict:
    """Return the circuit's table, as far as exports read it."""
    areas: dict[str, dict] = {}
    for info in POPULATIONS:
        area = areas.setdefault(info.area, {"name": info.area, "forward": [], "feedback": []})
        area[info.role].append({"name": info.name, "size": info.size, "sign": info.sign})
    slow = {"pre": "V1_I", "post": "V1_E", "transmission": {"kind": "current_synapse", "tau": 5e-3, "delay": 2e-3}}
    return {"kind": "circuit", "name": "two areas", "areas": list(areas.values()), "projections": [slow]}
