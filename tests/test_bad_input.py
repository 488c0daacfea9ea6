"""Aims at bad input that is run in part, overwrites something, or is answered with a traceback.

Every case is one sentence on stderr, exit code 2, and a disk on which nothing has changed.
"""

from __future__ import annotations

import errno
import gzip
import os
import shutil
import struct
from collections import namedtuple
from pathlib import Path

import pytest
import torch

from bio_fa.io import hdf5
from tests.small import CONFIG, HUGE, cli, contents, refusal, write_config

TASK = '''
from dataclasses import dataclass

import numpy as np

from bio_fa.tasks import Dataset, Split, Task


@dataclass(frozen=True)
class {name}(Task):
    """A task of a user's own."""

    def load(self, seed):
        stimulus = np.ones((4, 3), dtype=np.float32)
        target = np.ones((4, 2), dtype=np.float32)
        label = np.array([0, 1, 0, 1])
        {spoil}
        split = Split(stimulus, target, label, "own")
        return Dataset(split, split, "nowhere")
'''


def refused(folder: Path, *words: object) -> str:
    """Return the sentence that refuses a run into ``folder``, once it is sure that nothing changed there."""
    before = contents(folder)
    sentence = refusal(cli(*words))
    assert contents(folder) == before
    return sentence


def refused_run(tmp_path: Path, *overrides: str, text: str = CONFIG) -> str:
    """Return the sentence with which both ``check`` and ``run`` refuse a configuration."""
    path = write_config(tmp_path, text)
    settings = [word for override in overrides for word in ("--set", override)]
    checked = refused(tmp_path, "check", path, *settings)
    assert refused(tmp_path, "run", path, "--output", tmp_path / "out", *settings) == checked
    return checked


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("trainig.epochs=3", "did you mean 'training'?"),
        ("training.epoch=3", "did you mean 'epochs'?"),
        ("circuit.hiden=3", "did you mean 'hidden'?"),
        ("circuit.model=two_aria", "did you mean 'two_area'?"),
        ("task.kind=digitz", "did you mean 'digits'?"),
        ("circuit.plasticity={kind='hebian'}", "did you mean 'hebbian'?"),
        ("backend.kind=torch", "torch_rate"),
        ("backend.name=x", "has no setting 'name'"),
        ("task.kind=[1]", "[1] is no kind of Task"),
        ("training.learning=globel", "'local' or 'gradient'"),
        ("protocol.trial=three_phase", "'two_phase' or 'one_phase'"),
        ("rules=['absent.py']", "is no Python file"),
        ("rules='absent.py'", "rules = 'absent.py'"),
        ("circuit.model=absent.py:build", "is no Python file"),
        ("training.update=[{kind='adam'}]", "'adam' is no kind of Update"),
        ("novalue", "section.key=value"),
    ],
)
def test_what_is_unknown_or_misspelt_is_refused(tmp_path, override, named):
    assert named in refused_run(tmp_path, override)


@pytest.mark.parametrize(
    "override",
    [
        "seed=one",
        "seed=1.5",
        "seed=true",
        "training=5",
        "training.epochs='3'",
        "training.epochs=[3]",
        "training.update=adaptive",
        "training.update={kind='adaptive'}",
        "circuit=two_area",
        "circuit.hidden=[10]",
        "circuit.hidden=ten",
        "circuit.plasticity=oja",
        "backend=cpu",
        "backend.threads=two",
        "backend.precision=float16",
        "task=digits",
        "task.train_trials=many",
        "record.populations=V1_E",
        "protocol.hold=1",
        "name=3",
    ],
)
def test_a_value_of_another_type_is_refused(tmp_path, override):
    refused_run(tmp_path, override)


@pytest.mark.parametrize(
    "override",
    [
        "seed=-1",
        "training.epochs=0",
        "training.epochs=-3",
        "training.batch=0",
        "training.snapshots=-1",
        "training.horizon=0",
        "training.update=[{kind='adaptive', rate=-1e-3}]",
        "training.update=[{kind='scale', rate=nan}]",
        "training.update=[{kind='scale', rate=inf}]",
        "training.update=[{kind='momentum', persistence=1.0}]",
        "protocol.strength=0",
        "protocol.strength=1.5",
        "protocol.duration=-1",
        "protocol.dt=0",
        "protocol.duration=0.0505",
        "circuit.hidden=0",
        "circuit.hidden=-5",
        "circuit.apical_gain=-0.1",
        "circuit.inputs=63",
        "circuit.outputs=9",
        "circuit={model='cortical_hierarchy', hidden=[10], density=0}",
        "circuit={model='cortical_hierarchy', hidden=[10], density=-0.5}",
        "circuit={model='cortical_hierarchy', hidden=[10], density=1.01}",
        "circuit={model='cortical_hierarchy', hidden=[10], spread=-1}",
        "circuit={model='cortical_hierarchy', hidden=[0]}",
        "circuit={model='cortical_hierarchy', hidden=[10], neuron={kind='leaky_rate', tau=0}}",
        "backend.threads=0",
        "task.train_trials=0",
        "task.validation=1.0",
        "task.softening=-0.1",
        "task.test_fraction=1.5",
        "record.trials=-1",
        "record.stride=0",
        "record.every=0",
        "record.populations=['V9_E']",
        "record.phases=['fee']",
    ],
)
def test_a_value_outside_its_range_is_refused(tmp_path, override):
    refused_run(tmp_path, override)


