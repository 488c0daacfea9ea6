"""Failure aimed at: a summary of activity that is not the one of all its values, or of the wrong ones."""

from __future__ import annotations

import numpy as np
import pytest

from bio_fa.errors import DescriptionError
from bio_fa.reduction import Histogram, Last, Mean, Reduction, Total

FRAMES = np.random.default_rng(0).random((6, 4, 3))
"""(time, trial, neuron)."""


@pytest.mark.parametrize(("reduction", "numpy"), [(Mean, np.mean), (Total, np.sum)])
def test_mean_and_total_are_those_of_numpy_over_time_or_over_time_and_trials(reduction, numpy):
    np.testing.assert_allclose(reduction().of(FRAMES), numpy(FRAMES, axis=0)[None])
    np.testing.assert_allclose(reduction("trials").of(FRAMES), numpy(FRAMES, axis=(0, 1))[None, None])


def test_the_last_is_the_last_frame_of_each_trial():
    np.testing.assert_array_equal(Last().of(FRAMES), FRAMES[-1:])
    with pytest.raises(DescriptionError, match="over = 'trials' is not allowed; give 'time'"):
        Last("trials")


@pytest.mark.parametrize("over", ["time", "trials"])
def test_a_histogram_counts_as_numpy_does_and_loses_no_value(over):
    histogram = Histogram(over, bins=5, low=0.2, high=0.7)
    found = histogram.of(FRAMES)
    clipped = np.clip(FRAMES, 0.2, 0.7)
    for neuron in range(3):
        for trial in range(found.shape[1]):
            values = clipped[:, :, neuron] if over == "trials" else clipped[:, trial, neuron]
            np.testing.assert_array_equal(found[:, trial, neuron], np.histogram(values, bins=histogram.edges)[0])
    assert found.sum() == FRAMES.size


@pytest.mark.parametrize("reduction", [Mean(), Total(), Last(), Histogram(bins=4), Mean("trials"), Histogram("trials")])
def test_a_summary_has_as_many_frames_as_it_says(reduction):
    trials = 1 if reduction.over == "trials" else 4
    assert reduction.of(FRAMES).shape == (reduction.frames, trials, 3)


def test_bins_that_nothing_could_lie_in_are_refused():
    with pytest.raises(DescriptionError, match="bins = 0 is not allowed"):
        Histogram(bins=0)
    with pytest.raises(DescriptionError, match="high = 1.0 is not allowed; give more than low = 1.0"):
        Histogram(low=1.0)


def test_every_summary_is_a_kind_of_its_own():
    assert set(Reduction.kinds()) == {"mean", "total", "last", "histogram"}
