"""Make a golden run: ``python -m tests.io.golden.make`` packs ``run-1.0.zip`` beside this file; 1.0 is the version of the format.

One is made for each version, and kept for ever: every later bio_fa has to read it. ``run-1.0.json`` says what was recorded.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from bio_fa.analysis import inspect_run
from bio_fa.io.activity import ActivityReader
from bio_fa.io.hdf5 import VERSION
from bio_fa.io.weights import WeightsReader
from bio_fa.recorder import Record
from bio_fa.running import run
from tests.spiking import RATE_OUTPUT, spiking_circuit, spiking_experiment

PLACE = Path(__file__).parent


def make(folder: Path) -> None:
    """Let a small circuit with spikes learn for an epoch."""
    record, circuit = Record(trials=1, potentials=1), spiking_circuit(others=RATE_OUTPUT)
    run(spiking_experiment(circuit=circuit, epochs=1, snapshots=1, record=record), folder)


def told(folder: Path) -> dict[str, Any]:
    """Return sums of all that a run recorded, as its readers give it."""
    found = inspect_run(folder)
    with ActivityReader(folder / "activity.h5") as activity, ActivityReader(folder / "report_potential.h5") as potential:
        sums: dict[str, Any] = {each.name: float(activity.frames(each.name).sum()) for each in activity.populations}
        sums |= {f"spikes of {name}": [float(each.sum()) for each in activity.spikes(name)] for name in activity.spiking}
        sums |= {f"potential of {each.name}": float(potential.frames(each.name).sum()) for each in potential.populations}
    with WeightsReader(folder / "weights.h5") as weights:
        final = weights.snapshots[-1].name
        sums |= {each.name: float(weights.weights(final, each.name).sum()) for each in weights.synapses}
    return {"metrics": found["metrics"], "audit": found["audit"]["dale_violations"], "sums": sums}


def pack(folder: Path, archive: Path) -> None:
    """Put a run into an archive, and what it recorded beside it."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path in sorted(folder.iterdir()):
            packed.write(path, path.name)
    archive.with_suffix(".json").write_text(json.dumps(told(folder), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        make(Path(place) / "run")
        pack(Path(place) / "run", PLACE / f"run-{VERSION}.zip")
