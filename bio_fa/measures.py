"""Measures on plain arrays: angles that do not lie, liveness of populations, errors of a classifier, trains of spikes.

Two *independent* non-negative random matrices are not 90° apart: their shared mean alone brings uniform magnitudes to
41° and half-normal ones to 50°. Alignment is therefore measured on existing synapses only, with the means removed, and
beside the angle that shuffled synapses give. What cannot be measured (a zero vector, a constant, no entries) is nan.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bio_fa.errors import DataError

Values = NDArray[np.float64]
"""An array of float64."""


def cosine(a: ArrayLike, b: ArrayLike) -> float:
    """Return the cosine a·b / (|a| |b|) between two arrays of one shape, in [−1, 1]; nan if one of them is zero.

    Raises:
        DataError: when the shapes differ.
    """
    x, y = _pair(a, b)
    return float(np.clip(_unit(x) @ _unit(y), -1, 1))


def angle(a: ArrayLike, b: ArrayLike) -> float:
    """Return the angle between two arrays of one shape, in degrees from 0 to 180; nan if one of them is zero.

    Raises:
        DataError: when the shapes differ.
    """
    return _degrees(cosine(a, b))


def correlation(a: ArrayLike, b: ArrayLike, mask: ArrayLike | None = None) -> float:
    """Return Pearson's correlation of the entries where ``mask`` holds (all without one); nan if one is constant.

    a, b, mask: of one shape, say (post, pre).

    Raises:
        DataError: when the shapes differ.
    """
    x, y = _existing(a, b, mask)
    return cosine(_centred(x), _centred(y))


def centred_angle(a: ArrayLike, b: ArrayLike, mask: ArrayLike | None = None) -> float:
    """Return the angle, in degrees, after each array's mean over its existing synapses is removed; nan if constant.

    a, b, mask: of one shape, say (post, pre); only entries where ``mask`` holds take part.

    Choice: centred, because under Dale's law the shared positive mean is an angle far below 90° that carries no credit.

    Raises:
        DataError: when the shapes differ.
    """
    return _degrees(correlation(a, b, mask))


def residual_correlation(a: ArrayLike, b: ArrayLike, mask: ArrayLike) -> tuple[float, int]:
    """Return the correlation over existing synapses of what row and column means leave, and its degrees of freedom.

    a, b, mask: (post, pre). The correlation is nan if one of them holds nothing but row and column means.

    Choice: two independent matrices correlate by chance far beyond 1/√n when neurons differ in total weight, as random
    in-degrees make them; without row and column means the chance level is 1/√(degrees of freedom).

    Raises:
        DataError: when the shapes differ.
    """
    exists = np.asarray(mask, dtype=bool)
    _existing(a, b, exists)
    left = [_without_row_and_column_means(np.asarray(each, dtype=np.float64), exists) for each in (a, b)]
    used = np.count_nonzero(exists.any(axis=1)) + np.count_nonzero(exists.any(axis=0)) - 1
    return cosine(*left), max(int(np.count_nonzero(exists)) - int(used), 0)


def shuffled_null(
    a: ArrayLike, b: ArrayLike, mask: ArrayLike | None, rng: np.random.Generator, shuffles: int = 20
) -> tuple[float, float]:
    """Return mean and standard deviation, in degrees, of the centred angle when b's existing synapses are permuted.

    a, b, mask: of one shape, say (post, pre). The cosines of permuted arrays have mean 0 and variance 1/(n − 1).

    Source: Pitman (1937) J. R. Stat. Soc. Suppl. 4:225, the permutation distribution of the correlation.

    Raises:
        DataError: when the shapes differ.
    """
    x, y = _existing(a, b, mask)
    x, y = _unit(_centred(x)), _unit(_centred(y))
    angles = [_degrees(x @ rng.permutation(y)) for _ in range(shuffles)]
    return float(np.mean(angles)), float(np.std(angles))


def participation_ratio(activity: ArrayLike) -> float:
    """Return the dimension (Σλ)² / Σλ² of activity (trial, neuron); nan if it is constant.

    λ are the eigenvalues of the covariance. Activity that varies equally along k directions, and not at all along the
    others, has dimension k.

    Source: Gao et al. (2017) bioRxiv 214262.
    """
    x = np.asarray(activity, dtype=np.float64)
    x = x - x.mean(axis=0) if x.size and np.ptp(x, axis=0).any() else np.zeros((1, 1))
    gram = x @ x.T if len(x) < x.shape[1] else x.T @ x
    square = float(np.sum(gram**2))
    return float(np.trace(gram) ** 2 / square) if square > 0 else np.nan


def silent_fraction(activity: ArrayLike) -> float:
    """Return the fraction of neurons whose activity (..., neuron) is zero throughout; nan without any activity."""
    return _fraction_throughout(np.asarray(activity) == 0)


def saturated_fraction(activity: ArrayLike, ceiling: float, tolerance: float = 0.01) -> float:
    """Return the fraction of neurons that stay within ``tolerance`` × ceiling of their ceiling; nan without activity.

    activity: (..., neuron), in the units of ``ceiling``.

    Choice: throughout, as for silence: a neuron that never leaves its ceiling tells as little as a silent one.
    """
    return _fraction_throughout(np.asarray(activity) >= (1 - tolerance) * ceiling)


def classification_error(output: ArrayLike, label: ArrayLike) -> float:
    """Return the fraction of trials whose most active output neuron is not the label.

    output: (trial, class); label: (trial,), from 0. Of equal outputs the first one wins. It is nan without trials, or
    if an output is not finite.
    """
    activity = np.asarray(output)
    usable = activity.size > 0 and bool(np.isfinite(activity).all())
    return float(np.mean(activity.argmax(axis=1) != np.asarray(label))) if usable else np.nan


def confusion(output: ArrayLike, label: ArrayLike, classes: int) -> NDArray[np.int64]:
    """Return how many trials of each label (row) were answered with each class (column): (classes, classes).

    output: (trial, class); label: (trial,), from 0.

    Raises:
        DataError: when a label is not one of the classes.
    """
    labels, answers = np.asarray(label, dtype=np.int64), np.asarray(output).argmax(axis=1)
    if labels.size and not 0 <= labels.min() <= labels.max() < classes:
        raise DataError(
            f"confusion: labels span {labels.min()} to {labels.max()}; give labels from 0 to {classes - 1}."
        )
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (labels, answers), 1)
    return counts


def firing_rates(neuron: ArrayLike, neurons: int, seconds: float) -> Values:
    """Return each neuron's firing rate ν = n / T in hertz, (neuron,); nan when no time was observed.

    neuron: who fired, for each spike, (spike,), from 0; seconds: T, the time observed, all trials together.

    Source: Dayan & Abbott (2001) Theoretical Neuroscience, section 1.2, the spike-count rate.
    """
    counts = np.bincount(np.asarray(neuron, dtype=np.int64), minlength=neurons)
    return counts / seconds if seconds > 0 else np.full(neurons, np.nan)


def isi_cv(time: ArrayLike, neuron: ArrayLike, trial: ArrayLike, neurons: int, least: int = 10) -> Values:
    """Return each neuron's coefficient of variation σ / μ of its interspike intervals, (neuron,): 0 regular, 1 Poisson.

    time, neuron, trial: of each spike, (spike,), in any order. An interval lies between two successive spikes of a neuron
    in one trial. With fewer than ``least`` intervals it is nan.

    Source: Softky & Koch (1993) J. Neurosci. 13:334–350.
    """
    interval, owner, _ = _intervals(time, neuron, trial)
    count = np.bincount(owner, minlength=neurons)
    mean = _per_neuron(interval, owner, count)
    deviation = np.sqrt(_per_neuron((interval - mean[owner]) ** 2, owner, count))
    known = (count >= least) & (mean > 0)
    return np.where(known, deviation / np.where(known, mean, 1), np.nan)


def isi_cv2(time: ArrayLike, neuron: ArrayLike, trial: ArrayLike, neurons: int, least: int = 10) -> Values:
    """Return each neuron's local variation CV₂ = ⟨2 |I′ − I| / (I′ + I)⟩ over successive interspike intervals I, I′, (neuron,).

    time, neuron, trial: of each spike, as ``isi_cv`` takes them. It is 0 of regular and 1 of Poisson trains, also when rates
    differ from trial to trial, which raises the CV. With fewer than ``least`` pairs of intervals it is nan.

    Source: Holt, Softky, Koch & Douglas (1996) J. Neurophysiol. 75:1806–1814.
    """
    interval, owner, where = _intervals(time, neuron, trial)
    pair = (np.diff(owner) == 0) & (np.diff(where) == 0)
    total, owner = (interval[1:] + interval[:-1])[pair], owner[1:][pair]
    local = 2 * np.abs(np.diff(interval)[pair]) / np.where(total > 0, total, np.nan)
    count = np.bincount(owner, minlength=neurons)
    return np.where(count >= max(least, 1), _per_neuron(local, owner, count), np.nan)


def _intervals(time: ArrayLike, neuron: ArrayLike, trial: ArrayLike) -> tuple[Values, NDArray[np.int64], NDArray[Any]]:
    """Return the intervals between successive spikes of a neuron in a trial, and whose and where they are: (interval,) each."""
    when, who, where = np.asarray(time, dtype=np.float64), np.asarray(neuron, dtype=np.int64), np.asarray(trial)
    order = np.lexsort((when, where, who))
    follows = (np.diff(who[order]) == 0) & (np.diff(where[order]) == 0)
    return np.diff(when[order])[follows], who[order][1:][follows], where[order][1:][follows]


def _per_neuron(values: Values, owner: NDArray[np.int64], count: NDArray[np.int64]) -> Values:
    """Return the mean of each neuron's values, 0 where it has none."""
    total = np.bincount(owner, weights=values, minlength=len(count))
    return np.asarray(total / np.maximum(count, 1), dtype=np.float64)


