"""Failure aimed at: a file of a stranger, or of a failing disk, that is answered with a traceback, hangs, fills the memory, or
makes a reader tell or touch what is outside the run's folder.

Cases are drawn from their number, so that each can be repeated: ``python -m tests.faults.damaged_process ORIGINALS LOG 7 8``. A
process with little memory goes through them; one that dies or hangs has failed. ``make faults`` goes through more.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bio_fa import config as configuration
from bio_fa.analysis import inspect_run, write_report
from bio_fa.errors import BioFAError, RecordError
from bio_fa.formats import write
from bio_fa.io.opened_run import open_run
from bio_fa.running import run
from bio_fa.watching import Watcher
from tests.faults.damage import SECRET, outside
from tests.small import environment, write_config
from tests.source import ROOT

CASES = 2000 if os.environ.get("BIO_FA_FAULTS") == "all" else 120
SECONDS = 10.0
"""What the readings of a case may take, of a processor's time."""
PATIENCE = 120.0
"""Seconds after which a case that has not ended hangs, however busy the machine is."""

CONFIG = """\
name = "small"
seed = 1
liveness = false

[task]
kind = "digits"
train_trials = 16
test_trials = 8

[circuit]
model = "two_area"
hidden = 6

[training]
epochs = 2
batch = 8
update = [{ kind = "adaptive" }, { kind = "noisy" }]

[record]
trials = 2
every = 1
potentials = 2

[backend]
kind = "torch_rate"
threads = 1
"""
SPIKES = (
    CONFIG.replace("torch_rate", "torch_spiking")
    + """
[neurons]
neuron = { kind = "lif", tau = 0.1 }
source = { kind = "poisson_source" }
others = { output = { kind = "divisive_normalisation" } }

[protocol]
duration = 0.01
window = 0.005
"""
)


class Impatient(Watcher):
    """Somebody who stops a run after its first epoch."""

    def evaluated(self, line: dict[str, Any]) -> None:
        """Press Ctrl-C."""
        if line["epoch"] == 1:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def originals(tmp_path_factory) -> Path:
    """A run that has finished, one that has not, with its checkpoints and segments, both with spikes, and a configuration."""
    folder = tmp_path_factory.mktemp("originals") / "originals"
    started(folder / "finished", SPIKES)
    with pytest.raises(KeyboardInterrupt):
        started(folder / "unfinished", SPIKES, Impatient())
    write_config(folder / "config", SPIKES)
    return folder


def started(folder: Path, text: str, watcher: Watcher | None = None) -> None:
    """Run a configuration into the folder beside it."""
    path = write_config(folder, text)
    known, experiment = configuration.load(path)
    run(experiment, folder / "run", watcher=watcher, texts=known.texts(folder))


@pytest.fixture
def home(originals, tmp_path) -> Path:
    """The run that has finished, to be damaged, beside what nobody may read."""
    home = shutil.copytree(originals / "finished", tmp_path / "home", symlinks=True)
    outside(home)
    return home


def test_whatever_is_damaged_is_refused_in_a_sentence_or_read_as_it_is(originals, tmp_path):
    found = list(outcomes(originals, tmp_path / "log", CASES))
    assert [each for each in found if each["failures"]] == []
    assert [each for each in found if each["seconds"] > SECONDS] == []
    assert len(found) == CASES


def outcomes(originals: Path, log: Path, cases: int) -> Iterator[dict[str, Any]]:
    """Yield how each case went; the death or the hanging of the process that goes through them is a failure of its case."""
    first = 0
    while first < cases:
        status = watched(originals, log, first, cases)
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        yield from (line for line in lines if "failures" in line)
        first = 1 + max(line.get("begins", first) for line in lines)
        if status:
            yield {"seed": first - 1, "failures": [f"the process ended with {status}"], "seconds": 0.0}
        log.unlink()


def watched(originals: Path, log: Path, first: int, last: int) -> int:
    """Let a process go through some cases, as long as they go on; return its exit code."""
    log.touch()
    words = [sys.executable, "-m", "tests.faults.damaged_process", *map(str, (originals, log, first, last))]
    with subprocess.Popen(words, cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            if time.time() - log.stat().st_mtime > PATIENCE:
                process.kill()
            time.sleep(0.1)
    return process.returncode


@pytest.mark.parametrize("name", ["run.json", "circuit.json", "metrics.jsonl", "activity.h5", "weights.h5", "config.toml"])
def test_no_link_out_of_a_run_is_followed(name, home):
    (home / "run" / name).unlink()
    (home / "run" / name).symlink_to(home / ("outside.h5" if name.endswith(".h5") else "outside.txt"))
    try:
        said = json.dumps(inspect_run(home / "run")) + write_report(home / "run").read_text()
    except RecordError as error:
        said = str(error)
    assert SECRET not in said
    assert "is a link" in said


def test_a_report_is_not_written_through_a_link(home):
    home.joinpath("elsewhere").mkdir()
    (home / "run" / "report").symlink_to(home / "elsewhere")
    with pytest.raises(RecordError, match="is a link"):
        write_report(home / "run")
    assert not list(home.joinpath("elsewhere").iterdir())


def test_no_word_of_a_record_decides_where_an_export_is_written(home):
    with h5py.File(home / "run" / "activity.h5", "r+") as file:
        for report in file["report"].values():
            report["data"].attrs["variable"] = np.bytes_(b"../climbed")
    with pytest.raises(RecordError, match="not allowed"):
        write(home / "run", "csv", home / "out")
    assert not [each for each in home.iterdir() if "climbed" in each.name]


def test_words_of_a_record_are_no_formulas_of_its_figures(home):
    with h5py.File(home / "run" / "activity.h5", "r+") as file:
        for report in file["report"].values():
            report["data"].attrs["units"] = np.bytes_(b"$\\nonsense$")
    assert write_report(home / "run").exists()


def test_values_that_would_unpack_to_far_more_than_the_file_has_are_refused(home):
    name = "projections/input_to_V1_E/mask"
    with h5py.File(home / "run" / "weights.h5", "r+") as file:
        del file[name]
        file.create_dataset(name, data=np.zeros((1 << 17, 1 << 10), np.uint8), chunks=(1 << 10, 1 << 10), compression=1)
    with open_run(home / "run") as opened, pytest.raises(RecordError, match="would unpack to"):
        opened.weights("input_to_V1_E")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["adaptive", "lif", "digits"]),
    lambda held: st.lists(held, max_size=3) | st.dictionaries(st.sampled_from(["kind", "epochs", "hidden", "x"]), held, max_size=3),
    max_leaves=6,
)
KEYS = ("circuit", "rule", "seed", "species", "rules", "neurons", "task", "protocol", "training", "standardisation", "backend")


@settings(max_examples=10 * CASES // 8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from([*KEYS, "record", "liveness", "checkpoint", "name"]), VALUES))
def test_any_table_is_a_configuration_or_refused_in_a_sentence(table):
    try:
        configuration.parse({"name": "any", **table}).complete(ROOT)
    except BioFAError as error:
        assert str(error)