TIMED = ("protocol.duration=0.02", "protocol.window=0.01", "backend.kind=torch_spiking")
"""Overrides with which spiking neurons would run."""


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["neurons.neuron={kind='lfi'}"], "'lfi' is no kind of SpikingNeuron; did you mean 'lif'?"),
        (["neurons.neuron={kind='leaky_rate'}"], "'leaky_rate' is no kind of SpikingNeuron"),
        (["neurons.neuron={kind='lif', taw=1}"], "LIF has no setting 'taw'; did you mean 'tau'?"),
        (["neurons.neuron={kind='lif', tau=-0.02}"], "LIF: tau = -0.02 is not allowed; give a time constant above 0 s."),
        (
            ["neurons.neuron={kind='lif', threshold=0.2, reset_to=0.5}"],
            "LIF: threshold = 0.2 is not allowed; give a potential above reset_to = 0.5.",
        ),
        (["neurons.transmission={kind='graded'}"], "'graded' is no kind of SpikeTransmission"),
        (
            ["neurons.transmission={kind='current_synapse', delay=-0.001}"],
            "CurrentSynapse: delay = -0.001 is not allowed; give seconds of at least 0.",
        ),
        (
            ["neurons.source={kind='lif'}"],
            "Circuit 'two_area': 'input' has neurons of kind lif, but the activity of the input is given; "
            "give it a source of spikes or rate neurons.",
        ),
        (
            ["neurons.others={V1_I={kind='poisson_source'}}"],
            "Circuit 'two_area': 'V1_I' has neurons of kind poisson_source, but only the input 'input' can be a source of spikes; "
            "give it other neurons.",
        ),
        (["neurons.others={ouput={kind='leaky_rate'}}"], "with_neurons: no population is called 'ouput'; did you mean 'output'?"),
        (
            ["neurons={transmission={kind='conductance_synapse'}, others={output={kind='leaky_rate'}}}"],
            "V1_E_to_output: 'output' has neurons of kind leaky_rate, without the membrane that 'conductance_synapse' acts on; "
            "give 'current_synapse'.",
        ),
        (
            ["neurons={}", "protocol.window=0.03"],
            "Phase 'free': window = 0.03 is not allowed; give seconds in (0, duration = 0.02].",
        ),
        (
            ["neurons={}", "protocol.dt=0.008", "protocol.duration=0.016", "protocol.window=0.016"],
            "Protocol: dt = 0.008 s is longer than tau = 0.005 s of 'V1_I_to_V1_E'; give a shorter time step.",
        ),
        (
            ["neurons.neuron={kind='lif', refractory=0.0015}"],
            "Protocol: dt = 0.001 s does not divide refractory = 0.0015 s of 'V1_E'; change one of them.",
        ),
        (["neurons={}", "protocol.window=0.0105"], "give a time step that divides the 0.0105 s of 'free'."),
        (
            ["neurons={}", "backend.kind=torch_rate"],
            "torch_rate cannot run 'two_area': 'V1_E' has neurons of kind lif, which have no rate; "
            "choose torch_spiking, brian2 or reference.",
        ),
    ],
)
def test_spiking_neurons_that_could_not_run_are_refused_in_one_sentence(tmp_path, overrides, sentence):
    assert sentence in refused_run(tmp_path, *TIMED, *overrides)


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (
            ["neurons={}"],
            "Phase 'free': 'V1_E' spikes, and so settles to no fixed point; give the phase a duration and a window, in seconds.",
        ),
        (
            ["neurons={}", "protocol.duration=0.02"],
            "Phase 'free': 'V1_E' spikes, and a single time step holds a spike or none; "
            "give the phase a window over which they are counted.",
        ),
        (
            ["protocol.window=0.01"],
            "Phase 'free': window = 0.01 is not allowed; give a duration with it, or nothing in a phase that settles.",
        ),
        (
            ["circuit.plasticity={kind='pair_stdp'}"],
            "input_to_V1_E: pair_stdp senses post.spike, but 'V1_E' does not spike; give it spiking neurons, or another rule.",
        ),
        (
            ["circuit.plasticity={kind='dendritic_error'}"],
            "input_to_V1_E: dendritic_error senses post.sensitivity, but 'V1_E' does not spike; give it spiking neurons, or",
        ),
    ],
)
def test_a_trial_and_rules_that_do_not_go_with_the_neurons_are_refused_in_one_sentence(tmp_path, overrides, sentence):
    assert sentence in refused_run(tmp_path, *overrides)


