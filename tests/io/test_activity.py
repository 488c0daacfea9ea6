"""Aims at activity that a reader would assign to the wrong trial, time or neuron, at files that the field's readers
cannot open, and at memory that grows with the run.

Expectations: the SONATA report layout (Dai et al., 2020) with what libsonata and bmtk were found to demand of it.
"""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bio_fa.errors import RecordError
from bio_fa.io.activity import ActivityReader, ActivityWriter, PopulationInfo
from bio_fa.io.tables import BLOCK
from tests.io.recording import PHASES, POPULATIONS, frames, record_activity

ROWS = 2 * 3 * (1 + 2)
"""Rows of the small record: two appends of three trials of one free frame and two nudged ones."""

DATASETS = {
    "report/{}/data": ("<f4", lambda n: (ROWS, n)),
    "report/{}/mapping/node_ids": ("<u8", lambda n: (n,)),
    "report/{}/mapping/index_pointers": ("<u8", lambda n: (n + 1,)),
    "report/{}/mapping/index_pointer": ("<u8", lambda n: (n + 1,)),
    "report/{}/mapping/element_ids": ("<u4", lambda n: (n,)),
    "report/{}/mapping/element_pos": ("<f4", lambda n: (n,)),
    "report/{}/mapping/time": ("<f8", lambda n: (3,)),
    "nodes/{}/node_id": ("<u8", lambda n: (n,)),
    "nodes/{}/node_type_id": ("<i8", lambda n: (n,)),
    "nodes/{}/node_group_id": ("<u4", lambda n: (n,)),
    "nodes/{}/node_group_index": ("<u8", lambda n: (n,)),
    "nodes/{}/0/cell_type": ("<u4", lambda n: (n,)),
    "nodes/{}/0/sign": ("|i1", lambda n: (n,)),
}
TRIAL_COLUMNS = {"start_time": "<f8", "stop_time": "<f8", "label": "<i8", "stimulus_id": "<i8", "phase": "|u1"}


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "activity.h5"


@pytest.fixture
def file(path):
    record_activity(path)
    with h5py.File(path) as opened:
        yield opened


def writer(path, populations=POPULATIONS, phases=PHASES, frame=0.001):
    return ActivityWriter(path, populations, phases, frame)


@pytest.mark.parametrize("name", DATASETS)
@pytest.mark.parametrize("info", POPULATIONS, ids=lambda info: info.name)
def test_every_dataset_has_the_type_and_shape_of_the_specification(file, name, info):
    dtype, shape = DATASETS[name]
    dataset = file[name.format(info.name)]
    assert (dataset.dtype.str, dataset.shape) == (dtype, shape(info.size))
    assert dataset.compression is None


@pytest.mark.parametrize("column", TRIAL_COLUMNS)
def test_every_phase_of_every_trial_has_one_entry_in_each_column(file, column):
    assert (file["trials"][column].dtype.str, file["trials"][column].shape) == (TRIAL_COLUMNS[column], (2 * 3 * 2,))


def test_the_root_says_which_format_the_file_has(file):
    assert file.attrs["magic"] == 0x0A7A
    assert file.attrs["magic"].dtype == np.uint32
    assert file.attrs["version"].tolist() == [0, 1]
    assert file.attrs["version"].dtype == np.uint32
    assert (file.attrs["format"].decode(), file.attrs["format_version"].decode()) == ("bio_fa-activity", "1.0")


def test_the_mapping_gives_each_neuron_one_column_and_the_frames_their_times(file):
    for info in POPULATIONS:
        mapping = file[f"report/{info.name}/mapping"]
        assert mapping["node_ids"][:].tolist() == list(range(info.size))
        assert mapping["node_ids"].attrs["sorted"] == 1
        assert mapping["node_ids"].attrs["sorted"].dtype == np.int8
        assert mapping["index_pointers"][:].tolist() == list(range(info.size + 1))
        assert mapping["index_pointer"] == mapping["index_pointers"], "a hard link"
        assert mapping["time"][:].tolist() == [0.0, float(ROWS), 1.0]
        assert mapping["time"].attrs["units"] == b"ms"


def test_the_data_says_what_it_is(file):
    attributes = {key: value.decode() for key, value in file["report/I1/data"].attrs.items()}
    assert attributes == {"variable": "activity", "units": "normalised", "dims": "time,neuron"}
    assert file["report/I1/data"].maxshape == (None, 3)


def test_nodes_carry_sign_and_cell_type(file):
    for info, sign, cell_type in zip(POPULATIONS, (1, -1, 0), "EIU", strict=True):
        values = file[f"nodes/{info.name}/0"]
        library = [word.decode() for word in values["@library/cell_type"][:]]
        assert library[:2] == ["E", "I"]
        assert {library[index] for index in values["cell_type"][:]} == {cell_type}
        assert set(values["sign"][:].tolist()) == {sign}


