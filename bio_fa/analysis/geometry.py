"""Geometry of activity and of learning: how alike two populations represent stimuli, and where training moves the weights.

Activity is (trial, neuron), the same trials in every population that is compared. What cannot be measured, such as the
likeness to activity that never changes, is nan. ``bio_fa.measures.participation_ratio`` is the effective dimensionality.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from bio_fa.errors import DataError
from bio_fa.measures import Values, correlation


def linear_cka(first: ArrayLike, second: ArrayLike) -> float:
    """Return the linear centred kernel alignment of two populations' activity, in [0, 1]: 1 for the same geometry.

        CKA = |X̄ᵀȲ|² / (|X̄ᵀX̄| |ȲᵀȲ|)

    first, second: (trial, neuron), with the same trials. With fewer trials than neurons it is near 1 even of independent
    activity; then use ``debiased_cka``.

    Source: Kornblith et al. (2019) ICML, PMLR 97:3519–3529, with the linear kernel.

    Raises:
        DataError: when the trials differ in number.
    """
    k, el = _kernels(first, second)
    return _normalised(float(np.vdot(k, el)), float(np.vdot(k, k)), float(np.vdot(el, el)))


def debiased_cka(first: ArrayLike, second: ArrayLike) -> float:
    """Return the linear CKA by the unbiased HSIC, whose expectation for independent activity is 0, also of few trials.

        HSIC = [tr(K̃L̃) + 1ᵀK̃1 · 1ᵀL̃1 / ((n − 1)(n − 2)) − 2 · 1ᵀK̃L̃1 / (n − 2)] / (n (n − 3)),    K̃, L̃ without diagonal

    first, second: (trial, neuron), with the same four trials or more. It can fall below 0.

    Source: Song et al. (2012) J. Mach. Learn. Res. 13:1393–1434; Nguyen, Raghu & Kornblith (2021) ICLR, its use in CKA.

    Raises:
        DataError: when the trials differ in number, or are fewer than four.
    """
    k, el = _kernels(first, second)
    if len(k) < 4:
        raise DataError(f"debiased_cka: {len(k)} trials are not allowed; give four or more.")
    np.fill_diagonal(k, 0)
    np.fill_diagonal(el, 0)
    return _normalised(_unbiased_hsic(k, el), _unbiased_hsic(k, k), _unbiased_hsic(el, el))


def dissimilarity(activity: ArrayLike) -> Values:
    """Return how unlike each pair of rows of activity (stimulus, neuron) is, 1 − Pearson's r: (pair,), each pair once.

    Source: Kriegeskorte, Mur & Bandettini (2008) Front. Syst. Neurosci. 2:4, the representational dissimilarity matrix.
    """
    x = _centred(np.asarray(activity, dtype=np.float64), axis=1)
    length = np.linalg.norm(x, axis=1, keepdims=True)
    unit = np.divide(x, length, out=np.full_like(x, np.nan), where=length > 0)
    return np.asarray((1 - unit @ unit.T)[np.triu_indices(len(x), k=1)])


def representational_similarity(first: ArrayLike, second: ArrayLike) -> float:
    """Return Spearman's correlation of two populations' dissimilarities over the same stimuli, in [−1, 1].

    first, second: (stimulus, neuron), three stimuli or more; nan if a stimulus leaves all neurons equally active.

    Source: Kriegeskorte, Mur & Bandettini (2008) Front. Syst. Neurosci. 2:4.

    Raises:
        DataError: when the stimuli differ in number.
    """
    x, y = _together(first, second)
    a, b = dissimilarity(x), dissimilarity(y)
    known = np.isfinite(a).all() and np.isfinite(b).all()
    return correlation(stats.rankdata(a), stats.rankdata(b)) if known else np.nan


def class_selectivity(activity: ArrayLike, label: ArrayLike) -> Values:
    """Return each neuron's (μ_max − μ_rest) / (μ_max + μ_rest), (neuron,): 0 the same for all classes, 1 for one class only.

    activity: (trial, neuron), non-negative; label: (trial,), two classes or more. μ_max is the mean activity in the class that
    excites the neuron most, μ_rest the mean of the other classes' means. It is nan for a silent neuron.

    Source: Morcos et al. (2018) ICLR, On the importance of single directions for generalization.
    """
    x, labels = np.asarray(activity, dtype=np.float64), np.asarray(label)
    means = np.stack([x[labels == each].mean(axis=0) for each in np.unique(labels)])
    most = means.max(axis=0)
    rest = (means.sum(axis=0) - most) / max(len(means) - 1, 1)
    return np.asarray(np.divide(most - rest, most + rest, out=np.full_like(most, np.nan), where=most + rest > 0))


@dataclass(frozen=True)
class Trajectory:
    """Where weights were at each snapshot along their principal directions (snapshot, direction), and how much each explains.

    ``explained`` is the fraction of the weights' variance over snapshots, (direction,), falling; it sums to at most 1.
    """

    position: Values
    explained: Values


def weight_trajectory(snapshots: ArrayLike, directions: int = 2) -> Trajectory:
    """Return the path of weights through training along the principal directions of their snapshots.

    snapshots: (snapshot, …), of one projection or of several laid end to end. The signs of directions are arbitrary. Of weights
    that never move, nothing is explained.

    Source: Li et al. (2018) NeurIPS 31, Visualizing the loss landscape of neural nets: principal directions of the snapshots.
    """
    w = np.asarray(snapshots, dtype=np.float64)
    left, length, _ = np.linalg.svd(_centred(w.reshape(len(w), -1), axis=0), full_matrices=False)
    variance, total = length**2, float(np.sum(length**2))
    explained = variance / total if total > 0 else variance
    return Trajectory((left * length)[:, :directions], explained[:directions])


def _kernels(first: ArrayLike, second: ArrayLike) -> tuple[Values, Values]:
    """Return X̄X̄ᵀ and ȲȲᵀ of centred activity: (trial, trial) each."""
    x, y = (_centred(each, axis=0) for each in _together(first, second))
    return x @ x.T, y @ y.T


def _centred(x: Values, axis: int) -> Values:
    """Return x less its means along an axis, and exact zeros where it is constant, where rounding would leave something."""
    return np.asarray(np.where(np.ptp(x, axis=axis, keepdims=True) > 0, x - x.mean(axis=axis, keepdims=True), 0))


def _together(first: ArrayLike, second: ArrayLike) -> tuple[Values, Values]:
    x, y = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y):
        raise DataError(
            f"geometry: activities of shape {x.shape} and {y.shape} cannot be compared; give (trial, neuron) of the same trials."
        )
    return x, y


def _unbiased_hsic(k: Values, el: Values) -> float:
    n = len(k)
    pairs = np.vdot(k, el) + k.sum() * el.sum() / ((n - 1) * (n - 2)) - 2 * k.sum(axis=0) @ el.sum(axis=0) / (n - 2)
    return float(pairs / (n * (n - 3)))


def _normalised(shared: float, own: float, other: float) -> float:
    return shared / float(np.sqrt(own * other)) if own > 0 and other > 0 else np.nan
