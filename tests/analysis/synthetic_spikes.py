"""A small synthetic run with spikes and potentials that are known: regular, Poisson and silent neurons in two phases."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from bio_fa.io.activity import ActivityWriter, PopulationInfo
from bio_fa.io.run_folder import RunFolder
from tests.analysis.synthetic_run import SyntheticRun, synthetic_run

STEPS, TRIALS, PERIOD, CHANCE = 200, 6, 10, 0.05
"""Time steps of a phase, 1 ms each; trials; steps between regular spikes; the chance of a Poisson neuron to fire in a step."""
PHASES = ("free", "nudged")
POPULATIONS = (
    PopulationInfo("V0_E", 100, 1, "V0", "forward", "E"),
    PopulationInfo("V1_E", 12, 1, "V1", "forward", "E"),
    PopulationInfo("V1_I", 5, -1, "V1", "forward", "I"),
    PopulationInfo("V2_E", 3, 1, "V2", "forward", "E"),
)
"""Poisson sources; regular neurons, of which neuron n fires from step n on; silent ones; rates."""
SPIKING = ("V0_E", "V1_E", "V1_I")
COST = {"spikes": 480.5, "synaptic_events": 12000.0, "rate": 46.1}


@dataclass
class SpikingRun:
    """The pieces of a run before they are written."""

    run: SyntheticRun
    spikes: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)
    spiking: tuple[str, ...] = SPIKING
    trials: int = TRIALS
    probed: bool = True
    chosen: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """Who of a population is recorded; of others all are."""

    def write(self) -> RunFolder:
        """Write the run folder: both epochs are alike."""
        folder = RunFolder.open(self.run.write())
        neuron = {"kind": "lif", "threshold": 1.0}
        inner = [{"name": name, "neuron": neuron} for name in ("V1_E", "V1_I")]
        outer = [{"name": "V0_E", "neuron": {"kind": "poisson_source"}}, {"name": "V2_E", "neuron": {"kind": "leaky_rate"}}]
        folder.write_json(folder.circuit, {"areas": [{"forward": outer, "feedback": inner}]})
        label = np.arange(TRIALS)[: self.trials]
        infos = [replace(each, neurons=self.chosen.get(each.name)) for each in POPULATIONS]
        with ActivityWriter(folder.activity, infos, PHASES, STEPS * 1e-3, spiking=self.spiking, dt=1e-3) as writer:
            for epoch in (0, 2) if self.trials else ():
                frames = {phase: {info.name: np.full((1, TRIALS, len(info.recorded)), 0.5) for info in infos} for phase in PHASES}
                kept = {phase: self._kept(fired) for phase, fired in self.spikes.items()}
                writer.append(frames, label, label + 20, epoch, kept)
        if self.probed:
            self._write_potentials(folder, label)
        return folder

    def _kept(self, fired: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the spikes of recorded neurons."""
        who = {name: self.chosen.get(name, np.unique(fired[name][:, 2])) for name in self.spiking}
        return {name: fired[name][np.isin(fired[name][:, 2], neurons)] for name, neurons in who.items()}

    def _write_potentials(self, folder: RunFolder, label: np.ndarray) -> None:
        infos = [replace(each, size=min(each.size, 4)) for each in POPULATIONS[1:]]
        with ActivityWriter(folder.potential, infos, PHASES, 1e-3, "potential", "unit of the neuron") as writer:
            for epoch in (0, 2):
                writer.append({phase: potentials(phase) for phase in PHASES}, label[:3], label[:3] + 20, epoch)


def potentials(phase: str) -> dict[str, np.ndarray]:
    """Return potentials (time, trial, neuron) that name their own time, trial and neuron."""
    time, trial, neuron = np.indices((STEPS, 3, 4))
    values = (time / STEPS + 10 * trial + neuron / 10 + 100 * PHASES.index(phase)).astype(np.float32)
    return {info.name: values[:, :, : info.size] for info in POPULATIONS[1:]}


def spiking_run(path: Path) -> SpikingRun:
    """Return a finished run with spikes."""
    run, rng = synthetic_run(path), np.random.default_rng(1)
    run.table |= {"spiking": True, "output": "V2_E"}
    for line in run.metrics:
        rates = {"V0_E": 50.0, "V1_E": 100.0, "V1_I": 0.0}
        line["spiking"] = {"test": dict(COST), "learning": {**COST, "spikes": 961.0}, "rates": rates}
    return SpikingRun(run, {phase: _spikes(rng) for phase in PHASES})


def _spikes(rng: np.random.Generator) -> dict[str, np.ndarray]:
    step, trial, neuron = np.indices((STEPS, TRIALS, 12)).reshape(3, -1)
    regular = (step - neuron) % PERIOD == 0
    poisson = np.argwhere(rng.random((STEPS, TRIALS, 100)) < CHANCE)
    return {"V0_E": poisson, "V1_E": np.stack([step, trial, neuron], axis=1)[regular], "V1_I": np.zeros((0, 3), int)}