def test_a_gpu_that_is_not_there_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert "torch finds no GPU" in refused_run(tmp_path, "backend.device=cuda")


@pytest.mark.parametrize("text", ["name = ", "not toml at all", "[task\n", 'name = "a"\nname = "b"', ""])
def test_a_file_that_is_no_configuration_is_refused(tmp_path, text):
    refused_run(tmp_path, text=text)


def test_a_configuration_that_does_not_exist_is_refused(tmp_path):
    assert "No such file" in refused(tmp_path, "run", tmp_path / "absent.toml", "--output", tmp_path / "out")
    assert "No such file" in refused(tmp_path, "check", tmp_path / "absent.toml")


def test_a_folder_for_a_configuration_is_refused(tmp_path):
    assert "Is a directory" in refused(tmp_path, "run", tmp_path, "--output", tmp_path / "out")


def test_a_negative_magnitude_in_a_model_of_the_users_own_is_refused(tmp_path):
    model = "from dataclasses import replace\nfrom bio_fa import Constant\nfrom models.two_area import two_area\n\n"
    model += "def mine(w: float):\n    circuit = two_area()\n    first = replace(circuit.projections[0], weights=Constant(w))\n"
    model += "    return replace(circuit, projections=(first, *circuit.projections[1:]))\n"
    (tmp_path / "own.py").write_text(model)
    assert "magnitude = -0.5 is not allowed" in refused_run(tmp_path, "circuit={model='own.py:mine', w=-0.5}")


@pytest.mark.parametrize(
    ("name", "spoil", "reason"),
    [
        ("NanTask", "stimulus[1, 2] = np.nan", "the stimulus of trial 1 holds nan"),
        ("InfTask", "target[2, 0] = np.inf", "the target of trial 2 holds inf"),
        ("NegativeTask", "stimulus[0, 0] = -1", "the stimulus of trial 0 holds -1.0"),
        ("LabelTask", "label[3] = 2", "the label of trial 3 is 2; give one from 0 to 1"),
        ("ShortTask", "label = label[:3]", "4 trials come with 3 labels"),
        ("EmptyTask", "stimulus = stimulus[:0]", "is empty"),
        ("DoubleTask", "stimulus = stimulus.astype(float)", "give a float32 array"),
    ],
)
def test_data_that_cannot_be_used_are_refused(tmp_path, name, spoil, reason):
    (tmp_path / "task.py").write_text(TASK.format(name=name, spoil=spoil))
    kind = name.replace("Task", "_task").lower()
    assert reason in refused_run(tmp_path, "rules=['task.py']", f"task={{kind='{kind}'}}")


