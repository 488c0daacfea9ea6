"""Aims at growth by mean activity alone, the failure of Hebb's rule that this one repairs."""

from __future__ import annotations

import itertools

import numpy as np

from bio_fa.plasticity import Covariance
from tests.plasticity.change import change

INDEPENDENT = np.array(list(itertools.product([1.0, 3.0, 8.0], [0.0, 2.0])))
"""Every value of one neuron with every value of another: trials in which they are independent."""


def covariance_change(pre: np.ndarray, post: np.ndarray) -> float:
    w, means = np.ones((1, 1)), {"pre_mean": pre.mean(axis=0), "post_mean": post.mean(axis=0)}
    return change(Covariance(1.0), pre, post, w, **means).item()


def test_by_hand():
    """Departures of trial 1: post (1, 0), pre (−1, 0); of trial 2: post (−1, 3), pre (1, −2); with η = 0.5."""
    expected = 0.5 * np.array([[-1 - 1, 0 + 2], [0 + 3, 0 - 6]]) / 2
    np.testing.assert_allclose(change(Covariance(0.5), pre_mean=np.array([2.0, 2.0]), post_mean=np.array([1.0, 1.0])), expected)


def test_independent_activities_change_nothing_on_average():
    assert abs(covariance_change(INDEPENDENT[:, :1], INDEPENDENT[:, 1:])) < 1e-15


def test_the_average_change_is_the_covariance():
    pre, post = np.random.default_rng(0).normal(3, 1, (2, 50, 1))
    post = post + 0.5 * pre
    expected = np.cov(pre[:, 0], post[:, 0], bias=True)[0, 1]
    np.testing.assert_allclose([covariance_change(pre, post), covariance_change(pre, 9 - post)], [expected, -expected])