def _pair(a: ArrayLike, b: ArrayLike) -> tuple[Values, Values]:
    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if x.shape != y.shape:
        raise DataError(f"measures: arrays of shape {x.shape} and {y.shape} cannot be compared; give two of one shape.")
    return x.ravel(), y.ravel()


def _existing(a: ArrayLike, b: ArrayLike, mask: ArrayLike | None) -> tuple[Values, Values]:
    x, y = _pair(a, b)
    if mask is None:
        return x, y
    exists, _ = _pair(mask, a)
    return x[exists > 0], y[exists > 0]


def _unit(x: Values) -> Values:
    """Return x / |x|, and nan for the zero vector, which has no direction."""
    length = np.linalg.norm(x)
    return x / length if length > 0 else np.full(max(x.size, 1), np.nan)


def _degrees(cosine: float) -> float:
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def _centred(x: Values) -> Values:
    """Return x − mean, and exact zeros for a constant, which rounding would leave a direction."""
    return x - x.mean() if x.size and np.ptp(x) > 0 else np.zeros_like(x)


def _without_row_and_column_means(x: Values, exists: NDArray[np.bool_], rounds: int = 20) -> Values:
    """Return x less its row and column means over existing entries, zero elsewhere, by alternating projection."""
    scale = np.abs(x[exists]).max(initial=0.0)
    x = np.where(exists, x, 0.0)
    for _ in range(rounds):
        for axis in (1, 0):
            counts = np.maximum(exists.sum(axis=axis, keepdims=True), 1)
            x = np.where(exists, x - x.sum(axis=axis, keepdims=True) / counts, 0.0)
    return np.where(np.abs(x) > 1e-9 * scale, x, 0.0)


def _fraction_throughout(holds: NDArray[Any]) -> float:
    """Return the fraction of neurons for which ``holds`` (..., neuron) is true everywhere."""
    return float(holds.all(axis=tuple(range(holds.ndim - 1))).mean()) if holds.size else np.nan
