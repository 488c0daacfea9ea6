"""Failure aimed at: segments of a record that, put together, are not the record that one file would have held."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import h5py
import numpy as np
import pytest

from bio_fa.errors import RecordError
from bio_fa.io.activity import ActivityReader, ActivityWriter
from bio_fa.io.nodes import PopulationInfo
from bio_fa.io.weights import SynapseInfo, WeightsReader, WeightsWriter
from bio_fa.io.whole import assemble, assembled, rename
from bio_fa.synapses import Synapses
from tests.faults.damaged_runs import values

POPULATIONS = [PopulationInfo("E", 3, 1, "V1", "forward", "E"), PopulationInfo("I", 2, -1, "V1", "forward", "I")]
PHASES = ("free", "nudged")
STEP = 1e-3 / 3
"""Seconds per time step: no binary fraction, nor are the times of its spikes."""


def write(path: Path, epochs: range, after: tuple[int, int] = (0, 0)) -> Path:
    """Write the trials of some epochs, 2 each, in frames of 3 steps; every neuron spikes at random."""
    with ActivityWriter(path, POPULATIONS, PHASES, 3 * STEP, spiking=["E"], dt=STEP, windows=[STEP] * 2, after=after) as writer:
        for epoch in epochs:
            rng = np.random.default_rng(epoch)
            frames = {phase: {each.name: rng.random((4, 2, each.size)) for each in POPULATIONS} for phase in PHASES}
            fired = {phase: {"E": np.argwhere(rng.random((12, 2, 3)) < 0.3)} for phase in PHASES}
            writer.append(frames, np.arange(2), np.arange(2), epoch, fired)
    return path


def weigh(path: Path, names: tuple[str, ...]) -> Path:
    """Write snapshots of a plastic and a fixed projection."""
    synapses = [SynapseInfo("a", "E", "I", 1, "basal", True, 0.3), SynapseInfo("b", "I", "E", -1, "basal", False, 1 / 3)]
    mask = np.array([[True, False], [True, True]])
    with WeightsWriter(path, synapses) as writer:
        writer.masks({name: Synapses(mask, mask) for name in "ab"})
        for name in names:
            plastic = np.random.default_rng(len(name)).random((2, 2), dtype=np.float32)
            held = {"a": Synapses(plastic, mask), "b": Synapses(mask / np.float32(3), mask)}
            writer.snapshot(name, len(name), len(name) / 3, held)
    return path


@pytest.mark.parametrize("cuts", [(6,), (1, 2, 6), (3, 6)])
def test_segments_of_activity_make_the_file_that_would_have_been_written_at_once(tmp_path, cuts):
    pieces, after, start = [], (0, 0), 0
    for number, stop in enumerate(cuts):
        pieces.append(write(tmp_path / f"activity-{number:06d}.h5", range(start, stop), after))
        with ActivityReader(pieces[-1]) as reader:
            start, after = stop, reader.end
    assemble(pieces, tmp_path / "activity.h5")
    found, expected = values(tmp_path / "activity.h5"), values(write(tmp_path / "whole.h5", range(6)))
    assert found.keys() == expected.keys()
    for key in expected:
        np.testing.assert_array_equal(found[key], expected[key], err_msg=key)
        assert np.asarray(found[key]).dtype == np.asarray(expected[key]).dtype
    with h5py.File(tmp_path / "activity.h5") as file:
        mapping = file["report/E/mapping"]
        assert mapping["index_pointer"] == mapping["index_pointers"], "one dataset of two names, as bmtk wants"
    with ActivityReader(tmp_path / "activity.h5") as one, ActivityReader(tmp_path / "whole.h5") as other:
        for first, second in zip(one.spikes("E", "nudged"), other.spikes("E", "nudged"), strict=True):
            np.testing.assert_array_equal(first, second)


def test_a_segment_that_goes_on_where_another_ended_is_itself_a_whole_file(tmp_path):
    first = write(tmp_path / "first.h5", range(2))
    with ActivityReader(first) as reader:
        assert reader.end == (2 * 2 * 8, 4)
        second = write(tmp_path / "second.h5", range(2, 4), reader.end)
    write(tmp_path / "whole.h5", range(4))
    with ActivityReader(second) as reader, ActivityReader(tmp_path / "whole.h5") as whole:
        assert np.unique(reader.trials()["epoch"]).tolist() == [2, 3]
        np.testing.assert_array_equal(reader.frames("E", "nudged", epoch=3), whole.frames("E", "nudged", epoch=3))
        for one, other in zip(reader.spikes("E", "free", epoch=3), whole.spikes("E", "free", epoch=3), strict=True):
            np.testing.assert_array_equal(one, other)


def test_segments_of_weights_make_the_file_that_would_have_been_written_at_once(tmp_path):
    pieces = [weigh(tmp_path / "1.h5", ("one", "fifth")), weigh(tmp_path / "2.h5", ("snapshot",))]
    assemble(pieces, tmp_path / "weights.h5")
    found, expected = values(tmp_path / "weights.h5"), values(weigh(tmp_path / "whole.h5", ("one", "fifth", "snapshot")))
    assert found.keys() == expected.keys()
    for key in expected:
        np.testing.assert_array_equal(found[key], expected[key], err_msg=key)
    with h5py.File(tmp_path / "weights.h5") as file:
        assert file["snapshots/snapshot/b"] == file["snapshots/one/b"], "a fixed projection is stored once"
    with WeightsReader(tmp_path / "weights.h5") as reader:
        assert [each.name for each in reader.snapshots] == ["one", "fifth", "snapshot"]


def test_a_segment_of_weights_that_an_error_ended_before_its_first_snapshot_adds_none(tmp_path):
    synapses = [SynapseInfo("a", "E", "I", 1, "basal", True, 0.3), SynapseInfo("b", "I", "E", -1, "basal", False, 1 / 3)]
    WeightsWriter(tmp_path / "empty.h5", synapses).close()
    assemble([tmp_path / "empty.h5"], tmp_path / "weights.h5")
    with WeightsReader(tmp_path / "weights.h5") as reader:
        assert reader.snapshots == [] and [each.name for each in reader.synapses] == ["a", "b"]
    assemble([weigh(tmp_path / "1.h5", ("one",)), tmp_path / "empty.h5"], tmp_path / "weights.h5")
    with WeightsReader(tmp_path / "weights.h5") as reader:
        assert [each.name for each in reader.snapshots] == ["one"]


def test_segments_that_do_not_follow_each_other_are_refused_and_leave_no_file(tmp_path):
    pieces = [write(tmp_path / "1.h5", range(2)), write(tmp_path / "2.h5", range(2, 3), after=(40, 4))]
    with pytest.raises(RecordError, match="2.h5 does not go on where the segment before it ended"):
        assemble(pieces, tmp_path / "activity.h5")
    assert {each.name for each in tmp_path.iterdir()} == {"1.h5", "2.h5"}


def elsewhere(path: Path) -> Path:
    """Write a file into which a link can lead: tables that grow."""
    with h5py.File(path, "w") as file:
        for name, dtype, shape in (("times", "f8", (5,)), ("neurons", "u8", (5,)), ("data", "f4", (5, 2))):
            file.create_dataset(name, shape, dtype, maxshape=(None, *shape[1:]), chunks=True)
        file["axis"] = np.array([0.0, 0.0, 1.0])
        file["spikes/timestamps"], file["spikes/node_ids"] = file["times"], file["neurons"]
    return path


LINKS = {
    "spikes/E/timestamps": "times",
    "spikes/E": "spikes",
    "report/I/data": "data",
    "report/I/mapping/time": "axis",
    "trials/label": "neurons",
}


@pytest.mark.parametrize("segment", [0, 1])
@pytest.mark.parametrize("name", LINKS)
def test_segments_do_not_lead_out_of_themselves_what_is_appended_or_read(tmp_path, name, segment):
    pieces = [write(tmp_path / "1.h5", range(2)), write(tmp_path / "2.h5", range(2, 3), (32, 4))]
    other = elsewhere(tmp_path / "other.h5")
    before = other.read_bytes()
    with h5py.File(pieces[segment], "r+") as file:
        file.pop(name, None)
        file[name] = h5py.ExternalLink(str(other), LINKS[name])
    with pytest.raises(RecordError, match="a link to elsewhere"):
        assemble(pieces, tmp_path / "activity.h5")
    assert other.read_bytes() == before
    assert {each.name for each in tmp_path.iterdir()} == {"1.h5", "2.h5", "other.h5"}


def test_spikes_of_no_population_are_not_followed_out_of_segments(tmp_path):
    pieces = [write(tmp_path / "1.h5", range(2)), write(tmp_path / "2.h5", range(2, 3), (32, 4))]
    other = elsewhere(tmp_path / "other.h5")
    before = other.read_bytes()
    for piece in pieces:
        with h5py.File(piece, "r+") as file:
            file["spikes/X"] = h5py.ExternalLink(str(other), "spikes")
    assemble(pieces, tmp_path / "activity.h5")
    assert other.read_bytes() == before


@pytest.mark.parametrize("name", ["spikes/E/node_ids", "report/I/data", "trials/label"])
def test_a_segment_whose_tables_cannot_grow_is_refused(tmp_path, name):
    pieces = [write(tmp_path / "1.h5", range(2)), write(tmp_path / "2.h5", range(2, 3), (32, 4))]
    with h5py.File(pieces[0], "r+") as file:
        values, attributes = file[name][()], dict(file[name].attrs)
        del file[name]
        file[name] = values
        file[name].attrs.update(attributes)
    with pytest.raises(RecordError, match=f"{name} cannot grow"):
        assemble(pieces, tmp_path / "activity.h5")


def test_segments_of_other_populations_do_not_make_one_record(tmp_path, monkeypatch):
    first = write(tmp_path / "1.h5", range(2))
    monkeypatch.setattr("tests.io.test_whole.POPULATIONS", [POPULATIONS[0], replace(POPULATIONS[1], size=1)])
    second = write(tmp_path / "2.h5", range(2, 3), (32, 4))
    with pytest.raises(RecordError, match="2.h5 does not go on where the segment before it ended"):
        assemble([first, second], tmp_path / "activity.h5")


def test_a_damaged_segment_is_refused(tmp_path):
    path = write(tmp_path / "1.h5", range(2))
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(RecordError, match="cannot be read"):
        assemble([path], tmp_path / "activity.h5")


@pytest.mark.parametrize("name", ["provenance", "nodes/E/node_group_index", "report/E/data"])
def test_a_segment_that_hdf5_stumbles_over_is_refused_in_a_sentence_that_names_it(tmp_path, name):
    path = write(tmp_path / "1.h5", range(2))
    with h5py.File(path) as file:
        header = h5py.h5o.get_info(file[name].id).addr
    with path.open("r+b") as file:
        file.seek(header)
        file.write(b"\xff" * 8)
    with pytest.raises(RecordError, match=r"1\.h5.*restore a copy or run again"):
        assemble([path], tmp_path / "activity.h5")
    assert {each.name for each in tmp_path.iterdir()} == {"1.h5"}


def test_a_packed_segment_that_cannot_be_unpacked_is_refused_in_a_sentence_that_names_it(tmp_path):
    pieces = [write(tmp_path / "1.h5", range(2)), write(tmp_path / "2.h5", range(2, 3), (32, 4))]
    for piece in pieces:
        with h5py.File(piece, "r+") as file:
            held, attributes = file["report/E/data"][()], dict(file["report/E/data"].attrs)
            del file["report/E/data"]
            file.create_dataset("report/E/data", data=held, maxshape=(None, 3), compression="gzip").attrs.update(attributes)
            chunk = file["report/E/data"].id.get_chunk_info(0)
    with pieces[1].open("r+b") as file:
        file.seek(chunk.byte_offset)
        file.write(b"\xff" * chunk.size)
    with pytest.raises(RecordError, match=r"2\.h5 cannot be read .*restore a copy or run again"):
        assemble(pieces, tmp_path / "activity.h5")
    assert {each.name for each in tmp_path.iterdir()} == {"1.h5", "2.h5"}


FULL = "No space left on device"


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, FULL), RuntimeError(f"write failed: errno = 28, error message = '{FULL}'")]
)
def test_a_disk_that_refuses_the_whole_file_is_not_called_damage_of_a_segment(tmp_path, monkeypatch, error):
    path = write(tmp_path / "1.h5", range(2))
    monkeypatch.setattr("h5py.Group.copy", Mock(side_effect=error))
    with pytest.raises(RecordError, match=r"activity\.h5 cannot be written \(No space left on device\); make room"):
        assemble([path], tmp_path / "activity.h5")
    assert {each.name for each in tmp_path.iterdir()} == {"1.h5"}


def test_an_unfinished_record_is_read_through_a_copy_that_follows_it(tmp_path):
    pieces = [write(tmp_path / "1.h5", range(2))]
    copy = assembled(pieces, "activity.h5")
    assert (copy.name, copy.parent != tmp_path) == ("activity.h5", True)
    assert assembled(pieces, "activity.h5") == copy
    pieces.append(write(tmp_path / "2.h5", range(2, 3), (32, 4)))
    with ActivityReader(assembled(pieces, "activity.h5")) as reader:
        assert np.unique(reader.trials()["epoch"]).tolist() == [0, 1, 2]
    assert {each.name for each in tmp_path.iterdir()} == {"1.h5", "2.h5"}, "nothing is written beside what is read"


@pytest.mark.parametrize("links", [True, False])
def test_the_only_segment_of_a_kind_is_the_whole_file_with_or_without_links(tmp_path, monkeypatch, links):
    def refuse(*_):
        raise OSError(errno.EPERM, "Operation not permitted")

    if not links:
        monkeypatch.setattr("os.link", refuse)
    piece = write(tmp_path / "activity-000001.h5", range(2))
    rename(piece, tmp_path / "activity.h5")
    assert piece.samefile(tmp_path / "activity.h5") is links
    found, expected = values(tmp_path / "activity.h5"), values(piece)
    for key in expected:
        np.testing.assert_array_equal(found[key], expected[key], err_msg=key)
    piece.unlink()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["activity.h5"]
