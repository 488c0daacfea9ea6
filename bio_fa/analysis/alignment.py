"""Alignment: how far the feedback that an area receives points along the transpose of its forward weights.

    effective forward    W = W_EE − Σ W_EI W_IE         (next area, area)
    effective feedback   B = Σ sign · P Q               (area, next area)

Both angles, of B with W_EEᵀ and with Wᵀ, are centred and taken on the existing synapses of W_EE.
Source: Lillicrap et al. (2016) Nat. Commun. 7:13276: forward weights come to align with fixed feedback.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bio_fa.analysis.run_table import FeedbackPair, feedback_pairs, run_table
from bio_fa.analysis.statistics import tails
from bio_fa.errors import RecordError
from bio_fa.io.run_folder import RunFolder
from bio_fa.io.weights import SnapshotInfo, WeightsReader
from bio_fa.measures import centred_angle, shuffled_null

Weights = NDArray[np.floating[Any]]
"""Synaptic magnitudes (post, pre)."""

Lookup = Callable[[str], Weights]
"""Gives a projection's weights by its name."""


def null_band(freedom: int, level: float = 0.95) -> tuple[float, float]:
    """Return the angles, in degrees, between which the centred angle of independent matrices falls with probability ``level``.

        arccos(± z / √freedom),    z the normal quantile of level: 90° ± 1.96 · 57.3° / √freedom for 0.95

    freedom: n − 1 for ``centred_angle`` over n existing synapses, or what ``residual_correlation`` returns. With three or less the
    band is all angles.

    Source: Pitman (1937) J. R. Stat. Soc. Suppl. 4:225: over permutations the cosine has mean 0 and variance 1/(n − 1).
    Choice: the normal quantile: from 20 synapses on the band of 95 % held 94.7 to 95.5 % of simulated pairs with uniform,
    half-normal and log-normal magnitudes. Synapses are independent there; where neurons differ in total weight, take the band
    of ``residual_correlation``.

    Raises:
        DataError: when the level is not between 0 and 1.
    """
    z = NormalDist().inv_cdf(tails(level)[1])
    cosine = min(1.0, z / math.sqrt(freedom)) if freedom > 0 else 1.0
    return math.degrees(math.acos(cosine)), math.degrees(math.acos(-cosine))


@contextmanager
def fitting() -> Iterator[None]:
    """Turn what NumPy says of weights and masks whose shapes do not fit each other into a sentence.

    Raises:
        RecordError: instead of ValueError and IndexError.
    """
    try:
        yield
    except (IndexError, ValueError) as error:
        raise RecordError(
            f"The weights and masks of the record do not fit each other ({error}); restore a copy."
        ) from error


def along(weights: Lookup, names: Sequence[str]) -> Weights:
    """Return the product of the projections along a path, the one nearest to its target first: (target, origin)."""
    return functools.reduce(np.matmul, map(weights, names))


def effective_forward(weights: Lookup, pair: FeedbackPair) -> Weights:
    """Return W = W_EE − Σ W_EI W_IE of a pair: (next area, area)."""
    return functools.reduce(np.subtract, [along(weights, path) for path in pair.inhibition], weights(pair.forward))


def effective_feedback(weights: Lookup, pair: FeedbackPair) -> Weights:
    """Return B = Σ sign · P Q of a pair: (area, next area)."""
    return functools.reduce(np.add, [path.sign * along(weights, path.names) for path in pair.feedback])


def alignment(folder: RunFolder) -> list[dict[str, Any]]:
    """Return one row per pair and snapshot: area, snapshot, epoch, and the angles ``excitatory`` and ``effective``.

    Each angle is a table: ``angle``, ``null_mean`` and ``null_sd``, in degrees.

    Raises:
        RecordError: when the run has no weights or no feedback.
    """
    pairs, rng = feedback_pairs(folder), np.random.default_rng(run_table(folder).get("seed", 0))
    with WeightsReader(folder.weights) as reader, fitting():
        return [_row(reader, pair, snapshot, rng) for pair in pairs for snapshot in reader.snapshots]


def _row(reader: WeightsReader, pair: FeedbackPair, snapshot: SnapshotInfo, rng: np.random.Generator) -> dict[str, Any]:
    weights = functools.partial(reader.weights, snapshot.name)
    mask, feedback = reader.mask(pair.forward), effective_feedback(weights, pair).T
    return {
        "area": pair.area,
        "forward": pair.forward,
        "snapshot": snapshot.name,
        "epoch": float(snapshot.epoch),
        "excitatory": _angle(weights(pair.forward), feedback, mask, rng),
        "effective": _angle(effective_forward(weights, pair), feedback, mask, rng),
    }


def _angle(forward: Weights, feedback: Weights, mask: NDArray[np.bool_], rng: np.random.Generator) -> dict[str, float]:
    mean, spread = shuffled_null(forward, feedback, mask, rng)
    return {"angle": centred_angle(forward, feedback, mask), "null_mean": mean, "null_sd": spread}