def test_the_phases_have_names_and_provenance_is_text(file):
    assert [name.decode() for name in file["trials/phase"].attrs["names"]] == ["free", "nudged"]
    assert file["provenance/config_json"][()] == b"{}"
    assert file["provenance"].attrs["seed"] == "7"
    assert "spikes" not in file


def test_no_value_is_a_boolean_a_compound_or_of_variable_length_except_text(file):
    def check(_, found):
        if isinstance(found, h5py.Dataset):
            assert found.dtype.kind in "fiuS" or h5py.check_string_dtype(found.dtype) is not None

    file.visititems(check)


def test_rows_run_trial_by_trial_phase_by_phase_with_time_within(path):
    """Every value of the input names its own append, trial, phase and time."""
    with writer(path, POPULATIONS[:1]) as opened:
        for append in range(2):
            named = {}
            for phase, (name, time) in enumerate((("free", 1), ("nudged", 2))):
                at = np.indices((time, 3, 4))
                named[name] = {"input": 1000.0 * append + 100 * at[1] + 10 * phase + at[0]}
            opened.append(named, np.zeros(3, int), np.zeros(3, int), append)
    trial = [0, 10, 11]
    expected = [1000 * append + 100 * each + value for append in range(2) for each in range(3) for value in trial]
    with h5py.File(path) as file:
        assert file["report/input/data"][:, 0].tolist() == expected
        assert file["trials/start_time"][:4].tolist() == [0, 1, 3, 4]
        assert file["trials/stop_time"][:4].tolist() == [1, 3, 4, 6]
        assert file["trials/trial"][:].tolist() == sorted(2 * list(range(6)))


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    durations=st.lists(st.integers(1, 3), min_size=1, max_size=3),
    trials=st.lists(st.integers(0, 4), min_size=1, max_size=4),
    sizes=st.lists(st.integers(1, 6), min_size=1, max_size=3),
    data=st.data(),
)
def test_what_was_appended_comes_back(tmp_path_factory, seed, durations, trials, sizes, data):
    path = tmp_path_factory.mktemp("round") / "activity.h5"
    rng, phases = np.random.default_rng(seed), [f"phase{index}" for index in range(len(durations))]
    populations = [PopulationInfo(f"P{index}", size, 1, "V1", "forward", "E") for index, size in enumerate(sizes)]
    times = tuple(zip(phases, durations, strict=True))
    recorded = [frames(rng, times, count, populations) for count in trials]
    with writer(path, populations, phases, frame=0.1) as opened:
        for epoch, (each, count) in enumerate(zip(recorded, trials, strict=True)):
            opened.append(each, None, np.arange(count), epoch)
    phase, epoch = data.draw(st.sampled_from(phases)), data.draw(st.integers(0, len(trials) - 1))
    name = data.draw(st.sampled_from(populations)).name
    with ActivityReader(path) as reader:
        assert (reader.populations, reader.phases, reader.frame) == (populations, tuple(phases), pytest.approx(0.1))
        in_epoch = [np.swapaxes(recorded[epoch][each][name], 0, 1).astype(np.float32) for each in phases]
        if trials[epoch]:
            np.testing.assert_array_equal(reader.frames(name, phase, epoch), in_epoch[phases.index(phase)])
            np.testing.assert_array_equal(reader.frames(name, epoch=epoch), np.concatenate(in_epoch, axis=1))
        chosen = np.concatenate([np.swapaxes(each[phase][name], 0, 1) for each in recorded])[1:6:2]
        if len(chosen):
            np.testing.assert_array_equal(reader.frames(name, phase, trials=slice(1, 6, 2)), chosen.astype(np.float32))
        every = reader.frames(name)
        rows = [np.empty((0, every.shape[2])), *reader.chunks(name, rows=5)]
        np.testing.assert_array_equal(np.concatenate(rows), every.reshape(-1, every.shape[2]))


def test_the_windows_of_phases_come_back_and_are_infinite_where_nothing_is_said(path):
    with ActivityWriter(path, POPULATIONS, PHASES, 0.001, windows=(0.03, 0.001)) as opened:
        opened.append(frames(np.random.default_rng(0)), None, np.arange(3), 0)
    with h5py.File(path) as file:
        assert file["trials/phase"].attrs["windows"].tolist() == [30.0, 1.0]
    with ActivityReader(path) as reader:
        assert reader.windows == pytest.approx((0.03, 0.001))
    record_activity(path)
    with ActivityReader(path) as reader:
        assert reader.windows == (np.inf, np.inf)


