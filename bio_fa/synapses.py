"""Synapses: the sampled weights of one projection, and the parameters of a whole circuit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bio_fa.errors import DescriptionError


@dataclass(frozen=True)
class Synapses:
    """The weights of one projection and which of them exist."""

    w: np.ndarray
    """(post, pre), magnitudes ≥ 0 (signed only from unsigned populations and from the tonic drive)."""
    mask: np.ndarray
    """(post, pre), boolean."""


Parameters = dict[str, Synapses]
"""Synapses by the name of their projection."""


def check_synapses(name: str, synapses: Synapses, shape: tuple[int, int], dalean: bool) -> None:
    """Refuse weights that do not fit their projection.

    Raises:
        DescriptionError: for a wrong shape, a mask that is not boolean, or a weight that is not finite, negative, or where no
            synapse exists.
    """
    w, mask = synapses.w, synapses.mask
    if w.shape != shape or mask.shape != shape:
        raise DescriptionError(f"{name}: weights {w.shape} and mask {mask.shape} came, but (post, pre) = {shape} is needed.")
    if mask.dtype != bool:
        raise DescriptionError(f"{name}: the mask is {mask.dtype}; give booleans, true where a synapse exists.")
    if not np.isfinite(w).all():
        raise DescriptionError(f"{name}: {np.size(w) - np.isfinite(w).sum()} weights are not finite; give finite magnitudes.")
    if dalean and (w < 0).any():
        raise DescriptionError(f"{name}: {(w < 0).sum()} weights are negative; give magnitudes, the population has the sign.")
    if w[~mask].any():
        raise DescriptionError(f"{name}: {np.count_nonzero(w[~mask])} absent synapses have a weight; multiply by the mask.")
