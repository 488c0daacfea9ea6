"""Audit: whether the constraints held in every snapshot of the weights and in every recorded activity.

A value that is not a number violates whatever it should satisfy: each check counts where a constraint does *not* hold.
"""

from __future__ import annotations

import functools
import math
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bio_fa.analysis.alignment import effective_feedback, fitting
from bio_fa.analysis.responses import last_epoch
from bio_fa.analysis.run_table import FeedbackPair, feedback_pairs, run_table
from bio_fa.errors import RecordError
from bio_fa.io.activity import ActivityReader
from bio_fa.io.run_folder import RunFolder
from bio_fa.io.weights import WeightsReader
from bio_fa.measures import residual_correlation

CHANCE = 5.0
"""How many standard deviations from zero a correlation is no chance. Choice: one false alarm in 2 million."""


def audit_weights(folder: RunFolder) -> dict[str, Any]:
    """Return the violations of Dale's law and of the masks over every snapshot, per projection where there are any.

    Dale: a magnitude of a projection with a sign is not ≥ 0. Mask: a synapse that does not exist has a weight. Where no
    projection has a sign, ``dale_violations`` is None: there was no law to break.

    Raises:
        RecordError: when the weights cannot be read or hold no snapshot.
    """
    dale: Counter[str] = Counter()
    mask: Counter[str] = Counter()
    with WeightsReader(folder.weights) as reader, fitting():
        if not reader.snapshots:
            raise RecordError(f"{folder.weights} holds no snapshot; without one no constraint was checked.")
        signed = {synapses.name for synapses in reader.synapses if synapses.sign}
        for synapses in reader.synapses:
            absent = ~np.asarray(reader.mask(synapses.name), dtype=bool)
            for snapshot in reader.snapshots:
                weights = reader.weights(snapshot.name, synapses.name)
                dale[synapses.name] += too_small(weights) if synapses.name in signed else 0
                mask[synapses.name] += int(np.count_nonzero(weights[absent]))
        return {
            "dale_violations": dale.total() if signed else None,
            "mask_violations": mask.total(),
            "snapshots_checked": len(reader.snapshots),
            "offenders": {name: dale[name] + mask[name] for name in dale if dale[name] + mask[name]},
        }


def too_small(values: NDArray[Any], least: float = 0) -> int:
    """Return how many values are not ≥ ``least``."""
    return int(np.count_nonzero(~(values >= least)))


def densities(folder: RunFolder) -> dict[str, dict[str, float]]:
    """Return, per projection, which fraction of its possible synapses was asked for and which exists.

    Raises:
        RecordError: when the weights cannot be read.
    """
    with WeightsReader(folder.weights) as reader:
        return {
            each.name: {"asked": each.density, "found": float(np.mean(reader.mask(each.name)))}
            for each in reader.synapses
        }


def negative_rates(folder: RunFolder) -> int:
    """Return how many recorded activities are not ≥ 0, or not numbers where neurons are signed; the file is read in chunks.

    Raises:
        RecordError: when the activity cannot be read or holds no trial.
    """
    least = dict.fromkeys(signed_activity(folder), -math.inf)
    with ActivityReader(folder.activity) as reader:
        last_epoch(reader)
        return sum(
            too_small(rows, least.get(each.name, 0))
            for each in reader.populations
            for rows in reader.chunks(each.name)
        )


def signed_activity(folder: RunFolder) -> list[str]:
    """Return the populations whose neurons are signed: nothing keeps their activity at 0 or more."""
    return list(run_table(folder).get("signed_activity") or [])


def weight_transport(folder: RunFolder) -> dict[str, Any]:
    """Return whether feedback copied the forward weights at the start: ``detected``, ``reason``, ``correlations``.

    Per forward projection, B is correlated with Wᵀ_EE over the existing synapses of snapshot "initial", without the row
    and column means that both may share by chance. A copy lies beyond ``CHANCE`` standard deviations of none.

    Raises:
        RecordError: when the run has no weights or no feedback.
    """
    if "gradient" in str(run_table(folder).get("learning")):
        return {"detected": True, "reason": "gradient learning transports weights", "correlations": {}}
    if run_table(folder).get("start"):
        return {"detected": None, "reason": "it started with weights of another run, which aligned them", "correlations": {}}
    with WeightsReader(folder.weights) as reader, fitting():
        found = {pair.forward: _transport(reader, pair) for pair in feedback_pairs(folder)}
    return {**_verdict(found), "correlations": found}


def _transport(reader: WeightsReader, pair: FeedbackPair) -> dict[str, float]:
    weights = functools.partial(reader.weights, "initial")
    forward, mask = weights(pair.forward), reader.mask(pair.forward)
    correlation, freedom = residual_correlation(forward, effective_feedback(weights, pair).T, mask)
    return {"correlation": correlation, "threshold": CHANCE / math.sqrt(freedom) if freedom else math.inf}


def _verdict(found: dict[str, dict[str, float]]) -> dict[str, Any]:
    blind = [forward for forward, each in found.items() if math.isnan(each["correlation"]) or each["threshold"] >= 1]
    copied = [forward for forward, each in found.items() if abs(each["correlation"]) > each["threshold"]]
    if copied:
        reason = f"initial feedback correlates with the forward weights of {', '.join(copied)}"
        return {"detected": True, "reason": reason}
    if blind:
        return {"detected": None, "reason": f"too few varying synapses to tell in {', '.join(blind)}"}
    return {"detected": False, "reason": "initial feedback is uncorrelated with the forward weights in every pathway"}
