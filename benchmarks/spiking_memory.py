"""How much memory does a spiking circuit need to learn from T time steps? Peaks of fresh processes.

    python benchmarks/spiking_memory.py [--hidden 500] [--size 128] [--smoke]

A circuit of 784 inputs (Poisson spikes), 500 hidden LIF neurons and 10 outputs learns from batches of 128 stimuli: locally,
by DendriticError in two phases and by Eligibility integrated over all T steps of one, and by backpropagation through time
(BPTT). Each process reads the highest resident memory of its life (ru_maxrss) before the first trial and after the third;
their difference is what learning needs. Local learning should need as much for T = 1000 as for T = 50, BPTT twenty times.
The C library is told to give freed arrays back at once (MALLOC_MMAP_THRESHOLD_), so that peaks are of what is in use.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys

import numpy as np
from spiking_speed import INPUTS, OUTPUTS, bio_fa, spiking, ways

LENGTHS = (50, 100, 200, 500, 1000)
WAYS = ("two phases", "one phase", "BPTT")


def peak() -> float:
    """Return the highest resident memory of this process so far, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def measure(way: str, steps: int, hidden: int, size: int) -> tuple[float, float]:
    """Return the peak before the first trial and after the third, in MB."""
    rng = np.random.default_rng(0)
    stimulus = (rng.random((size, INPUTS)) * (rng.random((size, INPUTS)) < 0.26)).astype(np.float32)
    target = np.eye(OUTPUTS, dtype=np.float32)[rng.integers(OUTPUTS, size=size)]
    chosen = {name: rest for name, *rest in ways(spiking(True, hidden), steps)}[way]
    trial = bio_fa(*chosen, stimulus, target)
    before = peak()
    for _ in range(3):
        trial()
    return before, peak()


def in_fresh_process(way: str, steps: int, hidden: int, size: int) -> tuple[float, float]:
    """Return the two peaks of a process that does nothing else."""
    command = [sys.executable, __file__, "--way", way, "--steps", str(steps), "--hidden", str(hidden), "--size", str(size)]
    surroundings = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536"}
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env=surroundings).stdout.split()
    return float(answer[-2]), float(answer[-1])


def report(ways_: tuple[str, ...], lengths: tuple[int, ...], hidden: int, size: int) -> None:
    """Print what learning needs, by way and number of steps, and how the peak and what learning needs of it grow."""
    for way in ways_:
        peaks = [in_fresh_process(way, steps, hidden, size) for steps in lengths]
        for steps, (before, after) in zip(lengths, peaks, strict=True):
            needed = f"of which learning needs {after - before:>6.1f} MB"
            print(f"{way:>10}, T = {steps:>4}: peak {after:>6.0f} MB, {needed}", flush=True)
        whole = peaks[-1][1] / peaks[0][1] - 1
        part = (peaks[-1][1] - peaks[-1][0]) / max(peaks[0][1] - peaks[0][0], 0.1) - 1
        grown = f"the peak grows by {whole:+.1%}, what learning needs by {part:+.1%}"
        print(f"{way:>10}: from T = {lengths[0]} to T = {lengths[-1]} {grown}")


def main() -> None:
    """Measure and print; with ``--way``, in this process."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--way", choices=WAYS)
    parser.add_argument("--steps", type=int, default=LENGTHS[0])
    parser.add_argument("--hidden", type=int, default=500)
    parser.add_argument("--size", type=int, default=128, help="of a batch")
    parser.add_argument("--smoke", action="store_true", help="two ways and two lengths, to see that it runs")
    options = parser.parse_args()
    if options.way:
        print(*measure(options.way, options.steps, options.hidden, options.size))
    else:
        report(WAYS[1:] if options.smoke else WAYS, LENGTHS[::4] if options.smoke else LENGTHS, options.hidden, options.size)


if __name__ == "__main__":
    main()
