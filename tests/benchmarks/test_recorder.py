"""Aimed at a benchmark that stopped running, and at a record whose memory grows with the length of a run."""

import re
import subprocess
import sys

from bio_fa.io import background
from tests.small import environment
from tests.source import ROOT


def test_the_benchmark_runs_and_memory_grows_by_no_more_than_may_wait_for_a_slow_disk(tmp_path):
    """Ten epochs of digits leave a record of more than half as much again."""
    command = [sys.executable, str(ROOT / "benchmarks" / "recorder.py"), "--smoke"]
    said = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True).stdout
    for line in (r"longer by -?[\d.]+", r"everything costs -?[\d.]+ .* of the bare disk", r"100,000 spikes .* in [\d.]+ s"):
        assert re.search(line, said), said
    ((short, long, size),) = re.findall(r"peak memory: (\d+) MB for 1 .*, (\d+) MB for 10, .* (\d+) MB", said)
    waiting = background.ROOM / 1e6
    assert float(size) > 1.5 * waiting, said
    assert float(long) < 1.05 * float(short) + waiting, said
    assert list(tmp_path.iterdir()) == []
