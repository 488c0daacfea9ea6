"""How much memory does a spiking circuit need to learn from T time steps? Peaks of fresh processes.

    python benchmarks/spiking_memory.py [--smoke]

A circuit of 784 inputs (Poisson spikes), 500 hidden LIF neurons and 10 outputs learns from batches of 128 stimuli: locally,
by DendriticError in two phases and by Eligibility integrated over all T steps of one, and by backpropagation through time
(BPTT). Each process reads the highest resident memory of its life (ru_maxrss) before the first trial and after the third;
their difference is what learning needs. Local learning should need as much for T = 1000 as for T = 50, BPTT twenty times.
"""

from __future__ import annotations

import argparse
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


def in_fresh_process(way: str, steps: int, smoke: bool) -> tuple[float, float]:
    """Return the two peaks of a process that does nothing else."""
    command = [sys.executable, __file__, "--way", way, "--steps", str(steps), *(["--smoke"] if smoke else [])]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(answer[-2]), float(answer[-1])


def report(lengths: tuple[int, ...], smoke: bool) -> None:
    """Print what learning needs, by way and number of steps, and how it grows."""
    for way in WAYS:
        needed = []
        for steps in lengths:
            before, after = in_fresh_process(way, steps, smoke)
            needed.append(after - before)
            print(f"{way:>12}, T = {steps:>5}: {after - before:>8.1f} MB above {before:.0f} MB", flush=True)
        grows = needed[-1] / max(needed[0], 1e-9) - 1
        print(f"{way:>12}: {grows:+.1%} from T = {lengths[0]} to T = {lengths[-1]}")


def main() -> None:
    """Measure and print; with ``--way``, in this process."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--way", choices=WAYS)
    parser.add_argument("--steps", type=int, default=LENGTHS[0])
    parser.add_argument("--smoke", action="store_true", help="a small circuit and few steps, to see that it runs")
    options = parser.parse_args()
    hidden, size = (20, 8) if options.smoke else (500, 128)
    if options.way:
        print(*measure(options.way, options.steps, hidden, size))
    else:
        report((4, 8) if options.smoke else LENGTHS, options.smoke)


if __name__ == "__main__":
    main()