@pytest.mark.parametrize("windows", [[1.0], [1.0, -1.0], [1.0, np.nan], [1, 2], "all"])
def test_windows_that_are_no_times_are_refused(path, windows):
    record_activity(path)
    with h5py.File(path, "a") as file:
        file["trials/phase"].attrs["windows"] = windows
    with pytest.raises(RecordError, match="the windows of its phases are no times|cannot be read"):
        ActivityReader(path)


def test_entries_say_label_stimulus_phase_and_epoch(path):
    record_activity(path)
    with ActivityReader(path) as reader:
        trials = reader.trials()
    assert trials["label"].tolist() == 2 * [0, 0, 1, 1, 2, 2]
    assert trials["stimulus_id"].tolist() == 2 * [10, 10, 11, 11, 12, 12]
    assert trials["phase"].tolist() == 6 * [0, 1]
    assert trials["epoch"].tolist() == 6 * [0] + 6 * [1]


def test_trials_without_labels_have_the_label_minus_one(path, rng=None):
    with writer(path) as opened:
        opened.append(frames(np.random.default_rng(0)), None, np.arange(3), 0)
    with ActivityReader(path) as reader:
        assert set(reader.trials()["label"]) == {-1}


def test_phases_that_were_not_always_recorded_keep_their_trials_apart(path):
    rng = np.random.default_rng(0)
    free, nudged = frames(rng, (("free", 1),)), frames(rng, (("nudged", 2),))
    with writer(path) as opened:
        opened.append(free, None, np.arange(3), 0)
        opened.append(nudged, None, np.arange(3), 0)
    with ActivityReader(path) as reader:
        assert reader.frames("I1", "free").shape == (3, 1, 3)
        assert reader.frames("I1", "nudged").shape == (3, 2, 3)
        with pytest.raises(RecordError, match="differ in duration"):
            reader.frames("I1")


@pytest.mark.parametrize("name", [info.name for info in POPULATIONS])
@pytest.mark.parametrize("axis", [(0, 4, 2.0), (1, 4, 1.0), (0, 4, 0.0), (0, 4, np.nan), (np.inf, 4, 1.0), (-1, 4, 1.0), (0, 4)])
def test_frames_of_populations_that_are_at_different_or_impossible_times_are_refused(path, name, axis):
    record_activity(path)
    with h5py.File(path, "a") as file:
        del file[f"report/{name}/mapping/time"]
        file[f"report/{name}/mapping/time"] = np.array(axis, dtype=float)
    with pytest.raises(RecordError, match="activity.h5: its frames start at|activity.h5 cannot be read"):
        ActivityReader(path)


def test_a_file_without_trials_is_whole_and_empty(path):
    writer(path).close()
    with ActivityReader(path) as reader:
        assert reader.frames("I1").shape == (0, 0, 3)
        assert reader.frames("I1", "free", epoch=4).shape == (0, 0, 3)
        assert list(reader.chunks("I1")) == []
        assert len(reader.trials()["epoch"]) == 0


def test_frames_are_gathered_correctly_when_they_lie_more_than_a_block_apart(path):
    one = PopulationInfo("one", 1, 1, "V1", "forward", "E")
    with writer(path, [one], ["free"]) as opened:
        for epoch in range(3):
            values = np.arange(BLOCK, dtype=float).reshape(1, BLOCK, 1) + 10_000 * epoch
            opened.append({"free": {"one": values}}, None, np.arange(BLOCK), epoch % 2)
    with ActivityReader(path) as reader:
        found = reader.frames("one", epoch=0)[:, 0, 0]
        backwards = reader.frames("one", epoch=0, trials=slice(None, None, -1))[:, 0, 0]
    expected = np.concatenate([np.arange(BLOCK), np.arange(BLOCK) + 20_000])
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(backwards, expected[::-1])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda f: f.pop("free") and f.pop("nudged"), "No phase was given"),
        (lambda f: f.update(fre=f.pop("free")), "did you mean 'free'"),
        (lambda f: f["free"].pop("I1"), "give exactly"),
        (lambda f: f["free"].update(E9=f["free"]["I1"]), "give exactly"),
        (
            lambda f: f["free"].update(I1=np.ones((1, 3, 4))),
            r"shape \(1, 3, 4\); give \(time, trial, neuron\) = \(1, 3, 3\)",
        ),
        (lambda f: f["free"].update(I1=np.ones((2, 3, 3))), r"shape \(2, 3, 3\)"),
        (lambda f: f["nudged"].update(I1=np.ones((2, 2, 3))), r"shape \(2, 2, 3\)"),
        (lambda f: f["free"].update(input=np.float64(1)), r"shape \(\)"),
    ],
)
def test_frames_that_do_not_fit_are_refused_and_leave_the_record_as_it_was(path, change, reason):
    rng = np.random.default_rng(0)
    good, bad = frames(rng), frames(rng)
    change(bad)
    with writer(path) as opened:
        opened.append(good, None, np.arange(3), 0)
        with pytest.raises(RecordError, match=reason):
            opened.append(bad, None, np.arange(3), 1)
        opened.append(good, None, np.arange(3), 2)
    with ActivityReader(path) as reader:
        assert set(reader.trials()["epoch"]) == {0, 2}


