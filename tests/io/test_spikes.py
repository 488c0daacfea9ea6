"""Aims at spikes that move in time, change their neuron or trial, vanish, or take the record with them when a run breaks off."""

from __future__ import annotations

import errno
import os
import tracemalloc
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bio_fa.errors import RecordError
from bio_fa.io.activity import ActivityReader, ActivityWriter
from bio_fa.io.spikes import BLOCK, SORTING, in_order
from tests.io.recording import POPULATIONS, elsewhere, frames
from tests.io.test_deceit import external_storage, foreign_filter, virtual

SPIKING = ("input", "I1")
SIZES = {info.name: info.size for info in POPULATIONS}
STEPS = {"free": 20, "nudged": 30}
FRAMES = (("free", 2), ("nudged", 3))
DT, FRAME = 1e-3, 10e-3


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "activity.h5"


def writer(path, **how) -> ActivityWriter:
    return ActivityWriter(path, POPULATIONS, tuple(STEPS), **{"frame": FRAME, "spiking": SPIKING, "dt": DT, **how})


def events(rng, trials=3, rate=0.1, phases=STEPS) -> dict[str, dict[str, np.ndarray]]:
    """Random spikes, in the order in which a simulation gives them."""
    fired = {name: {each: rng.random((steps, trials, SIZES[each])) < rate for each in SPIKING} for name, steps in phases.items()}
    return {phase: {name: np.argwhere(spikes) for name, spikes in each.items()} for phase, each in fired.items()}


def append(opened, spikes, epoch=0, trials=3):
    rng = np.random.default_rng(epoch)
    opened.append(frames(rng, FRAMES, trials), np.arange(trials), np.arange(trials), epoch, spikes)


def record(path, appends=2, trials=3) -> list[dict]:
    """Write an append an epoch; return the spikes."""
    recorded = [events(np.random.default_rng(epoch), trials) for epoch in range(appends)]
    with writer(path) as opened:
        for epoch, spikes in enumerate(recorded):
            append(opened, spikes, epoch, trials)
    return recorded


def found(reader, name, **chosen) -> list[tuple[int, int, int]]:
    """Return (trial, step, neuron) of what a reader gives."""
    spikes = reader.spikes(name, **chosen)
    np.testing.assert_allclose(spikes.time / DT, np.rint(spikes.time / DT), rtol=0, atol=1e-9)
    return list(zip(spikes.trial.tolist(), np.rint(spikes.time / DT).astype(int).tolist(), spikes.neuron.tolist(), strict=True))


def expected(spikes, trials=range(3), first=0) -> list[tuple[int, int, int]]:
    """Return (trial, step, neuron) of a phase's spikes, in the order of a file."""
    return sorted((trials.index(trial), first + step, neuron) for step, trial, neuron in spikes.tolist() if trial in trials)


def test_every_dataset_and_attribute_is_what_sonata_demands(path):
    record(path)
    with h5py.File(path) as file:
        assert set(file["spikes"]) == set(SPIKING), "only those that spike"
        for name in SPIKING:
            group = file[f"spikes/{name}"]
            assert (group["timestamps"].dtype.str, group["node_ids"].dtype.str) == ("<f8", "<u8")
            assert group["timestamps"].shape == group["node_ids"].shape
            assert group["timestamps"].maxshape == (None,)
            assert group["timestamps"].compression is None
            assert group["timestamps"].attrs["units"] == b"ms"
            kind = group.attrs.get_id("sorting").dtype
            assert h5py.check_enum_dtype(kind) == {"none": 0, "by_id": 1, "by_time": 2}
            assert (kind.kind, group.attrs["sorting"], group.attrs["dt"]) == ("u", 2, 1.0)


def test_a_spike_stands_at_its_phases_start_plus_its_step(path):
    """One spike in step 3 of each phase of two trials of 20 + 30 steps, worked out by hand."""
    one = {phase: {"input": np.array([[3, 0, 1], [3, 1, 2]]), "I1": np.zeros((0, 3), int)} for phase in STEPS}
    with writer(path) as opened:
        append(opened, one, trials=2)
        append(opened, one, trials=2)
    with h5py.File(path) as file:
        assert file["spikes/input/timestamps"][:].tolist() == [3, 23, 53, 73, 103, 123, 153, 173]
        assert file["spikes/input/node_ids"][:].tolist() == [1, 1, 2, 2, 1, 1, 2, 2]
        assert file["spikes/I1/timestamps"].shape == (0,)


