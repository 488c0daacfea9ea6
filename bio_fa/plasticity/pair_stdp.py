"""PairSTDP: the order of pre- and postsynaptic spikes decides the sign of the change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bio_fa.ops import Quantity
from bio_fa.plasticity.base import Plasticity, Postsynaptic, Presynaptic, Product


@dataclass(frozen=True)
class PairSTDP(Plasticity):
    """dw_ij/dt = A₊ S_i(t) x_j(t) − A₋ x_i(t) S_j(t), with spike trains S and their traces x.

    A presynaptic spike before a postsynaptic one strengthens, after it weakens; every pair of spikes counts, with the time
    constants of the two neurons' traces. Spikes in one time step count as both.

    Source: Song, Miller & Abbott (2000) Nat. Neurosci. 3:919–926; as online traces Morrison, Diesmann & Gerstner (2008)
        Biol. Cybern. 98:459–478, all-to-all pairing.
    """

    potentiation: float = 1e-3
    """A₊, per pair of spikes."""
    depression: float = 1.05e-3
    """A₋, per pair of spikes."""

    def factors(self, pre: Presynaptic, post: Postsynaptic, w: Quantity) -> Iterator[Product]:
        """Yield A₊ S_i · x_j · 1 and −A₋ x_i · S_j · 1."""
        yield self.potentiation * post.spike, pre.trace, 1
        yield -self.depression * post.trace, pre.spike, 1
