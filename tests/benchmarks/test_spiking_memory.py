"""Aimed at local learning whose memory grows with the number of time steps, and at a benchmark that no longer tells."""

import re
import subprocess
import sys

from tests.small import environment
from tests.source import ROOT


def test_local_learning_needs_as_much_memory_for_1000_steps_as_for_50_but_backpropagation_far_more():
    command = [sys.executable, "benchmarks/spiking_memory.py", "--smoke", "--hidden", "100", "--size", "32"]
    surroundings = {**environment(), "OMP_NUM_THREADS": "1"}
    said = subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True, check=True).stdout
    pattern = r" ([\w ]+): from T = 50 to T = 1000 the peak grows by ([+-][\d.]+)%, what learning needs by [+-][\d.]+%"
    grows = {way.strip(): float(share) for way, share in re.findall(pattern, said)}
    assert grows["one phase"] < 5, said
    assert grows["BPTT"] > 50, said
    assert len(re.findall(r"T = +\d+: peak +\d+ MB, of which learning needs +[\d.]+ MB", said)) == 4, said
