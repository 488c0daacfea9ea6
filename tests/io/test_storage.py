"""Aims at values that change beyond their stated precision, and at packed files that take more room or memory than plain ones.

The truth is IEEE 754: half precision has 11 significant bits and ends at 65504.
"""

from __future__ import annotations

import tracemalloc
from itertools import product
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bio_fa.errors import RecordError
from bio_fa.io.activity import ActivityReader, ActivityWriter, PopulationInfo
from bio_fa.io.whole import assemble
from tests.io.recording import PHASES, POPULATIONS, frames

ONE = PopulationInfo("one", 1, 1, "V1", "forward", "E")
OPTIONS = list(product(("float32", "float16"), ("none", "gzip")))


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "activity.h5"


def record(path: Path, appends: range = range(2), after: tuple[int, int] = (0, 0), **options) -> list[dict]:
    """Write an append an epoch, with spikes of every neuron of I1 in every step; return the frames."""
    recorded, at = [frames(np.random.default_rng(epoch)) for epoch in appends], [[0, 0, 0], [0, 1, 2], [0, 2, 1]]
    with ActivityWriter(path, POPULATIONS, PHASES, 1e-3, spiking=["I1"], after=after, **options) as opened:
        for epoch, each in zip(appends, recorded, strict=True):
            opened.append(each, None, np.arange(3), epoch, {phase: {"I1": np.array(at)} for phase in PHASES})
    return recorded


@pytest.mark.parametrize(("precision", "compression"), OPTIONS)
def test_frames_come_back_as_float32_within_half_a_bit_of_their_precision(path, precision, compression):
    recorded = record(path, precision=precision, compression=compression)
    with ActivityReader(path) as reader:
        for info in POPULATIONS:
            expected = np.concatenate([each["nudged"][info.name].swapaxes(0, 1) for each in recorded])
            for found in (reader.frames(info.name, "nudged"), reader.block(info.name, slice(None), slice(1, 3), slice(None))):
                assert found.dtype == np.float32
                np.testing.assert_allclose(found, expected, rtol=2.0**-11 if precision == "float16" else 2.0**-24, atol=0)
            assert {rows.dtype for rows in reader.chunks(info.name)} == {np.dtype(np.float32)}
        assert reader.spikes("I1", "free").neuron.tolist() == [0, 2, 1] * 2


@pytest.mark.parametrize(("precision", "compression"), OPTIONS)
def test_the_file_says_its_precision_and_packs_frames_and_spikes_only(path, precision, compression):
    record(path, precision=precision, compression=compression)
    packed = None if compression == "none" else "gzip"
    with h5py.File(path) as file:
        data, spikes = file["report/I1/data"], file["spikes/I1"]
        assert (data.dtype, data.compression, data.shuffle) == (np.dtype(precision), packed, False)
        for each in spikes.values():
            assert (each.compression, each.shuffle) == (packed, compression == "gzip")
            assert each.compression_opts == (None if compression == "none" else 1)
        others = [file["trials/start_time"], file["nodes/I1/node_id"], file["report/I1/mapping/time"]]
        assert {each.compression for each in others} == {None}


@pytest.mark.parametrize(("precision", "compression"), OPTIONS)
def test_segments_stay_as_they_are_stored_when_they_become_one(tmp_path, precision, compression):
    options, parts = {"precision": precision, "compression": compression}, [tmp_path / "0.h5", tmp_path / "1.h5"]
    record(parts[0], range(1), **options)
    with ActivityReader(parts[0]) as first:
        record(parts[1], range(1, 2), first.end, **options)
    assemble(parts, tmp_path / "activity.h5")
    record(tmp_path / "once.h5", **options)
    with h5py.File(tmp_path / "activity.h5") as found, h5py.File(tmp_path / "once.h5") as expected:
        for name in ("report/I1/data", "spikes/I1/timestamps"):
            assert (found[name].dtype, found[name].compression) == (expected[name].dtype, expected[name].compression)
            assert np.array_equal(found[name], expected[name])


