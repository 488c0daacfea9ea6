"""What does a record cost? Time beside training, memory, and the speed of spikes, in runs that differ in nothing else.

    python benchmarks/recorder.py [--trials 60000] [--rounds 3] [--smoke]

* *Time*: the flagship of experiments/mnist_hierarchy.toml learns one epoch of MNIST (of digits, where MNIST is not there),
  without a record, with the record of the defaults, and with the whole activity of every trial that it learns from. The three
  take turns; the seconds by which a run is longer are compared with those of training, and with those in which the same bytes,
  in blocks of a batch, are written to one bare file and synchronised with the disk.
* *Memory*: the highest resident memory (ru_maxrss) of fresh processes that record everything for 1 and for 10 epochs.
* *Spikes*: 10 million (10,000 neurons, 5 Hz, 200 s, dt 0.1 ms) are written into ``activity.h5``.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from spiking_memory import peak

from bio_fa import Experiment, load, run
from bio_fa.errors import DataError
from bio_fa.io.activity import ActivityWriter
from bio_fa.io.nodes import PopulationInfo

CONFIG = Path(__file__).resolve().parents[1] / "experiments" / "mnist_hierarchy.toml"
RECORDS = {"none": ["record.trials=0"], "default": [], "everything": ["record.learning=1"]}
"""What differs between the runs."""
NEURONS, RATE, SECONDS, STEP, APPENDS = 10_000, 5.0, 200.0, 1e-4, 20


def flagship(trials: int, epochs: int, overrides: Sequence[str]) -> Experiment:
    """Return the flagship that learns from so many images of MNIST or, where that is not there, of digits."""
    changes = [f"training.epochs={epochs}", "training.snapshots=0", *overrides]
    try:
        return load(CONFIG, [f"task.train_trials={trials}", "task.test_trials=1000", *changes])[1]
    except DataError as error:
        print(f"digits instead of MNIST: {error}")
        return load(CONFIG, ["task.kind=digits", *changes])[1]


def seconds_of_run(experiment: Experiment) -> tuple[float, int]:
    """Return how long a run takes, and how many bytes of activity it leaves."""
    with tempfile.TemporaryDirectory(dir=".") as folder:
        started = time.perf_counter()
        run(experiment, Path(folder) / "run")
        taken = time.perf_counter() - started
        return taken, sum(each.stat().st_size for each in Path(folder).glob("run/*activity.h5"))


def seconds_of_write(size: int, block: int) -> float:
    """Return how long the disk takes for so many bytes in blocks."""
    data = np.random.default_rng(0).bytes(block)
    with tempfile.NamedTemporaryFile(dir=".") as file:
        started = time.perf_counter()
        for _ in range(max(size // block, 1)):
            file.write(data)
        file.flush()
        os.fsync(file.fileno())
        return time.perf_counter() - started


def compare(trials: int, rounds: int) -> None:
    """Print what records cost."""
    experiments = {name: flagship(trials, 1, overrides) for name, overrides in RECORDS.items()}
    taken: dict[str, list[float]] = {name: [] for name in [*RECORDS, "raw"]}
    seconds_of_run(experiments["none"])
    for _ in range(rounds):
        for name, experiment in experiments.items():
            duration, size = seconds_of_run(experiment)
            taken[name].append(duration)
        taken["raw"].append(seconds_of_write(size, block=size // max(len(experiments["none"].dataset().train) // 64, 1)))
    shares = [with_ / without - 1 for with_, without in zip(taken["default"], taken["none"], strict=True)]
    costs = [with_ - without for with_, without in zip(taken["everything"], taken["none"], strict=True)]
    ratios = [cost / raw for cost, raw in zip(costs, taken["raw"], strict=True)]
    print(f"a run without a record: {_spread(taken['none'])} s")
    print(f"the record of the defaults makes it longer by {_spread([100 * each for each in shares])} %")
    print(f"everything, {size / 1e9:.2f} GB, by {_spread(costs)} s; the bare disk takes {_spread(taken['raw'])} s")
    print(f"everything costs {_spread(ratios)} of the bare disk")


def _spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.2f} (of {', '.join(f'{each:.2f}' for each in values)})"


def memory(trials: int) -> None:
    """Print how the peak grows with the length of a run that records everything."""
    (short, _), (long, size) = (_peak_of(trials, epochs) for epochs in (1, 10))
    print(f"peak memory: {short:.0f} MB for 1 epoch of {trials} trials, {long:.0f} MB for 10, whose record takes {size:.0f} MB")
    print(f"it grows by {long / short - 1:+.1%}")


def _peak_of(trials: int, epochs: int) -> tuple[float, float]:
    """Return the peak of a run in a process of its own, and what its record takes, in MB."""
    command = [sys.executable, __file__, "--peak", str(epochs), "--trials", str(trials)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(said[-2]), float(said[-1])


def spikes(count: int) -> None:
    """Print how long so many spikes take."""
    rng, steps = np.random.default_rng(0), round(SECONDS / STEP / APPENDS)
    population = PopulationInfo("E", NEURONS, 1, "V1", "forward", "E")
    each = count // APPENDS
    fired = np.stack([np.sort(rng.integers(steps, size=each)), np.zeros(each, int), rng.integers(NEURONS, size=each)], axis=1)
    frames = np.zeros((1, 1, NEURONS), np.float32)
    with tempfile.TemporaryDirectory(dir=".") as folder:
        started = time.perf_counter()
        path = Path(folder) / "activity.h5"
        with ActivityWriter(path, [population], ["free"], steps * STEP, spiking=["E"], dt=STEP) as writer:
            for trial in range(APPENDS):
                writer.append({"free": {"E": frames}}, None, np.array([trial]), 0, {"free": {"E": fired}})
        print(f"{APPENDS * each:,} spikes are written in {time.perf_counter() - started:.2f} s")


def main() -> None:
    """Measure and print; with ``--peak``, the memory of this process alone."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=60_000, help="learning trials")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peak", type=int, metavar="EPOCHS", help="print the peak memory of one run of so many epochs")
    parser.add_argument("--smoke", action="store_true", help="little of everything, to see that it runs")
    options = parser.parse_args()
    if options.peak:
        _, size = seconds_of_run(flagship(options.trials, options.peak, RECORDS["everything"]))
        print(peak(), size / 1e6)
        return
    compare(600 if options.smoke else options.trials, 1 if options.smoke else options.rounds)
    memory(2_000 if options.smoke else 6_000)
    spikes(100_000 if options.smoke else round(NEURONS * RATE * SECONDS))


if __name__ == "__main__":
    main()
