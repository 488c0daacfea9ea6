"""Aims at files that would make a reader copy somebody's secrets into a record, or take all of the memory."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from bio_fa.errors import RecordError
from bio_fa.io.activity import ActivityReader
from bio_fa.io.deceit import deceit
from tests.io.recording import DATASETS, RECORDS, elsewhere, read_everything, record_activity


@pytest.fixture(params=RECORDS)
def record(request, tmp_path) -> Path:
    RECORDS[request.param](tmp_path / request.param)
    return tmp_path / request.param


def external_storage(file, name):
    shape = file[name].shape
    other = elsewhere(file, name)
    file.create_dataset(name, shape, "f4", external=[(str(other), 0, h5py.h5f.UNLIMITED)])


def virtual(file, name):
    layout = h5py.VirtualLayout(file[name].shape, "f4")
    layout[:] = h5py.VirtualSource(file[name])
    elsewhere(file, name)
    file.create_virtual_dataset(name, layout)


def foreign_filter(file, name):
    values = file[name][()]
    del file[name]
    file.create_dataset(name, data=values, chunks=values.shape, compression="lzf")


def sparse_bomb(file, name):
    width = file[name].shape[1]
    del file[name]
    file.create_dataset(name, (10**12, width), "f4", chunks=(64, width))


def gzip_bomb(file, name):
    width = file[name].shape[1]
    del file[name]
    data = file.create_dataset(name, (10**9, width), "f4", chunks=(10**6, width), compression="gzip")
    data[:10] = 1


def double_gzip_bomb(file, name):
    """Deflate of deflate has no limit; the values are few, but the one chunk that holds them is not."""
    width = file[name].shape[1]
    del file[name]
    layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    layout.set_chunk((10**6, width))
    layout.set_deflate(9)
    layout.set_deflate(9)
    space = h5py.h5s.create_simple((10, width), (h5py.h5s.UNLIMITED, width))
    made = h5py.h5d.create(file.id, name.encode(), h5py.h5t.IEEE_F32LE, space, layout)
    made.write(h5py.h5s.ALL, h5py.h5s.ALL, np.ones((10, width), np.float32))


@pytest.mark.parametrize(
    ("tamper", "reason"),
    [
        (external_storage, "from another file"),
        (virtual, "from another file"),
        (foreign_filter, "a filter other than gzip"),
        (sparse_bomb, "claims more values"),
        (gzip_bomb, "claims more values"),
        (double_gzip_bomb, "claims more values"),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_a_file_that_reaches_beyond_itself_or_lies_about_its_size_is_refused(record, tamper, reason):
    with h5py.File(record, "a") as file:
        tamper(file, DATASETS[record.name])
    with pytest.raises(RecordError, match=reason):
        read_everything(record)


def test_what_bio_fa_writes_is_no_deceit(record):
    with h5py.File(record) as file:
        file.visititems(lambda _, found: require_honest(found))


def require_honest(found) -> None:
    assert not isinstance(found, h5py.Dataset) or deceit(found) is None, found.name


def test_chunks_that_are_all_the_same_place_in_the_file_are_refused(tmp_path):
    """One chunk stands for eight: the addresses of the others are overwritten, and the file ends behind the first."""
    path, name = tmp_path / "weights.h5", DATASETS["weights.h5"]
    RECORDS["weights.h5"](path)
    with h5py.File(path, "a") as file:
        del file[name]
        made = file.create_dataset(name, data=np.ones((80_000, 4), np.float32), chunks=(10_000, 4))
        file.flush()
        chunks = sorted(made.id.get_chunk_info(index).byte_offset for index in range(8))
        end = file.id.get_filesize()
    data, short = path.read_bytes(), chunks[1]
    for honest, claimed in [*((chunk, chunks[0]) for chunk in chunks[1:]), (end, short)]:
        assert honest.to_bytes(8, "little") in data
        data = data.replace(honest.to_bytes(8, "little"), claimed.to_bytes(8, "little"))
    path.write_bytes(data[:short])
    with h5py.File(path) as file:
        assert file[name][()].sum() == 320_000, "the disguise works: HDF5 reads it"
    with pytest.raises(RecordError, match="claims more values"):
        read_everything(path)


def test_gzip_with_shuffle_is_read(tmp_path):
    path = tmp_path / "activity.h5"
    record_activity(path)
    with ActivityReader(path) as reader:
        expected = reader.frames("I1")
    with h5py.File(path, "a") as file:
        values, attributes = file["report/I1/data"][()], dict(file["report/I1/data"].attrs)
        del file["report/I1/data"]
        file.create_dataset("report/I1/data", data=values, compression="gzip", shuffle=True).attrs.update(attributes)
    with ActivityReader(path) as reader:
        np.testing.assert_array_equal(reader.frames("I1"), expected)
