"""Failure aimed at: a process that is killed, at any instant, and takes with it what had been recorded or learned.

A learning, recording run is killed (SIGKILL) at random instants and resumed, again and again; its folder must open after every
kill, and what it leaves in the end must be that of the run that was left alone, to the last bit. ``make faults`` kills more often.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from tests.faults.damaged_runs import go, opens, same
from tests.source import ROOT

KILLS = int(os.environ.get("BIO_FA_KILLS", "6"))
"""Of each run."""


@pytest.fixture(scope="module")
def processes():
    """Processes that begin with everything imported, so that a kill strikes the run and not the imports."""
    context = multiprocessing.get_context("forkserver")
    backends = ("bio_fa.backends.torch_rate", "bio_fa.backends.torch_spiking")
    context.set_forkserver_preload(["tests.faults.damaged_runs", "sklearn.datasets", *backends])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        yield context


@pytest.mark.skipif("forkserver" not in multiprocessing.get_all_start_methods(), reason="this system has no such processes")
@pytest.mark.parametrize("name", ["rates", "spikes"])
def test_a_run_that_is_killed_again_and_again_leaves_what_it_leaves_alone(processes, name, tmp_path):
    whole, struck = tmp_path / "whole", tmp_path / "struck"
    left_alone(processes, name, tmp_path / "first")
    seconds = left_alone(processes, name, whole)
    rng, kills = np.random.default_rng(os.getpid()), 0
    while kills < KILLS:
        killed = strike(processes, name, struck, rng.uniform(0, seconds))
        if killed:
            kills += 1
            opens(struck, whole)
        elif kills < KILLS:
            same(struck, whole)
            shutil.rmtree(struck)
    left_alone(processes, name, struck)
    same(struck, whole)


def left_alone(processes, name: str, folder: Path) -> float:
    """Let a run come to its end; return how many seconds that took."""
    process, started = processes.Process(target=go, args=(name, str(folder))), time.perf_counter()
    process.start()
    process.join(300)
    assert process.exitcode == 0
    return time.perf_counter() - started


def strike(processes, name: str, folder: Path, seconds: float) -> bool:
    """Let a run begin or go on and kill it after some seconds; return whether it was still alive then."""
    process = processes.Process(target=go, args=(name, str(folder)))
    process.start()
    process.join(seconds)
    process.kill()
    process.join()
    assert process.exitcode in (0, -9)
    return bool(process.exitcode)
