"""Aims at trial tables that contradict themselves: a reader that believed them would cut activity at the wrong rows."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from bio_fa.errors import RecordError
from bio_fa.io.activity import ActivityReader
from bio_fa.io.trials import entries
from tests.io.recording import record_activity


def test_entries_follow_each_other_from_the_first_row():
    """Two trials of one free and two nudged frames, 0.5 ms each, after 4 rows and 7 trials: worked out by hand."""
    found = entries({0: 1, 1: 2}, (4, 7), 0.5, np.array([3, 9]), np.array([5, 6]), epoch=2)
    assert found["start_time"].tolist() == [2.0, 2.5, 3.5, 4.0]
    assert found["stop_time"].tolist() == [2.5, 3.5, 4.0, 5.0]
    assert found["label"].tolist() == [3, 3, 9, 9]
    assert found["stimulus_id"].tolist() == [5, 5, 6, 6]
    assert found["phase"].tolist() == [0, 1, 0, 1]
    assert found["trial"].tolist() == [7, 7, 8, 8]
    assert found["epoch"].tolist() == [2, 2, 2, 2]


def test_times_are_products_that_do_not_drift():
    """Each time is row · step, rounded once: a sum of a million steps of 0.1 ms would be off in the eighth digit."""
    times = entries({0: 1}, (0, 0), 0.1, np.zeros(10**6), np.zeros(10**6), 0)["stop_time"]
    np.testing.assert_array_equal(times, np.arange(1, 10**6 + 1) * 0.1)


def shift(column, by):
    column[1:] = column[1:] + by


@pytest.mark.parametrize(
    ("column", "tamper"),
    [
        ("start_time", lambda column: shift(column, 1)),
        ("start_time", lambda column: shift(column, -1)),
        ("stop_time", lambda column: shift(column, 10**20)),
        ("stop_time", lambda column: shift(column, np.nan)),
        ("stop_time", lambda column: shift(column, np.inf)),
        ("stop_time", lambda column: column.write_direct(np.append(column[:-1], 1e300))),
        ("phase", lambda column: shift(column, 1)),
        ("trial", lambda column: column.write_direct(np.arange(12)[::-1].copy())),
        ("label", lambda column: column.resize(5, axis=0)),
        ("epoch", lambda column: column.resize(0, axis=0)),
    ],
)
def test_entries_that_contradict_each_other_are_refused(tmp_path, column, tamper):
    record_activity(tmp_path / "activity.h5")
    with h5py.File(tmp_path / "activity.h5", "a") as file:
        tamper(file["trials"][column])
    with pytest.raises(RecordError, match="contradict each other"):
        ActivityReader(tmp_path / "activity.h5")


def test_trials_beyond_the_data_are_refused(tmp_path):
    record_activity(tmp_path / "activity.h5")
    with h5py.File(tmp_path / "activity.h5", "a") as file:
        file["report/I1/data"].resize(17, axis=0)
    with pytest.raises(RecordError, match="'I1' lacks data"):
        ActivityReader(tmp_path / "activity.h5")