def test_the_first_and_the_last_step_of_a_phase_belong_to_it_on_the_axis_of_the_frames(path):
    nothing = np.zeros((0, 3), int)
    ends = {phase: {"input": np.array([[0, 0, 0], [steps - 1, 0, 1]]), "I1": nothing} for phase, steps in STEPS.items()}
    with writer(path) as opened:
        append(opened, ends, trials=1)
    with h5py.File(path) as file:
        start, stop = file["trials/start_time"][:], file["trials/stop_time"][:]
        times = file["spikes/input/timestamps"][:].reshape(2, 2)
    assert (times[:, 0] == start).all()
    assert (times[:, 1] < stop).all()
    assert (stop - times[:, 1] == pytest.approx(1.0)), "one time step"


def test_times_are_one_product_and_one_sum_that_do_not_drift():
    """A million trials of 0.7 ms a step: each time is within half a bit of start + step · dt, computed exactly in whole numbers."""
    trials = 10**6
    starts = np.arange(trials, dtype=float)[:, None] * (10 * 0.7)
    spikes = np.stack([np.full(trials, 7), np.arange(trials), np.zeros(trials, int)], axis=1)
    times = in_order([spikes], starts, 0.7)["timestamps"]
    exact = (np.arange(trials) * 10 + 7) * 7 / 10
    np.testing.assert_allclose(times, exact, rtol=4e-16, atol=0)


def test_spikes_are_sorted_by_time_over_all_appends(path):
    record(path, appends=4)
    with h5py.File(path) as file:
        for name in SPIKING:
            assert (np.diff(file[f"spikes/{name}/timestamps"][:]) >= 0).all()


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    trials=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    rate=st.sampled_from([0.0, 0.03, 0.5]),
    data=st.data(),
)
def test_what_was_appended_comes_back(tmp_path_factory, seed, trials, rate, data):
    path, rng = tmp_path_factory.mktemp("round") / "activity.h5", np.random.default_rng(seed)
    recorded = [events(rng, count, rate) for count in trials]
    with writer(path) as opened:
        for epoch, (spikes, count) in enumerate(zip(recorded, trials, strict=True)):
            append(opened, spikes, epoch, count)
    name, phase = data.draw(st.sampled_from(SPIKING)), data.draw(st.sampled_from(tuple(STEPS)))
    epoch, chosen = data.draw(st.integers(0, len(trials) - 1)), data.draw(st.slices(4))
    picked = list(range(trials[epoch])[chosen])
    with ActivityReader(path) as reader:
        assert reader.spiking == SPIKING
        spikes = recorded[epoch][phase][name]
        assert found(reader, name, phase=phase, epoch=epoch) == expected(spikes, range(trials[epoch]))
        assert sorted(found(reader, name, phase=phase, epoch=epoch, trials=chosen)) == expected(spikes, picked)
        whole = expected(recorded[epoch]["free"][name], picked) + expected(recorded[epoch]["nudged"][name], picked, STEPS["free"])
        assert sorted(found(reader, name, epoch=epoch, trials=chosen)) == sorted(whole)
        assert len(reader.spikes(name).time) == sum(len(each[phase][name]) for each in recorded for phase in STEPS)
        assert len(reader.spikes(name).trial) == len(reader.spikes(name).neuron)


def test_the_times_of_a_phase_are_seconds_exact_to_the_step(path):
    record(path, appends=30)
    with ActivityReader(path) as reader:
        times = reader.spikes("input", "nudged", epoch=29).time
    assert set(times.tolist()) <= {step * 1.0 / 1e3 for step in range(30)}


def test_spikes_and_frames_of_the_same_choice_are_of_the_same_trials(path):
    """The input's frames are made of its spikes, so that any shift between the two shows."""
    rng = np.random.default_rng(5)
    spikes = events(rng, trials=4, rate=0.2)
    taken = frames(rng, FRAMES, 4)
    for phase, steps in STEPS.items():
        raster = np.zeros((steps, 4, SIZES["input"]))
        raster[tuple(spikes[phase]["input"].T)] = 1
        taken[phase]["input"] = raster.reshape(-1, 10, 4, SIZES["input"]).sum(axis=1)
    with writer(path) as opened:
        for epoch in range(3):
            opened.append(taken, None, np.arange(4), epoch, spikes)
    with ActivityReader(path) as reader:
        counts = reader.frames("input", epoch=1, trials=slice(3, None, -2))
        fired = reader.spikes("input", epoch=1, trials=slice(3, None, -2))
    again = np.zeros_like(counts)
    np.add.at(again, (fired.trial, (fired.time / FRAME + 1e-9).astype(int), fired.neuron), 1)
    np.testing.assert_array_equal(again, counts)