def idx(array_bytes: bytes, *shape: int, magic: bytes = b"\0\0\x08") -> bytes:
    return magic + bytes([len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + array_bytes


def mnist(folder: Path, **replaced: bytes | None) -> Path:
    """Write four small MNIST files, some of them replaced or left out."""
    folder.mkdir()
    for part in ("train", "t10k"):
        files = {"images-idx3": idx(bytes(784 * 4), 4, 28, 28), "labels-idx1": idx(bytes(4), 4)}
        for name, content in files.items():
            content = replaced.get(f"{part}_{name[:6]}", content)
            if content is not None:
                (folder / f"{part}-{name}-ubyte").write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("replaced", "reason"),
    [
        ({"train_images": None}, "there is no such file"),
        ({"train_images": b""}, "the file is empty"),
        ({"train_images": idx(bytes(784 * 3), 4, 28, 28)}, "it holds only 2352"),
        ({"t10k_labels": idx(bytes(4), 4)[:6]}, "ends inside its header"),
        ({"train_images": idx(bytes(784 * 4), 4, 28, 28, magic=b"PK\x03")}, "which no IDX file does"),
        ({"train_images": gzip.compress(idx(bytes(784 * 4), 4, 28, 28))[:40]}, "it cannot be read"),
        ({"train_labels": idx(bytes([0, 1, 10, 2]), 4)}, "label 2 is 10"),
        ({"train_labels": idx(bytes(3), 3)}, "3 labels for 4 images"),
        ({"train_images": idx(bytes(27 * 27 * 4), 4, 27, 27)}, "(4, 27, 27)"),
    ],
)
def test_files_of_data_that_are_missing_or_damaged_are_refused(tmp_path, replaced, reason):
    folder = mnist(tmp_path / "data", **replaced)
    assert reason in refused_run(tmp_path, f"task={{kind='mnist', path='{folder}'}}")


@pytest.fixture
def taken(tmp_path, monkeypatch) -> Path:
    """A folder that holds a run."""
    monkeypatch.setattr("bio_fa.analysis.write_report", lambda place: place / "report")
    result = cli("run", write_config(tmp_path), "--output", tmp_path / "out", "--quiet")
    assert result.exit_code == 0, result.output
    return tmp_path / "out"


def test_a_folder_that_holds_a_run_is_refused_unless_it_may_be_overwritten(taken):
    path = taken.parent / "small.toml"
    assert "already holds a run" in refused(taken.parent, "run", path, "--output", taken)
    assert cli("run", path, "--output", taken, "--set", "seed=5", "--overwrite").exit_code == 0
    assert "seed = 5" in (taken / "config.toml").read_text()


def test_bad_input_overwrites_nothing_even_when_it_might(taken):
    path = taken.parent / "small.toml"
    refused(taken.parent, "run", path, "--output", taken, "--overwrite", "--set", "training.epochs=0")
    refused(taken.parent, "run", path, "--output", taken, "--overwrite", "--set", "circuit.inputs=5")


def test_a_file_in_the_way_and_a_folder_of_something_else_are_refused(tmp_path):
    path = write_config(tmp_path)
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "thesis.tex").write_text("mine")
    assert "is not a folder" in refused(tmp_path, "run", path, "--output", tmp_path / "file")
    assert "is not a folder" in refused(tmp_path, "run", path, "--output", tmp_path / "file" / "deep")
    assert "thesis.tex" in refused(tmp_path, "run", path, "--output", tmp_path / "folder", "--overwrite")


def test_a_folder_that_may_not_be_written_is_refused(tmp_path, monkeypatch):
    # The question to the system is replaced, because some who run the tests may write everywhere.
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    assert "may not be written" in refused(tmp_path, "run", write_config(tmp_path), "--output", tmp_path / "out")


def test_a_disk_with_too_little_room_is_refused(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")(10**9, 10**9 - 10**6, 10**6)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    sentence = refused(tmp_path, "run", write_config(tmp_path), "--output", tmp_path / "out")
    assert "0.001 GB are free" in sentence


def test_a_disk_that_fills_up_while_running_is_one_sentence(tmp_path, monkeypatch):
    real, calls = hdf5.allocate, []

    def allocate(*arguments):
        calls.append(arguments)
        if len(calls) > 8:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(*arguments)

    monkeypatch.setattr(hdf5, "allocate", allocate)
    long = ["--set", "training.epochs=9", "--set", "record.every=1"]
    result = cli("run", write_config(tmp_path), "--output", tmp_path / "out", *long)
    assert "No space left on device" in refusal(result)


@pytest.mark.parametrize("command", ["inspect", "check"])
@pytest.mark.parametrize("place", ["absent", "empty", "file.toml"])
def test_what_is_no_run_is_refused(tmp_path, command, place):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.toml").write_text("nonsense")
    refused(tmp_path, command, tmp_path / place)


@pytest.mark.parametrize("file", ["weights.h5", "activity.h5"])
@pytest.mark.parametrize("damage", ["truncated", "text", "empty", "other"])
def test_a_file_of_a_run_that_is_damaged_is_refused_by_check_and_told_by_inspect(taken, file, damage):
    whole = (taken / file).read_bytes()
    other = (taken / ("weights.h5" if file == "activity.h5" else "activity.h5")).read_bytes()
    damaged = {"truncated": whole[: len(whole) // 2], "text": b"not HDF5", "empty": b"", "other": other}
    (taken / file).write_bytes(damaged[damage])
    found = cli("check", taken)
    assert (found.exit_code, found.stdout.splitlines()[0].startswith(f"{taken}: {file} has ")) == (3, True), found.output
    result = cli("inspect", taken)
    assert result.exit_code == 0 and file in result.stdout


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "null"])
def test_a_run_whose_own_table_is_damaged_is_refused(taken, text):
    (taken / "run.json").write_text(text)
    assert "run.json" in refused(taken.parent, "inspect", taken)
    found = cli("check", taken)
    assert (found.exit_code, found.stdout.startswith(f"{taken}: run.json has ")) == (3, True), found.output


def test_a_diverging_run_is_one_sentence_without_warnings(tmp_path):
    result = cli("run", write_config(tmp_path), "--output", tmp_path / "out", "--set", HUGE, "--set", "training.epochs=9")
    assert "stopped being finite" in refusal(result)
