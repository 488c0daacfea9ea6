"""Projection: the synapses from one population to another, and how they learn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from bio_fa.connectivity import AllToAll, Connectivity
from bio_fa.constraints import Constraint
from bio_fa.credit import Credit
from bio_fa.description import Description
from bio_fa.plasticity import Plasticity, senses_error
from bio_fa.population import TONIC
from bio_fa.tie import Tie
from bio_fa.transmission import Graded, Transmission
from bio_fa.weights import Constant, Weights

SHUNT: Literal["shunt"] = "shunt"


@dataclass(frozen=True)
class Projection(Description):
    """Synapses ``w[post, pre]`` from population ``pre`` to population ``post``; without plasticity they are fixed.

    The sign of their effect is that of the presynaptic population; from ``tonic``, the constant unit drive, it is free:
    such a projection is the intrinsic excitability of its neurons.

    Raises:
        PlasticityError: when the rule is not local.
        DescriptionError: when the rule senses an error that is not named, or a plasticity setting stands without a rule.
    """

    pre: str
    post: str
    compartment: Literal["basal", "apical", "shunt"] = "basal"
    """Where it acts; a shunt divides what arrives at the others by √(w + ε)."""
    connectivity: Connectivity = field(default_factory=AllToAll)
    weights: Weights = field(default_factory=Constant)
    plasticity: Plasticity | None = None
    error: Credit | None = None
    """What ``post.error`` and ``pre.error`` mean to the rule."""
    reads: str | None = None
    """The phase whose activities the rule reads; None: the last plastic phase of the trial."""
    constraints: tuple[Constraint, ...] = ()
    """What must hold beside Dale's law and the mask, in order."""
    transmission: Transmission = field(default_factory=Graded)
    """How presynaptic activity becomes postsynaptic current: graded from rate neurons, otherwise by spikes."""
    tie: Tie | None = None
    """Whose weights and mask these synapses copy, instead of a rule and a connectivity of their own."""

    def validate(self) -> None:
        """Refuse a rule that peeks, and settings that a fixed projection cannot have."""
        if self.plasticity is None:
            self.require(self.error is None, "error", "a plasticity rule with it, or no error")
            self.require(self.reads is None, "reads", "a plasticity rule with it, or nothing")
            self.require(self.constraints == (), "constraints", "a plasticity rule with them, or none")
        elif senses_error(self.plasticity):
            self.require(self.error is not None, "error", f"an ActivityDifference, which {self.plasticity.kind()} senses")
        if self.tie is not None:
            self.require(self.plasticity is None, "plasticity", "nothing, where tie says what the weights follow")
            self.require(self.connectivity == AllToAll(), "connectivity", "nothing, where tie says whose synapses are copied")

    @property
    def name(self) -> str:
        """The name in files and errors: ``pre_to_post``, and ``pre_to_post_shunt``."""
        return f"{self.pre}_to_{self.post}" + ("_shunt" if self.compartment == SHUNT else "")

    @property
    def fixed(self) -> bool:
        """Whether its weights never change."""
        return self.plasticity is None and self.tie is None

    @property
    def from_tonic(self) -> bool:
        """Whether this projection is the intrinsic excitability of its neurons."""
        return self.pre == TONIC