@settings(max_examples=60, deadline=None)
@given(value=st.floats(width=32, allow_nan=False))
def test_a_value_that_half_precision_does_not_reach_is_refused_and_every_other_kept(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("half") / "activity.h5"
    values = {"free": {"one": np.full((1, 1, 1), value)}}
    with ActivityWriter(path, [ONE], ["free"], 1e-3, precision="float16") as opened:
        if abs(value) > 65504:
            with pytest.raises(RecordError, match="'one' in phase 'free' reaches beyond 65504"):
                opened.append(values, None, np.arange(1), 0)
        else:
            opened.append(values, None, np.arange(1), 0)
    with ActivityReader(path) as reader:
        expected = [] if abs(value) > 65504 else [np.float16(value)]
        assert reader.frames("one").ravel().tolist() == expected


@pytest.mark.parametrize("value", [65504.5, -65519.0, 1e5, np.inf, -np.inf])
def test_what_half_precision_cannot_hold_is_refused_even_beside_a_value_that_is_no_number(path, value):
    values = np.array([np.nan, value, 65504.0]).reshape(3, 1, 1)
    with ActivityWriter(path, [ONE], ["free"], 1e-3, precision="float16") as opened:
        with pytest.raises(RecordError, match="record it as float32"):
            opened.append({"free": {"one": values}}, None, np.arange(1), 0)
        opened.append({"free": {"one": values[::2]}}, None, np.arange(1), 0)
    with ActivityReader(path) as reader:
        np.testing.assert_array_equal(reader.frames("one").ravel(), [np.nan, 65504.0])


def test_spikes_pack_to_a_third_and_half_precision_halves_frames(path):
    """Times of a regular step and numbers of neurons have bytes that repeat; those of activity do not."""
    rng, wide = np.random.default_rng(0), PopulationInfo("wide", 1000, 1, "V1", "forward", "E")
    spikes, sizes = np.argwhere(rng.random((500, 1, 1000)) < 0.1), {}
    for precision, compression in OPTIONS:
        options = {"precision": precision, "compression": compression}
        with ActivityWriter(path, [wide], ["free"], 1e-3, spiking=["wide"], **options) as opened:
            opened.append({"free": {"wide": rng.random((500, 1, 1000))}}, None, np.arange(1), 0, {"free": {"wide": spikes}})
        with h5py.File(path) as file:
            stored = [file[f"spikes/wide/{key}"].id.get_storage_size() for key in ("timestamps", "node_ids")]
            sizes[precision, compression] = file["report/wide/data"].id.get_storage_size(), sum(stored)
        path.unlink()
    assert sizes["float16", "none"][0] < 0.6 * sizes["float32", "none"][0]
    assert sizes["float32", "gzip"][1] < sizes["float32", "none"][1] / 3


def test_a_packed_record_that_unpacks_to_a_hundred_times_its_size_is_read_a_block_at_a_time(path):
    """Neurons that stay silent pack to almost nothing: 80 MB of frames are read with the memory of a twentieth."""
    wide = PopulationInfo("wide", 2000, 1, "V1", "forward", "E")
    silence = {"free": {"wide": np.zeros((1, 1000, 2000), np.float32)}}
    with ActivityWriter(path, [wide], ["free"], 1e-3, compression="gzip") as opened:
        for epoch in range(10):
            opened.append(silence, None, np.arange(1000), epoch)
    with h5py.File(path) as file:
        assert 100 * file["report/wide/data"].id.get_storage_size() < file["report/wide/data"].nbytes
    with ActivityReader(path) as reader:
        tracemalloc.start()
        assert sum(np.count_nonzero(rows == 0) for rows in reader.chunks("wide", 200)) == 20_000_000
        assert not reader.block("wide", slice(0, 3), slice(None), slice(7, 8)).any()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 4e6


@pytest.mark.parametrize(("option", "said"), [({"precision": "float61"}, "mean 'float16'"), ({"compression": "lzf"}, "gzip, none")])
def test_what_readers_could_not_read_is_refused_and_nothing_is_written(path, option, said):
    with pytest.raises(RecordError, match=f"cannot be stored as .*{said}"):
        ActivityWriter(path, [ONE], ["free"], 1e-3, **option)
    assert list(path.parent.iterdir()) == []
