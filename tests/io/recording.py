"""Small records for the tests of io."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np

from bio_fa.io.activity import ActivityReader, ActivityWriter, PopulationInfo
from bio_fa.io.weights import SynapseInfo, WeightsReader, WeightsWriter

POPULATIONS = (
    PopulationInfo("input", 4, 1, "V0", "forward", "E"),
    PopulationInfo("I1", 3, -1, "V1", "forward", "I"),
    PopulationInfo("FE1", 5, None, "V1", "feedback", "U"),
)
PHASES = ("free", "nudged")
SYNAPSES = (
    SynapseInfo("input_to_E1", "input", "E1", 1, "basal", True, 0.5),
    SynapseInfo("FE1_to_E1", "FE1", "E1", None, "apical", False, 0.25),
)


def frames(rng, times=(("free", 1), ("nudged", 2)), trials=3, populations=POPULATIONS):
    """Random frames, (time, trial, neuron) for each phase and population."""
    sizes = {info.name: info.size for info in populations}
    return {phase: {name: rng.random((time, trials, size)) for name, size in sizes.items()} for phase, time in times}


def record_activity(path: Path, appends: int = 2, trials: int = 3, seed: int = 0) -> list[dict]:
    """Write an activity file, an epoch an append; return the frames that were appended."""
    rng = np.random.default_rng(seed)
    recorded = [frames(rng, trials=trials) for _ in range(appends)]
    with ActivityWriter(
        path, POPULATIONS, PHASES, frame=0.001, provenance={"config_json": "{}", "seed": "7"}
    ) as writer:
        for epoch, each in enumerate(recorded):
            writer.append(each, np.arange(trials), np.arange(trials) + 10, epoch)
    return recorded


def parameters(rng, dtype=np.float32):
    """Random synapses, some of them absent, for each of SYNAPSES."""
    found = {}
    for info, shape in zip(SYNAPSES, ((2, 4), (2, 5)), strict=True):
        mask = rng.random(shape) < 0.6
        found[info.name] = SimpleNamespace(w=(mask * rng.random(shape)).astype(dtype), mask=mask)
    return found


def record_weights(path: Path) -> None:
    """Write a weights file with one snapshot."""
    held = parameters(np.random.default_rng(0))
    with WeightsWriter(path, SYNAPSES) as writer:
        writer.masks(held)
        writer.snapshot("initial", 0, 0.0, held)


RECORDS = {"activity.h5": record_activity, "weights.h5": record_weights}
READERS = {"activity.h5": ActivityReader, "weights.h5": WeightsReader}
DATASETS = {"activity.h5": "report/I1/data", "weights.h5": "snapshots/initial/input_to_E1"}


def read_everything(path: Path) -> None:
    """Read all that a record holds."""
    with READERS[path.name](path) as reader:
        if isinstance(reader, ActivityReader):
            for info in reader.populations:
                reader.frames(info.name)
        else:
            for info in reader.synapses:
                reader.mask(info.name)
                reader.weights("initial", info.name)


def elsewhere(file: h5py.File, name: str) -> Path:
    """Make a file beside this one that holds the same dataset, and remove it here."""
    other = Path(file.filename).with_name("secret.h5")
    file.flush()
    shutil.copy(file.filename, other)
    del file[name]
    return other
