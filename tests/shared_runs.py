"""Small experiments that several processes share, and what one of these processes does.

    python -m tests.shared_runs RANK SIZE FOLDER

Process 0 leaves in FOLDER what each experiment has learned.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from bio_fa.config import understand
from bio_fa.experiment import Experiment
from bio_fa.team import ALONE, Seat, Team
from bio_fa.training import Training
from tests.small import environment
from tests.source import ROOT

HIERARCHY = {"model": "cortical_hierarchy", "hidden": [12]}
SPIKING = {
    "circuit": {"model": "spiking_hierarchy", "hidden": [12]},
    "protocol": {"dt": 2e-3, "duration": 0.04, "window": 0.02},
    "backend": {"kind": "torch_spiking", "precision": "float64", "threads": 1},
}
COARSE = {"tolerance": 1e-4, "step": 0.5, "max_steps": 100}
"""How a phase relaxes so coarsely that shares would end it after different numbers of steps, if each looked at itself only."""


def by_rule(kind: str, **more: Any) -> dict[str, Any]:
    """Return an experiment with a rule of the literature."""
    return {"rule": {"kind": kind}, "circuit": {"hidden": [12]}, **more}


CASES: dict[str, dict[str, Any]] = {
    "the flagship": {"circuit": HIERARCHY},
    "the flagship by gradient": {"circuit": HIERARCHY, "training": {"learning": "gradient"}},
    "the flagship, then by gradient": {"circuit": HIERARCHY, "training": {"switch_after": 1}},
    "backpropagation": by_rule("backpropagation"),
    "feedback alignment": by_rule("feedback_alignment"),
    "a competition of averaged potentials": by_rule("competitive_readout"),
    "noise of neurons": by_rule("node_perturbation"),
    "noise of synapses": by_rule("weight_perturbation"),
    "a reward, less its average": by_rule("reinforce"),
    "noise alone": by_rule("weight_mirror"),
    "relaxation": {"rule": {"kind": "contrastive_hebbian", "gain": 0.2, "settle": COARSE}, "circuit": {"hidden": [12]}},
    "standardised currents": by_rule("feedback_alignment", standardisation={}),
    "noisy updates": by_rule("feedback_alignment", training={"update": [{"kind": "adaptive"}, {"kind": "noisy"}]}),
    "spikes": SPIKING,
    "spikes by gradient": {**SPIKING, "training": {"learning": "gradient"}},
}
"""What differs from ``COMMON``, by what is special for processes."""
COMMON = {
    "name": "shared",
    "seed": 1,
    "task": {"kind": "digits", "train_trials": 34, "test_trials": 15},
    "training": {"epochs": 2, "batch": 11},
    "backend": {"kind": "torch_rate", "precision": "float64", "threads": 1},
}
"""Of 34 trials in batches of 11 the last has one, which leaves a process without any."""


def experiment(case: dict[str, Any]) -> Experiment:
    """Return an experiment from what is special in it, section by section."""
    sections = {key: {**COMMON[key], **case.get(key, {})} for key in ("task", "training")}
    return understand({**COMMON, **case, **sections}, ROOT).experiment(ROOT)


def learned(case: dict[str, Any], team: Team = ALONE) -> dict[str, np.ndarray]:
    """Return the weights after learning, by projection, and the scores of training and test."""
    described = experiment(case)
    training = Training(described, described.dataset(), team)
    for epoch in range(1, described.epochs + 1):
        *_, score = training.epoch(epoch)
    scores = [[each.trials, each.loss, each.wrong] for each in (score, training.evaluate())]
    return {name: synapses.w for name, synapses in training.parameters().items()} | {"scores": np.array(scores)}


def started(size: int, folder: Path) -> list[subprocess.Popen[str]]:
    """Start so many processes that share all cases."""
    command = [sys.executable, "-m", "tests.shared_runs"]
    words = [[str(rank), str(size), str(folder)] for rank in range(size)]
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True, "env": environment(), "cwd": ROOT}
    return [subprocess.Popen([*command, *each], **pipes) for each in words]  # type: ignore[call-overload]


def main(rank: int, size: int, folder: Path) -> None:
    """Share every case with the other processes."""
    machine = experiment(COMMON | CASES["the flagship"]).backend
    with machine.team(Seat(rank, size, rank, size, f"file://{folder / 'meeting'}"), lambda _: "") as team:
        for name, case in CASES.items():
            found = learned(case, team)
            if rank == 0:
                np.savez(folder / f"{name}.npz", **found)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
