"""Aims at tables whose chunks bloat a toy file or shred a long one."""

from __future__ import annotations

import itertools

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bio_fa.io.tables import BLOCK, LEAST_CHUNK, MOST_CHUNK, chunk_bytes, copy_rows, create_table, extend, gather


@pytest.fixture
def file(tmp_path):
    with h5py.File(tmp_path / "file.h5", "w") as opened:
        yield opened


@settings(max_examples=40, deadline=None)
@given(rows=st.integers(0, 10**7), width=st.integers(1, 10**6))
def test_a_chunk_holds_the_first_append_within_its_bounds(rows, width):
    with h5py.File.in_memory() as file:
        table = create_table(file, "data", "f4", rows, width)
        assert table.shape == (0, width)
        assert chunk_bytes(table) <= MOST_CHUNK
        assert chunk_bytes(table) > min(LEAST_CHUNK, MOST_CHUNK) - 4 * width or table.chunks[0] == 1
        if LEAST_CHUNK < 4 * width * rows <= MOST_CHUNK:
            assert table.chunks == (max(rows, LEAST_CHUNK // (4 * width)), width)


def test_a_table_grows_by_rows(file):
    table = create_table(file, "data", "f4", 2, 3)
    extend(table, np.ones((2, 3)))
    extend(table, np.zeros((0, 3)))
    extend(table, 2 * np.ones((1, 3)))
    assert table[:].tolist() == [[1, 1, 1], [1, 1, 1], [2, 2, 2]]


@settings(max_examples=60, deadline=None)
@given(
    parts=st.lists(st.integers(0, 700), min_size=1, max_size=6),
    first=st.integers(0, 700),
    width=st.integers(1, 40),
    compression=st.sampled_from(["none", "gzip"]),
)
def test_rows_that_were_appended_or_copied_are_read_whatever_the_chunks(tmp_path_factory, parts, first, width, compression):
    """Row k holds k; the copy begins in the middle of chunks of another size."""
    rows = np.repeat(np.arange(sum(parts), dtype=np.float32)[:, None], width, axis=1)
    folder, ends = tmp_path_factory.mktemp("tables"), np.cumsum([0, *parts])
    with h5py.File(folder / "1.h5", "w") as one, h5py.File(folder / "2.h5", "w") as two:
        source = create_table(one, "data", "f4", parts[0], width, compression=compression)
        for start, stop in itertools.pairwise(ends):
            extend(source, rows[start:stop])
        target = create_table(two, "data", "f4", first, width, compression=compression)
        extend(target, rows[:first])
        copy_rows(source, target)
    for path, expected in ((folder / "1.h5", rows), (folder / "2.h5", np.concatenate([rows[:first], rows]))):
        with h5py.File(path) as file:
            np.testing.assert_array_equal(file["data"][()], expected)


def test_a_table_that_exists_is_taken_as_it_is(file):
    extend(create_table(file, "data", "i8", 2), np.arange(2))
    assert len(create_table(file, "data", "i8", 2)) == 2


@settings(max_examples=60, deadline=None)
@given(first=st.lists(st.integers(0, 3 * BLOCK - 10), max_size=20), count=st.integers(0, 10), ordered=st.booleans())
def test_rows_are_gathered_from_wherever_they_lie(first, count, ordered):
    """Row k of the table holds k, so what must come back is known."""
    rows = np.array(sorted(first) if ordered else first, dtype=np.int64)
    with h5py.File.in_memory() as file:
        file["data"] = np.arange(3 * BLOCK, dtype=np.float32)[:, None]
        found = gather(file["data"], rows, count)
    np.testing.assert_array_equal(found[:, :, 0], rows[:, None] + np.arange(count))
