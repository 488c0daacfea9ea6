"""Aimed at a benchmark that stopped running, or that stopped printing the figures that are quoted from it."""

import re
import subprocess
import sys
from importlib.util import find_spec

from tests.small import environment
from tests.source import ROOT


def test_the_benchmark_runs_and_prints_every_ratio_the_divergence_and_what_it_could_not_measure():
    command = [sys.executable, "benchmarks/spiking_speed.py", "--smoke", "--threads", "1"]
    said = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=True).stdout
    for heading in ("constant current, T = 6", "Poisson spikes, T = 6"):
        assert heading in said
    for kind in ("two phases", "one phase", "BPTT", "snnTorch"):
        found = re.findall(rf" {kind}: +[\d,]+ samples/s; +\d+\.\d\d x snnTorch .*fire in (\d+\.\d)% of steps", said)
        assert len(found) == 2, said
        assert any(float(share) > 0 for share in found), f"nothing fires in {kind}, so that its speed means nothing"
    assert ("SpikingJelly is left out" in said) == (find_spec("spikingjelly") is None)
    assert re.search(r"float32 beside float64: \d+ of [1-9]\d* spikes", said), said
    assert re.search(r"16,000 LIF neurons, 500 steps, batch 16: (not measured, torch finds no GPU|\d+\.\d{3} s)", said), said
