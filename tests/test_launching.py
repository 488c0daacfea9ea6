"""Aims at processes that outlive their run, hang when one of them is gone, write beside their leader, or share what cannot be."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from bio_fa.errors import TeamError
from bio_fa.launching import assembled, seated
from bio_fa.team import ALONE, Seat
from tests.small import (
    CONFIG,
    START,
    cli,
    contents,
    environment,
    one_sentence,
    refusal,
    shell,
    small_experiment,
    snapshots,
    write_config,
)

LONG = ("--set", "training.epochs=100000")
DOUBLE = ("--set", "backend.precision=float64", "--set", "training.epochs=20", "--set", "training.batch=15")
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "--no-python"]
MOODY = """
import os

from models.two_area import two_area


def moody(inputs: int, outputs: int):
    return two_area(inputs, 10 if "RANK" in os.environ else 11, outputs)
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory) -> Path:
    return write_config(tmp_path_factory.mktemp("config"))


def begun(*command: object) -> subprocess.Popen[str]:
    """Return a process that has said how its first epoch went."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": environment()}
    process = subprocess.Popen([str(each) for each in command], **pipes)
    for line in process.stdout:
        if line.startswith("epoch   1"):
            return process
    raise AssertionError(process.communicate(timeout=60)[1])


def children(parent: int) -> list[int]:
    """Return the processes that a process has started and that have not ended."""
    numbers = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
    return [number for number in numbers if status(number)[1:2] == [str(parent)]]


def status(process: int) -> list[str]:
    """Return the state of a process, the one that started it, and more; nothing of one that has ended."""
    try:
        words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
    return [] if words[0] == "Z" else words


def gone(process: int) -> bool:
    """Wait for a process to end, and return whether it has."""
    end = time.monotonic() + 30
    while status(process) and time.monotonic() < end:
        time.sleep(0.05)
    return not status(process)


def test_a_run_on_two_processes_stops_goes_on_with_three_and_ends_as_in_one(config, tmp_path):
    together, alone = tmp_path / "together", tmp_path / "alone"
    words = ("run", config, *DOUBLE)
    process = begun(*START, *words, "--output", together, "--nproc", 2)
    (follower,) = children(process.pid)
    process.send_signal(signal.SIGTERM)
    assert "stopped by SIGTERM after a checkpoint; go on with --resume." in one_sentence(process.communicate(timeout=60)[1])
    assert process.returncode == 75
    assert gone(follower)
    again = [*START, *map(str, words), "--output", together, "--nproc=3", "--resume"]
    subprocess.run(again, env=environment(), check=True, timeout=120)
    assert cli(*words, "--output", alone).exit_code == 0
    first, second = snapshots(together), snapshots(alone)
    assert first.keys() == second.keys()
    for name, weights in second.items():
        for projection, w in weights.items():
            np.testing.assert_allclose(first[name][projection], w, rtol=0, atol=1e-10 * np.abs(w).max(), err_msg=projection)
    assert contents(together).keys() == {path.replace(str(alone), str(together)) for path in contents(alone)}
    assert json.loads((together / "run.json").read_text())["provenance"]["processes"] == 2
    assert (together / "config.toml").read_text() == (alone / "config.toml").read_text()
    assert cli("check", together).exit_code == 0


def test_one_process_is_alone_as_in_a_plain_run():
    with assembled(small_experiment(), 1, ()) as one, assembled(small_experiment(), None, ()) as plain:
        assert one is plain is ALONE


def test_a_process_that_fails_before_it_has_come_is_not_waited_for():
    with pytest.raises(TeamError) as caught, assembled(small_experiment(), 2, ["run", "absent.toml"]):
        pass
    assert str(caught.value).startswith("Process 2 of 2 ended (absent.toml cannot be read")


def test_a_run_of_which_a_process_is_killed_ends_with_a_sentence(config, tmp_path):
    process = begun(*START, "run", config, "--output", tmp_path / "out", "--nproc", 2, *LONG)
    os.kill(children(process.pid)[0], signal.SIGKILL)
    stderr = process.communicate(timeout=30)[1]
    assert process.returncode == 2
    assert "Process 2 of 2 was killed by SIGKILL; go on with --resume." in one_sentence(stderr)
    assert json.loads((tmp_path / "out/run.json").read_text())["status"] == "failed"


def test_processes_that_hold_other_weights_do_not_go_on(tmp_path):
    (tmp_path / "moody.py").write_text(MOODY, encoding="utf-8")
    moody = write_config(tmp_path, CONFIG.replace("two_area", "moody.py:moody").replace("hidden = 10", ""))
    answer = shell("run", moody, "--output", "out", "--nproc", 2, "--quiet", cwd=tmp_path)
    assert answer.returncode == 2
    assert "The 2 processes of the run have come to hold different weights" in one_sentence(answer.stderr)


def test_a_follower_ends_when_its_leader_is_killed(config, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # a leader that is killed leaves the place of their meeting
    process = begun(*START, "run", config, "--output", tmp_path / "out", "--nproc", 2, *LONG)
    (follower,) = children(process.pid)
    process.kill()
    process.communicate(timeout=30)
    assert gone(follower)


def test_processes_of_torchrun_share_a_run_that_only_the_first_writes(config, tmp_path):
    words = [*TORCHRUN, *START, "run", str(config), "--output", str(tmp_path / "out"), "--quiet"]
    answer = subprocess.run(words, env=environment(), capture_output=True, text=True, timeout=120)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout == f"{tmp_path / 'out/report/report.html'}\n"
    assert json.loads((tmp_path / "out/run.json").read_text())["provenance"]["processes"] == 2


def test_what_starts_processes_tells_each_its_seat():
    told = {"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "4", "MASTER_ADDR": "node1"}
    assert seated(told) == Seat(5, 8, 1, 4, "env://")
    assert seated({name: value for name, value in told.items() if not name.startswith("LOCAL")}) == Seat(5, 8, 5, 1, "env://")
    assert seated({"RANK": "captain"}) is seated({"WORLD_SIZE": "2", "RANK": "0"}) is None


SPIKING = ("--set", "neurons={}", "--set", "protocol={duration=0.02, window=0.01}")
REFUSED = {
    "17 processes came, but a batch of 16 trials has work for 1 to 16": (17,),
    "0 processes came": (0,),
    "reference computes in one process; leave out --nproc": (2, "--set", 'backend={kind="reference"}'),
    "brian2 computes in one process": (2, "--set", 'backend={kind="brian2"}', *SPIKING),
    "learning trials are recorded in one process only": (2, "--set", "record.learning=1"),
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_what_cannot_be_shared_is_refused_before_anything_is_written(config, tmp_path, sentence):
    answer = cli("run", config, "--output", tmp_path / "out", "--nproc", *REFUSED[sentence])
    assert sentence in refusal(answer)
    assert not (tmp_path / "out").exists()


def test_another_number_than_was_started_is_refused(config, monkeypatch):
    for name, value in {"RANK": "0", "WORLD_SIZE": "3", "MASTER_ADDR": "127.0.0.1"}.items():
        monkeypatch.setenv(name, value)
    assert "--nproc 2 came, but 3 processes were started already" in refusal(cli("run", config, "--nproc", 2))
