"""A small synthetic run: two areas above the input, feedback populations, three snapshots, two recorded epochs.

Its forward weights move towards the transpose of its feedback, its answers are known, and a test may change any piece
of it before it is written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from bio_fa.io.activity import ActivityWriter, PopulationInfo
from bio_fa.io.run_folder import RunFolder
from bio_fa.io.weights import SynapseInfo, WeightsWriter

CLASSES = 5
TRIALS = 60
SIGNS = {"E": 1, "I": -1}
SIZES = {"V0_E": 20, "V1_E": 40, "V1_I": 8, "V1_FE": 30, "V1_FI": 30, "V2_E": CLASSES, "V2_I": 4}
PROJECTIONS = (
    ("V0_E", "V1_E"),
    ("V0_E", "V1_I"),
    ("V1_I", "V1_E"),
    ("V1_E", "V2_E"),
    ("V1_E", "V2_I"),
    ("V2_I", "V2_E"),
    ("V2_E", "V1_FE"),
    ("V2_E", "V1_FI"),
    ("V1_FE", "V1_E"),
    ("V1_FI", "V1_E"),
)
PLASTIC = ("V0_E_to_V1_E", "V1_E_to_V2_E")
PAIR = {
    "area": "V1",
    "forward": "V1_E_to_V2_E",
    "inhibition": [["V2_I_to_V2_E", "V1_E_to_V2_I"]],
    "feedback": [["V1_FE_to_V1_E", "V2_E_to_V1_FE", 1], ["V1_FI_to_V1_E", "V2_E_to_V1_FI", -1]],
}


@dataclass
class SyntheticRun:
    """The pieces of a run before they are written; ``write`` leaves out a file whose piece is empty."""

    path: Path
    scale: int = 1
    table: dict[str, Any] = field(default_factory=dict)
    metrics: list[dict[str, Any]] = field(default_factory=list)
    masks: dict[str, np.ndarray] = field(default_factory=dict)
    snapshots: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)
    epochs: list[dict[str, dict[str, np.ndarray]]] = field(default_factory=list)
    label: np.ndarray = field(default_factory=lambda: np.arange(TRIALS) % CLASSES)
    signed: bool = True
    projections: tuple[tuple[str, str], ...] = PROJECTIONS

    def write(self) -> Path:
        """Write the run folder and return its path."""
        folder = RunFolder.create(self.path)
        folder.write_json(folder.run, self.table)
        folder.write_json(folder.circuit, {"kind": "circuit", "name": "two areas"})
        folder.write_text(folder.config, '[task]\nname = "<synthetic> & small"\n')
        for line in self.metrics:
            folder.append_metrics(line)
        if self.snapshots:
            self._write_weights(folder)
        if self.epochs:
            self._write_activity(folder)
        return self.path

    def _write_weights(self, folder: RunFolder) -> None:
        synapses = [self.synapses(pre, post) for pre, post in self.projections]
        with WeightsWriter(folder.weights, synapses) as writer:
            for epoch, (name, weights) in enumerate(self.snapshots.items()):
                held = {each: SimpleNamespace(w=w, mask=self.masks[each]) for each, w in weights.items()}
                if epoch == 0:
                    writer.masks(held)
                writer.snapshot(name, step=10 * epoch, epoch=float(epoch), parameters=held)

    def synapses(self, pre: str, post: str) -> SynapseInfo:
        """Return what is recorded about a projection."""
        name, sign = f"{pre}_to_{post}", SIGNS[pre[-1]] if self.signed else None
        return SynapseInfo(name, pre, post, sign, "basal", name in PLASTIC, 0.5)

    def _write_activity(self, folder: RunFolder) -> None:
        infos = [
            PopulationInfo(name, n, SIGNS[name[-1]], name[:2], "feedback" if "_F" in name else "forward", name[-1])
            for name, n in self.sizes.items()
        ]
        phases = list(self.epochs[0])
        with ActivityWriter(folder.activity, infos, phases, frame=1e-3) as writer:
            for epoch, frames in enumerate(self.epochs, start=1):
                writer.append(frames, self.label, np.arange(len(self.label)), epoch)

    @property
    def sizes(self) -> dict[str, int]:
        """Neurons per population."""
        return {name: n if name == "V2_E" else n * self.scale for name, n in SIZES.items()}


def synthetic_run(path: Path, scale: int = 1) -> SyntheticRun:
    """Return a finished run whose constraints hold, with populations ``scale`` times as large."""
    run, rng = SyntheticRun(path, scale), np.random.default_rng(3)
    run.table = _table()
    run.metrics = [_line(epoch) for epoch in (1, 2)]
    initial = {}
    for pre, post in PROJECTIONS:
        shape = (run.sizes[post], run.sizes[pre])
        run.masks[f"{pre}_to_{post}"] = mask = rng.random(shape) < 0.5
        initial[f"{pre}_to_{post}"] = np.where(mask, 1 + 0.2 * rng.standard_normal(shape), 0).clip(0)
    for name, share in {"initial": 0.0, "epoch-0001": 0.5, "final": 1.0}.items():
        run.snapshots[name] = _towards_feedback(initial, run.masks, share)
    run.epochs = [_frames(run, rng, epoch) for epoch in (1, 2)]
    return run


def feedback(weights: dict[str, np.ndarray]) -> np.ndarray:
    """Return B = P_E Q_E − P_I Q_I of area V1: (V1_E, V2_E)."""
    excitation = weights["V1_FE_to_V1_E"] @ weights["V2_E_to_V1_FE"]
    return excitation - weights["V1_FI_to_V1_E"] @ weights["V2_E_to_V1_FI"]


def _towards_feedback(
    initial: dict[str, np.ndarray], masks: dict[str, np.ndarray], share: float
) -> dict[str, np.ndarray]:
    moved = {name: w.copy() for name, w in initial.items()}
    target = feedback(initial).T
    name = "V1_E_to_V2_E"
    step = share * 0.2 * (target - target.mean()) / target.std()
    moved[name] = np.where(masks[name], initial[name] + step, 0).clip(0)
    return moved


def _frames(run: SyntheticRun, rng: np.random.Generator, epoch: int) -> dict[str, dict[str, np.ndarray]]:
    """Return activity that prefers labels, (time, trial, neuron); the output answers one trial in ten wrongly."""
    frames = {}
    for phase in ("free", "nudged"):
        frames[phase] = {}
        for name, size in run.sizes.items():
            preferred = rng.integers(CLASSES, size=size)
            tuned = 0.6 * (run.label[:, None] == preferred) + 0.3 * rng.random((len(run.label), size))
            frames[phase][name] = tuned[None].astype(np.float32)
        answered = np.where(np.arange(len(run.label)) % 10 == 3, (run.label + 1) % CLASSES, run.label)
        frames[phase]["V2_E"] = np.eye(CLASSES, dtype=np.float32)[answered][None]
    return frames


def _table() -> dict[str, Any]:
    return {
        "name": "two areas",
        "seed": 3,
        "status": "finished",
        "message": "",
        "learning": "local",
        "model": "cortical_hierarchy",
        "dalean": True,
        "input": "V0_E",
        "output": "V2_E",
        "tonic": "tonic",
        "provenance": {"bio_fa": "0.1.0", "packages": {"numpy": "2.3.5"}},
        "sources": ["LeakyRate: Source: Dayan & Abbott (2001) Theoretical Neuroscience, eq. 7.6."],
        "timing": {"training_seconds": 4.0, "samples_per_second": 1500.0, "total_seconds": 5.0},
        "alignment_pairs": [PAIR],
        "ceilings": dict.fromkeys(SIZES, None) | {"V2_E": 1.0},
    }


def _line(epoch: int) -> dict[str, Any]:
    angle = {"cosine": 0.5, "angle": 60.0, "null_mean": 90.0, "null_sd": 1.0}
    return {
        "epoch": float(epoch),
        "trial": 3000 * epoch,
        "train_loss": 0.5 / epoch,
        "train_error": 0.2 / epoch,
        "test_loss": 0.6 / epoch,
        "test_error": 0.25 / epoch,
        "seconds": 2.0 * epoch,
        "samples_per_second": 1500.0,
        "update_alignment": {name: angle for name in PLASTIC},
    }
