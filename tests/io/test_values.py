"""Failure aimed at: a walk through a file that leaves it, loops, fills the memory, or leaves numbers out."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from bio_fa.errors import RecordError, SchemaError
from bio_fa.io import values
from bio_fa.io.values import ValuesReader
from tests.io.recording import record_activity, record_weights


@pytest.fixture
def path(tmp_path):
    record_activity(tmp_path / "activity.h5")
    return tmp_path / "activity.h5"


def test_every_dataset_of_numbers_is_found_once_as_h5py_finds_it(path):
    found = []
    with h5py.File(path) as file:
        file.visititems(lambda name, each: found.append(name) if getattr(each, "dtype", np.dtype("i")).kind == "f" else None)
    with ValuesReader(path) as reader:
        assert sorted(reader.numbers()) == sorted(found)
        assert len(set(reader.names())) == len(reader.names())


@pytest.mark.parametrize("block", [1, 100, 1 << 24])
def test_blocks_of_any_size_make_the_dataset(path, monkeypatch, block):
    monkeypatch.setattr(values, "BLOCK", block)
    with ValuesReader(path) as reader, h5py.File(path) as file:
        for name in reader.numbers():
            np.testing.assert_array_equal(np.concatenate([*reader.blocks(name)]), file[name][()])


def test_a_cycle_of_groups_is_walked_once(path):
    with h5py.File(path, "r+") as file:
        file["trials/again"] = file["/"]
        file["again"] = file["trials"]
    with ValuesReader(path) as reader:
        assert 0 < len(reader.names()) < 100


@pytest.mark.parametrize("link", [h5py.ExternalLink("other.h5", "/x"), h5py.SoftLink("/trials"), h5py.SoftLink("/nowhere")])
def test_a_link_is_not_followed(path, link):
    with h5py.File(path, "r+") as file:
        file["linked"] = link
    with ValuesReader(path) as reader, pytest.raises(RecordError, match="is a link to elsewhere"):
        reader.names()


def test_rows_wider_than_memory_should_hold_are_refused(path):
    with h5py.File(path, "r+") as file:
        file.create_dataset("wide", data=np.zeros((1, 1 << 24)), chunks=(1, 1 << 20), compression="gzip")
    with ValuesReader(path) as reader, pytest.raises(RecordError, match="wide has rows of 134217728 bytes"):
        next(reader.blocks("wide"))


def test_matrices_of_different_shape_are_not_compared(tmp_path):
    record_weights(tmp_path / "weights.h5")
    name = "input_to_E1"
    with h5py.File(tmp_path / "weights.h5", "r+") as file:
        del file[f"projections/{name}/mask"]
        file[f"projections/{name}/mask"] = np.ones((1, 1), np.uint8)
    with ValuesReader(tmp_path / "weights.h5") as reader, pytest.raises(RecordError, match=r"has the shape .+ \(1, 1\)"):
        next(reader.side_by_side((f"snapshots/initial/{name}", "f"), (f"projections/{name}/mask", "u")))


def test_what_is_no_file_of_the_record_is_refused(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.attrs["format"] = np.bytes_(b"mine")
    with pytest.raises(SchemaError, match=r"x.h5 has the format 'mine', but it is none of bio_fa-activity, bio_fa-weights"):
        ValuesReader(tmp_path / "x.h5")
