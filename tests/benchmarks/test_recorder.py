"""Aimed at a benchmark that stopped running, and at a record whose memory grows with the length of a run."""

import re
import subprocess
import sys

from tests.small import environment
from tests.source import ROOT


def test_the_benchmark_runs_and_memory_does_not_grow_with_the_length_of_a_run(tmp_path):
    command = [sys.executable, str(ROOT / "benchmarks" / "recorder.py"), "--smoke"]
    said = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True).stdout
    for line in (r"longer by -?[\d.]+", r"everything costs -?[\d.]+ .* of the bare disk", r"100,000 spikes .* in [\d.]+ s"):
        assert re.search(line, said), said
    (grown,) = re.findall(r"it grows by ([+-][\d.]+)%", said)
    assert float(grown) < 5, said
    assert list(tmp_path.iterdir()) == []