def test_spikes_longer_than_a_block_are_read_in_blocks_and_lose_nothing(path):
    steps = np.repeat(np.arange(20), 3 * 4 * 1000)
    many = np.stack([steps, np.tile(np.repeat(np.arange(3), 4 * 1000), 20), np.tile(np.arange(4), 20 * 3 * 1000)], axis=1)
    with writer(path) as opened:
        append(opened, {phase: {"input": many, "I1": np.zeros((0, 3), int)} for phase in STEPS})
    with ActivityReader(path) as reader:
        blocks = list(reader.spike_chunks("input", "free"))
        assert len(many) > 3 * BLOCK
        assert len(blocks) > 3 and max(len(each.time) for each in blocks) <= BLOCK
        counts = np.bincount(np.concatenate([each.trial for each in blocks]))
    assert counts.tolist() == [20 * 4 * 1000] * 3


def test_a_file_without_trials_is_whole_and_has_no_spikes(path):
    writer(path).close()
    with ActivityReader(path) as reader:
        assert reader.spiking == SPIKING
        assert [len(each) for each in reader.spikes("input", "free", epoch=3)] == [0, 0, 0]


def test_a_record_of_rates_has_no_spikes(path):
    with writer(path, spiking=()) as opened:
        append(opened, None)
    with h5py.File(path) as file:
        assert "spikes" not in file
    with ActivityReader(path) as reader:
        assert reader.spiking == ()
        with pytest.raises(RecordError, match="holds no spikes of 'input'; known are: none"):
            reader.spikes("input")


def test_a_misspelt_name_is_answered_with_the_nearest(path):
    record(path)
    with ActivityReader(path) as reader:
        with pytest.raises(RecordError, match="did you mean 'input'"):
            reader.spikes("imput")
        with pytest.raises(RecordError, match="no spikes of 'FE1'"):
            reader.spikes("FE1")
        with pytest.raises(RecordError, match="did you mean 'nudged'"):
            reader.spikes("input", "nudge")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda s: s.pop("free"), "give exactly those of"),
        (lambda s: s["free"].pop("I1"), "give exactly those of"),
        (lambda s: s["free"].update(FE1=s["free"]["I1"]), "give exactly those of"),
        (lambda s: s["free"].update(I1=np.array([[20, 0, 0]])), r"up to, but without, \[20, 3, 3\]"),
        (lambda s: s["free"].update(I1=np.array([[0, 3, 0]])), r"up to \[0, 3, 0\]"),
        (lambda s: s["nudged"].update(I1=np.array([[29, 2, 3]])), r"up to, but without, \[30, 3, 3\]"),
        (lambda s: s["nudged"].update(I1=np.array([[-1, 0, 0]])), "those from 0"),
        (lambda s: s["nudged"].update(I1=np.array([[1.0, 0, 0]])), "whole numbers"),
        (lambda s: s["nudged"].update(I1=np.zeros((4, 2), int)), r"shape \(4, 2\)"),
    ],
)
def test_spikes_that_do_not_fit_are_refused_and_leave_the_record_as_it_was(path, change, reason):
    good, bad = (events(np.random.default_rng(0)) for _ in range(2))
    change(bad)
    with writer(path) as opened:
        append(opened, good, 0)
        with pytest.raises(RecordError, match=reason):
            append(opened, bad, 1)
        append(opened, good, 2)
    with ActivityReader(path) as reader:
        assert sorted(set(reader.trials()["epoch"].tolist())) == [0, 2]
        assert found(reader, "I1", phase="free", epoch=2) == expected(good["free"]["I1"])


