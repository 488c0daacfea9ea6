"""Aims at damaged files: one that is read as numbers which are not in it, that ends in a traceback, or whose header
makes the reader set aside memory for numbers that are not there. The oracle is the format's specification.
"""

from __future__ import annotations

import contextlib
import gzip
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from bio_fa.errors import DataError
from bio_fa.tasks import idx

# Source: LeCun, Cortes & Burges, "The MNIST database", file formats: the third byte codes the type of the data.
CODES = {"uint8": 0x08, "int8": 0x09, "int16": 0x0B, "int32": 0x0C, "float32": 0x0D, "float64": 0x0E}

numbers = st.sampled_from(list(CODES)).flatmap(lambda dtype: arrays(dtype, array_shapes(max_dims=4, max_side=5)))
in_a_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)


def idx_bytes(array: np.ndarray) -> bytes:
    head = bytes([0, 0, CODES[array.dtype.name], array.ndim])
    return head + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(array.dtype.newbyteorder(">")).tobytes()


def written(folder, data: bytes, compressed: bool = False):
    file = folder / "file.idx"
    file.write_bytes(gzip.compress(data, 1) if compressed else data)
    return file


def refused(file, reason: str) -> None:
    with pytest.raises(DataError, match=reason) as caught:
        idx.read(file)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_layout_is_that_of_the_specification(tmp_path):
    file = written(tmp_path, bytes.fromhex("0000 0b 02 00000002 00000003 0001 0002 0003 ffff 0100 7fff"))
    assert idx.read(file).tolist() == [[1, 2, 3], [-1, 256, 32767]]


@in_a_folder
@given(array=numbers, compressed=st.booleans())
def test_what_was_written_is_read(tmp_path, array, compressed):
    read = idx.read(written(tmp_path, idx_bytes(array), compressed))
    assert read.dtype == array.dtype
    assert read.dtype.isnative
    np.testing.assert_array_equal(read, array)


@in_a_folder
@given(array=numbers, compressed=st.booleans(), data=st.data())
def test_a_file_cut_off_anywhere_is_refused(tmp_path, array, compressed, data):
    whole = gzip.compress(idx_bytes(array)) if compressed else idx_bytes(array)
    refused(written(tmp_path, whole[: data.draw(st.integers(0, len(whole) - 1))]), "; give|; fetch")


@in_a_folder
@given(array=numbers, compressed=st.booleans(), data=st.data())
def test_a_flipped_bit_is_refused_or_gives_an_array(tmp_path, array, compressed, data):
    damaged = bytearray(gzip.compress(idx_bytes(array)) if compressed else idx_bytes(array))
    damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    file = written(tmp_path, bytes(damaged))
    with contextlib.suppress(DataError):
        assert idx.read(file).size > 0


@in_a_folder
@given(data=st.binary(max_size=64))
def test_arbitrary_bytes_are_refused_or_give_an_array(tmp_path, data):
    file = written(tmp_path, data)
    with contextlib.suppress(DataError):
        assert idx.read(file).size > 0


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b"\0\0\x08", "begins with 00 00 08"),
        (b"\1\0\x08\1" + b"\0\0\0\1" + b"\7", "begins with 01 00 08 01"),
        (b"\0\0\x07\1" + b"\0\0\0\1" + b"\7", "begins with 00 00 07 01"),
        (b"\0\0\x08\0" + b"\7", "begins with 00 00 08 00"),
        (b"\0\0\x08\2" + b"\0\0\0\1", "ends inside its header"),
        (b"\0\0\x08\1" + b"\0\0\0\3" + b"\1\2", "claims 3 bytes of numbers, it holds only 2"),
        (b"\0\0\x08\1" + b"\0\0\0\3" + b"\1\2\3\4", "claims 3 bytes of numbers, it holds more"),
        (b"\0\0\x08\1" + b"\0\0\0\0", "0 bytes; allowed are 1 to"),
        (b"\0\0\x0e\4" + b"\xff" * 16, "allowed are 1 to 1073741824 bytes"),
    ],
)
def test_each_damage_is_told_in_a_sentence(tmp_path, data, compressed, reason):
    refused(written(tmp_path, data, compressed), reason)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    refused(tmp_path / "absent", "there is no such file")
    refused(tmp_path, "there is no such file")


def test_a_wrong_checksum_inside_gzip_is_refused(tmp_path):
    whole = bytearray(gzip.compress(idx_bytes(np.arange(9, dtype=np.uint8))))
    whole[-8] ^= 1
    refused(written(tmp_path, bytes(whole)), "CRC")


# Source: RFC 1951, 3.2.3: a block of the type 11 is an error.
def test_an_impossible_block_inside_gzip_is_refused(tmp_path):
    refused(written(tmp_path, gzip.compress(b"")[:10] + b"\xff" * 20), "it cannot be read")


@pytest.mark.parametrize(
    "data",
    [
        b"\0\0\x08\1" + struct.pack(">I", 2**30) + b"few",
        gzip.compress(b"\0\0\x08\1" + struct.pack(">I", 2**30) + b"few"),
        gzip.compress(b"\0\0\x08\1" + struct.pack(">I", 3) + bytes(2**26), 1),
    ],
    ids=["plain header claims 1 GiB", "gzip header claims 1 GiB", "64 MiB hidden in gzip"],
)
def test_memory_follows_what_is_there_and_was_claimed(tmp_path, data):
    file = written(tmp_path, data)
    tracemalloc.start()
    refused(file, "claims")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**23
