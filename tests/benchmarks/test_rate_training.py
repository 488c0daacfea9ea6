"""Aimed at a benchmark that stopped running, or that stopped printing the figures that are quoted from it."""

import re
import subprocess
import sys

from tests.source import ROOT


def test_the_benchmark_runs_and_prints_every_ratio_and_the_import_time():
    command = [sys.executable, "benchmarks/rate_training.py", "--smoke"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for kind in ("flagship", "autograd + Adam", "bare matrix products"):
        assert re.search(rf"{re.escape(kind)}: +[\d,]+ samples/s; flagship / this = \d+\.\d\d", said), said
    assert re.search(r"import bio_fa: \d\.\d{3} s; heavy modules loaded: none", said), said