@pytest.mark.parametrize("dt", [3e-3, 20e-3, 1.5e-3])
def test_a_time_step_that_does_not_divide_a_frame_is_refused(path, dt):
    with pytest.raises(RecordError, match="does not divide a frame"):
        writer(path, dt=dt)
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("call", range(1, 15))
@pytest.mark.parametrize("interruption", [KeyboardInterrupt, MemoryError])
def test_an_append_that_is_interrupted_anywhere_counts_as_never_begun(path, monkeypatch, call, interruption):
    """Fourteen tables grow with an append: three populations' frames, two of spikes with two columns each, seven of trials."""
    from bio_fa.io.tables import extend

    calls = []

    def failing(table, rows, wrote=None):
        calls.append(table)
        extend(table, rows[: len(rows) // 2])
        if len(calls) == call:
            raise interruption
        extend(table, rows[len(rows) // 2 :])

    spikes = [events(np.random.default_rng(epoch)) for epoch in range(3)]
    with writer(path) as opened:
        append(opened, spikes[0], 0)
        with monkeypatch.context() as patched, pytest.raises(interruption):
            patched.setattr("bio_fa.io.activity_writer.extend", failing)
            patched.setattr("bio_fa.io.spikes.extend", failing)
            append(opened, spikes[1], 1)
        append(opened, spikes[2], 2)
    with ActivityReader(path) as reader:
        assert sorted(set(reader.trials()["epoch"].tolist())) == [0, 2]
        for name in SPIKING:
            for epoch in (0, 2):
                for phase in STEPS:
                    assert found(reader, name, phase=phase, epoch=epoch) == expected(spikes[epoch][phase][name])


def test_a_disk_without_room_for_the_spikes_refuses_them_before_they_are_written(path, monkeypatch):
    from bio_fa.io import hdf5

    real, asked = hdf5.allocate, []

    def allocate(handle, start, size):
        asked.append(size)
        if size > 2**21:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle, start, size)

    many = np.zeros((200_000, 3), int)
    few = events(np.random.default_rng(0))
    with writer(path) as opened:
        append(opened, few)
        monkeypatch.setattr(hdf5, "allocate", allocate)
        with pytest.raises(RecordError, match="No space left"):
            append(opened, {phase: {"input": many, "I1": many} for phase in STEPS}, 1)
        monkeypatch.undo()
    assert max(asked) > 4 * 16 * len(many)
    with ActivityReader(path) as reader:
        assert found(reader, "input", phase="free") == expected(few["free"]["input"])


def replace_values(file, name, values):
    attributes = dict(file[name].attrs)
    del file[name]
    file.create_dataset(name, data=values, chunks=True, maxshape=(None,)).attrs.update(attributes)


def shuffled(file):
    file["spikes/input/timestamps"][:] = file["spikes/input/timestamps"][:][::-1]


def first_time(value):
    def tamper(file):
        file["spikes/input/timestamps"][0] = value

    return tamper


def last_time(value):
    def tamper(file):
        file["spikes/input/timestamps"][-1] = value

    return tamper


@pytest.mark.parametrize(
    ("tamper", "reason"),
    [
        (shuffled, "contradict themselves"),
        (first_time(-1.0), "contradict themselves"),
        (first_time(np.nan), "contradict themselves"),
        (last_time(np.nan), "contradict themselves"),
        (last_time(np.inf), "contradict themselves"),
        (lambda f: f["spikes/input/node_ids"].write_direct(np.full(f["spikes/input/node_ids"].shape, 4, "u8")), "contradict"),
        (lambda f: f["spikes/input/node_ids"].resize(5, axis=0), "contradict themselves"),
        (lambda f: f["spikes/input/timestamps"].resize(5, axis=0), "contradict themselves"),
        (lambda f: f["spikes/input/timestamps"].attrs.__setitem__("units", np.bytes_(b"s")), "contradict themselves"),
        (lambda f: f["spikes/input"].attrs.__setitem__("dt", 0.0), "contradict themselves"),
        (lambda f: f["spikes/input"].attrs.__setitem__("dt", np.nan), "contradict themselves"),
        (lambda f: f["spikes/input"].attrs.__setitem__("dt", "1"), "not of type float"),
        (lambda f: f["spikes/input"].attrs.__setitem__("sorting", np.uint8(SORTING["by_id"])), "contradict themselves"),
        (lambda f: f["spikes/input"].attrs.__delitem__("sorting"), "cannot be read"),
        (lambda f: f["spikes/input/timestamps"].attrs.__delitem__("units"), "cannot be read"),
        (lambda f: f["spikes/input"].pop("node_ids"), "cannot be read"),
        (lambda f: replace_values(f, "spikes/input/node_ids", np.zeros(9)), "right type"),
        (lambda f: replace_values(f, "spikes/input/timestamps", np.arange(9)), "right type"),
        (lambda f: foreign_filter(f, "spikes/input/node_ids"), "a filter other than gzip"),
    ],
)
def test_spikes_that_are_not_what_they_claim_are_refused(path, tamper, reason):
    record(path)
    with h5py.File(path, "a") as file:
        tamper(file)
    with ActivityReader(path) as reader:
        with pytest.raises(RecordError, match=reason):
            reader.spikes("input")
        assert len(reader.frames("input")), "what is whole is read"


@pytest.mark.parametrize("tamper", [external_storage, virtual], ids=lambda each: each.__name__)
def test_spikes_of_another_file_are_refused(path, tamper):
    record(path)
    with h5py.File(path, "a") as file:
        tamper(file, "spikes/input/timestamps")
    with ActivityReader(path) as reader, pytest.raises(RecordError, match="from another file|right type"):
        reader.spikes("input")


def test_a_link_to_spikes_elsewhere_is_not_followed(path):
    record(path)
    with h5py.File(path, "a") as file:
        other = elsewhere(file, "spikes/input/timestamps")
        file["spikes/input/timestamps"] = h5py.ExternalLink(str(other), "/spikes/input/timestamps")
    with ActivityReader(path) as reader, pytest.raises(RecordError, match="a link to elsewhere"):
        reader.spikes("input")


def test_a_file_that_claims_more_spikes_than_it_holds_is_refused(path):
    record(path)
    with h5py.File(path, "a") as file:
        for key, dtype in (("timestamps", "f8"), ("node_ids", "u8")):
            del file[f"spikes/input/{key}"]
            file.create_dataset(f"spikes/input/{key}", (10**12,), dtype, chunks=(1024,)).attrs["units"] = np.bytes_("ms")
    with ActivityReader(path) as reader, pytest.raises(RecordError, match="claims more values"):
        reader.spikes("input")


def test_spikes_behind_the_last_trial_belong_to_none(path):
    """What a crash left behind the committed trials."""
    (spikes,) = record(path, appends=1)
    with h5py.File(path, "a") as file:
        for key, value in (("timestamps", 1e6), ("node_ids", 0)):
            table = file[f"spikes/input/{key}"]
            table.resize(len(table) + 3, axis=0)
            table[-3:] = value
    with ActivityReader(path) as reader:
        assert found(reader, "input", phase="free") == expected(spikes["free"]["input"])
        assert len(reader.spikes("input").time) == sum(len(spikes[phase]["input"]) for phase in STEPS)


def test_memory_stays_flat_while_a_run_becomes_ten_times_longer(path):
    """Some 40 MB of spikes are written and read a block at a time."""
    wide, rng = np.zeros((40_000, 3), int), np.random.default_rng(0)
    wide[:, 0] = rng.integers(20, size=len(wide))
    spikes = {phase: {"input": wide, "I1": wide[:0]} for phase in STEPS}
    peaks = []
    tracemalloc.start()
    with writer(path) as opened:
        for appends in (3, 30):
            tracemalloc.reset_peak()
            for epoch in range(appends):
                append(opened, spikes, epoch)
            peaks.append(tracemalloc.get_traced_memory()[1])
    with ActivityReader(path) as reader:
        tracemalloc.reset_peak()
        assert sum(len(each.time) for each in reader.spike_chunks("input")) == 33 * 2 * len(wide)
        scan = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size > 40e6
    assert peaks[1] < 1.2 * peaks[0] + 100_000
    assert scan < 100 * BLOCK


def test_libsonata_reads_the_spikes(path):
    libsonata = pytest.importorskip("libsonata")
    record(path)
    population = libsonata.SpikeReader(str(path))["input"]
    spikes = population.get_dict()
    with h5py.File(path) as file:
        assert population.sorting == "by_time"
        np.testing.assert_array_equal(spikes["timestamps"], file["spikes/input/timestamps"])
        np.testing.assert_array_equal(spikes["node_ids"], file["spikes/input/node_ids"])