@pytest.mark.parametrize(
    ("label", "stimulus", "what"),
    [(np.arange(2), np.arange(3), "label"), (np.ones(3), np.arange(3), "label"), (None, np.ones(3), "stimulus")],
)
def test_a_label_or_stimulus_that_is_not_one_whole_number_a_trial_is_refused(path, label, stimulus, what):
    with writer(path) as opened, pytest.raises(RecordError, match=f"The {what} .* one whole number for each"):
        opened.append(frames(np.random.default_rng(0)), label, stimulus, 0)


@pytest.mark.parametrize("frame", [0.0, -1.0, float("nan"), float("inf")])
def test_a_frame_that_is_no_time_is_refused_and_nothing_is_written(path, frame):
    with pytest.raises(RecordError, match="positive time"):
        writer(path, frame=frame)
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize(("populations", "phases"), [([], PHASES), (2 * POPULATIONS, PHASES), (POPULATIONS, ["a", "a"])])
def test_names_that_are_missing_or_clash_are_refused(path, populations, phases):
    with pytest.raises(RecordError, match="at least one, and each once"):
        writer(path, populations, phases)


def test_a_misspelt_population_or_phase_is_answered_with_the_nearest(path):
    record_activity(path)
    with ActivityReader(path) as reader:
        with pytest.raises(RecordError, match="did you mean 'input'"):
            reader.frames("imput")
        with pytest.raises(RecordError, match="did you mean 'nudged'"):
            reader.frames("input", "nudge")


def test_a_toy_file_is_small_and_a_long_one_has_chunks_of_a_megabyte(path):
    record_activity(path)
    assert path.stat().st_size < 200_000
    big = [PopulationInfo("big", 1000, 1, "V1", "forward", "E")]
    with writer(path, big, ["free"]) as opened:
        opened.append({"free": {"big": np.zeros((1, 600, 1000), np.float32)}}, None, np.arange(600), 0)
    with h5py.File(path) as file:
        assert 0.5e6 < 4 * np.prod(file["report/big/data"].chunks) <= 2**20
    assert path.stat().st_size < 1.2 * 600 * 1000 * 4 + 2**20


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="resident memory is read from /proc")
def test_memory_stays_flat_while_a_run_becomes_ten_times_longer(path):
    """Forty megabytes are written and scanned after the first sixteen; neither Python nor HDF5 may keep them."""
    wide = [PopulationInfo("wide", 1000, 1, "V1", "forward", "E")]
    block = {"free": {"wide": np.ones((1, 100, 1000))}}
    peaks, residents = [], []
    tracemalloc.start()
    with writer(path, wide, ["free"]) as opened:
        for appends in (40, 100):
            tracemalloc.reset_peak()
            for epoch in range(appends):
                opened.append(block, None, np.arange(100), epoch)
            peaks.append(tracemalloc.get_traced_memory()[1])
            residents.append(resident())
    with ActivityReader(path) as reader:
        tracemalloc.reset_peak()
        assert sum(len(rows) for rows in reader.chunks("wide", 500)) == 14_000
        scan = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0] + 100_000
    assert residents[1] - residents[0] < 8_000_000
    assert scan < 3 * 500 * 1000 * 4 + 2_000_000


def test_libsonata_reads_populations_neurons_and_frames(path):
    libsonata = pytest.importorskip("libsonata")
    recorded = record_activity(path)
    nodes = libsonata.NodeStorage(str(path)).open_population("I1")
    every = libsonata.Selection(range(nodes.size))
    assert nodes.size == 3
    assert list(nodes.get_attribute("cell_type", every)) == ["I"] * 3
    assert list(nodes.get_attribute("role", every)) == ["forward"] * 3
    assert list(nodes.get_attribute("sign", every)) == [-1] * 3
    report = libsonata.ElementReportReader(str(path))["I1"]
    assert (report.times, report.time_units, report.data_units) == ((0.0, float(ROWS), 1.0), "ms", "normalised")
    found = report.get(tstart=1, tstop=2)
    np.testing.assert_array_equal(found.data, recorded[0]["nudged"]["I1"][:, 0].astype(np.float32))
