"""Aimed at a benchmark that stopped running, or that compares programs which do not simulate the same."""

import re
import subprocess
import sys

from tests.source import ROOT


def test_the_benchmark_checks_that_spikes_are_the_same_and_prints_the_ratio():
    command = [sys.executable, "benchmarks/brian2_overhead.py", "--smoke"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found = re.search(r"numpy: generated [\d.]+ s, by hand [\d.]+ s; generated / by hand = \d+\.\d\d .*; spikes: (.*)", said)
    assert found, said
    counts = dict(each.split() for each in found[1].split(", "))
    assert set(counts) == {"input", "E", "I"} and all(int(count) > 0 for count in counts.values()), said
