"""What tests of limits share: how fast a change tends to what a theorem says it tends to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from bio_fa.synapses import Parameters, Synapses

Changes = Mapping[str, np.ndarray]


def order(small: Sequence[float], change: Callable[[float], np.ndarray], limit: np.ndarray) -> float:
    """Return k of |change(x) − limit| ∝ xᵏ, fitted over the numbers ``small``; the change must come close in the end."""
    distances = [float(np.linalg.norm(change(x) - limit)) for x in small]
    assert distances[-1] < 0.05 * np.linalg.norm(limit), distances
    return float(np.polyfit(np.log(small), np.log(distances), 1)[0])


def replaced(parameters: Parameters, **weights: np.ndarray) -> Parameters:
    """Return the parameters with other weights of some projections, all to all."""
    return {**parameters, **{name: Synapses(np.array(w, dtype=float), np.ones(w.shape, bool)) for name, w in weights.items()}}


def generic(parameters: Parameters, seed: int = 3) -> Parameters:
    """Return the parameters with random excitabilities, which are 0 at the start."""
    rng = np.random.default_rng(seed)
    tonic = {name: rng.normal(0, 0.3, each.w.shape) for name, each in parameters.items() if name.startswith("tonic")}
    return replaced(parameters, **tonic)
