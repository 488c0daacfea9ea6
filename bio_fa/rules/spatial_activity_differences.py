"""SpatialActivityDifferences: what a neuron does with feedback, less what its twin does without, both at the same time (NGRAD)."""

from __future__ import annotations

from dataclasses import dataclass

from bio_fa.rules.predictive_coding import DifferenceInSpace


@dataclass(frozen=True)
class SpatialActivityDifferences(DifferenceInSpace):
    """r⁻_ℓ = φ(μ_ℓ),  r⁺_ℓ = φ(μ_ℓ + B_ℓ (r⁺_{ℓ+1} − r⁻_{ℓ+1})),  ΔW_ℓ = η (r⁺_ℓ − r⁻_ℓ) r⁺_{ℓ−1}ᵀ,  with B_ℓ fixed and random.

    Both activities are those of populations of their own, at the same time: nothing has to be remembered from phase to phase.
    For small nudges it is feedback alignment.

    Use: as ``activity_differences``, where no neuron should have to compare its activity with that of an earlier moment.
    Limits: four neurons stand for one, with one-to-one synapses between them.
    Source: Lillicrap et al. (2020) Nat. Rev. Neurosci. 21:335–346, differences between populations; B as in Lillicrap et al.
        (2016) Nat. Commun. 7:13276.
    """
