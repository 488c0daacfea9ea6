"""Failure aimed at: whole files that lack a segment, hold it twice, or grow when it is not asked for."""

from __future__ import annotations

import numpy as np
import pytest

from bio_fa.io.activity import ActivityReader
from bio_fa.io.growing import Growing
from tests.faults.damaged_runs import values
from tests.io.test_whole import write


@pytest.mark.parametrize("often", [True, False])
@pytest.mark.parametrize("known", [0, 1, 2])
def test_a_file_that_grows_segment_by_segment_is_the_one_that_would_have_been_written_at_once(tmp_path, known, often):
    """``known`` segments were there before, as where a run goes on; it grows ``often``, or by all of them in the end."""
    pieces, ends = [], [(0, 0)]
    for number, epochs in enumerate((range(1), range(1, 3), range(3, 4)), 1):
        pieces.append(write(tmp_path / f"activity-{number:06d}.h5", epochs, ends[-1]))
        with ActivityReader(pieces[-1]) as reader:
            ends.append(reader.end)
    growing = Growing(tmp_path, pieces[:known])
    for piece, end in zip(pieces[known:], ends[known + 1 :], strict=True):
        growing.add(piece, end)
        if often:
            growing.grow()
    assert growing.end("activity") == ends[-1]
    growing.finish()
    found, expected = values(tmp_path / "activity.h5"), values(write(tmp_path / "at_once.h5", range(4)))
    assert found.keys() == expected.keys()
    for key in expected:
        np.testing.assert_array_equal(found[key], expected[key], err_msg=key)


def test_what_has_grown_and_is_given_up_leaves_only_its_segments(tmp_path):
    pieces = [write(tmp_path / "activity-000001.h5", range(2)), write(tmp_path / "activity-000002.h5", range(2, 3), (32, 4))]
    growing = Growing(tmp_path, pieces[:1])
    growing.add(pieces[1], (48, 6))
    growing.grow()
    growing.abandon()
    assert sorted(tmp_path.iterdir()) == pieces


def test_a_segment_is_taken_in_when_it_is_asked_for_and_not_before(tmp_path):
    pieces = [write(tmp_path / "activity-000001.h5", range(2)), write(tmp_path / "activity-000002.h5", range(2, 3), (32, 4))]
    growing = Growing(tmp_path, pieces[:1])
    growing.add(pieces[1], (48, 6))
    assert growing.end("activity") == (48, 6), "the next segment goes on where this one ends"
    assert sorted(tmp_path.iterdir()) == pieces
    growing.grow()
    assert len(list(tmp_path.iterdir())) == 3
