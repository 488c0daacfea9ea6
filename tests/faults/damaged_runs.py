"""The runs that the faults of this folder strike, and what must hold of a folder in which a run was struck."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import h5py
import numpy as np

from bio_fa import Adaptive, GradientLearning, LocalLearning, Record, chain, record_files
from bio_fa.checkpointing import Checkpointing
from bio_fa.experiment import Experiment
from bio_fa.io.opened_run import open_run
from bio_fa.io.run_folder import RunFolder
from bio_fa.io.segments import ACTIVITY, VARIABLES
from bio_fa.learning import Switch
from bio_fa.running import run
from bio_fa.tasks import Digits
from bio_fa.updates import Noisy
from tests.small import small_experiment
from tests.spiking import RATE_OUTPUT, spiking_circuit, spiking_experiment

SMALL = {"BLOCK": 1 << 12, "SEGMENT": 1 << 14}
"""Bytes of blocks and segments, so that even small records have several of them between checkpoints."""
CLOCKS = ("seconds", "samples_per_second")
OFTEN = Checkpointing(every=2, seconds=0.02)
"""Checkpoints after some epochs, and in between wherever a batch has ended by then."""


def rates() -> Experiment:
    """Return a run of rates that draws random numbers while it learns, switches to the gradient, and records every epoch."""
    learning = LocalLearning(chain(Adaptive(), Noisy(deviation=1e-3)))
    return small_experiment(
        learning=learning,
        switch=Switch(3, GradientLearning(Adaptive())),
        epochs=4,
        snapshots=4,
        record=Record(trials=8, every=1, potentials=2, learning=1, variables=("error", "feedback")),
        checkpoint=OFTEN,
    )


def spikes() -> Experiment:
    """Return a run with spikes, of which all is recorded after every epoch."""
    return spiking_experiment(
        circuit=spiking_circuit(others=RATE_OUTPUT),
        epochs=4,
        snapshots=4,
        record=Record(trials=8, every=1, potentials=2, learning=1),
        checkpoint=OFTEN,
    )


def tiny() -> Experiment:
    """Return a run that is over in an instant, for faults at each of its writes."""
    task = Digits(train_trials=16, test_trials=8)
    record, often = Record(trials=2, every=1, potentials=2, learning=2), Checkpointing(every=1)
    return small_experiment(task=task, epochs=2, batch=8, record=record, liveness=None, checkpoint=often)


RUNS: dict[str, Callable[[], Experiment]] = {"rates": rates, "spikes": spikes, "tiny": tiny}


def go(name: str, folder: str) -> None:
    """Run, or go on with, one of the runs, whose record has small segments."""
    with mock.patch.multiple(record_files, **SMALL):
        run(RUNS[name](), folder, resume=True)


def measured(folder: RunFolder) -> list[dict[str, Any]]:
    """Return the metrics without what a clock measured."""
    return [{key: each for key, each in line.items() if key not in CLOCKS} for line in folder.read_metrics()]


def values(path: Path) -> dict[str, Any]:
    """Return every dataset and attribute of an HDF5 file by its path, without what says when and where the file was made."""
    with h5py.File(path) as file:
        return dict(_values(file))


def _values(item: Any) -> Iterator[tuple[str, Any]]:
    yield from ((f"{item.name}@{key}", item.attrs[key]) for key in item.attrs)
    if isinstance(item, h5py.Dataset):
        yield item.name, item[()]
    else:
        for name in (each for each in item if each != "provenance"):
            yield from _values(item[name])


def same(one: Path, other: Path) -> None:
    """Assert that two finished runs left the same arrays and metrics, to the last bit."""
    assert measured(RunFolder.open(one)) == measured(RunFolder.open(other))
    for name in sorted(each.name for each in other.glob("*.h5")):
        first, second = values(one / name), values(other / name)
        assert first.keys() == second.keys()
        for key in first:
            np.testing.assert_array_equal(first[key], second[key], err_msg=f"{name}: {key}")
    assert {each.name for each in one.iterdir()} == {each.name for each in other.iterdir()}


def opens(struck: Path, whole: Path) -> None:
    """Assert that a struck run can be read, holds no wrong value, and has lost nothing that it had committed."""
    if not (struck / "run.json").exists():
        assert not list(struck.glob("checkpoints/step-*")), "a run that committed something says what it is"
        return
    with open_run(struck) as one, open_run(whole) as other:
        folder = one.folder
        lines, all_lines = (measured(each.folder) if each.folder.metrics.exists() else [] for each in (one, other))
        assert lines == all_lines[: len(lines)]
        for kind in (ACTIVITY, *VARIABLES):
            for trials in ("test", "learning"):
                path, full = (each.record(kind, trials) for each in (folder, other.folder))
                if path.exists():
                    _begins(values(path), values(full))
        if folder.weights.exists():
            found, expected = values(folder.weights), values(whole / "weights.h5")
            assert [key for key in found if not np.array_equal(found[key], expected[key])] == []
        _holds_what_was_committed(folder, len(lines))


def _begins(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """Assert that each array is the beginning of the one expected; a time axis ends where its data do."""
    assert found.keys() == expected.keys()
    for key in found:
        one, other = np.asarray(found[key]), np.asarray(expected[key])
        if key.endswith("mapping/time"):
            one, other = one[::2], other[::2]
        np.testing.assert_array_equal(one, other[: len(one)] if one.ndim else other, err_msg=key)


def _holds_what_was_committed(folder: RunFolder, lines: int) -> None:
    for path in folder.checkpoints.steps():
        table = json.loads((path / "state.json").read_text())
        assert folder.metrics.stat().st_size >= table["metrics"]
        if folder.unfinished:
            folder.segments.verify(table["segments"])
    if folder.recorded and not folder.unfinished and not folder.begun:
        assert lines == 1 + max(line["epoch"] for line in measured(folder))
