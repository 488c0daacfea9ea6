"""WiredRule: a code of errors that feedback of any wiring can carry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from bio_fa.circuit import Circuit
from bio_fa.plasticity import ReturnedError
from bio_fa.population import Apical
from bio_fa.projection import Projection
from bio_fa.protocol import Protocol, one_phase
from bio_fa.rules.base import LearningRule
from bio_fa.rules.feedback import Feedback, Stepwise
from bio_fa.rules.network import LayeredNetwork


@dataclass(frozen=True)
class WiredRule(LearningRule, abstract=True):
    """What feedback means to those that it reaches; by default a signed error, felt by apical compartments.

    Raises:
        DescriptionError: for a wiring that cannot carry it, with the reason.
    """

    carries: ClassVar[str] = "vector"
    """What feedback brings, in a word or two."""
    takes: ClassVar[tuple[type[Feedback], ...]] = (Feedback,)
    """The wirings that can carry it, or their families."""
    because: ClassVar[str] = ""
    """Why others cannot, where it does not take all."""

    wiring: Feedback = field(default_factory=Stepwise)
    """Which synapses bring it."""

    def validate(self) -> None:
        """Refuse a wiring that cannot carry the code."""
        known = " or ".join(kind for each in self.takes for kind in sorted(each.kinds()))
        self.require(isinstance(self.wiring, self.takes), "wiring", f"{known}: {self.because}")

    @property
    def feedback(self) -> str:
        """What reaches a hidden neuron, in a few words."""
        return self.wiring.told(self.carries)

    @property
    def apical(self) -> Apical | None:
        """The compartment that feels feedback: here an error, which does not disturb the activity of the free phase."""
        return Apical(balanced_in="free")

    def back(self, network: LayeredNetwork) -> Iterator[Projection]:
        """Yield the feedback projections."""
        return self.wiring.back(self, network)

    def way_up(self, below: str, above: str) -> str:
        """Return the name of the projection of a step of the way up."""
        return f"{below}_to_{above}"

    def learns(self, population: str) -> dict[str, Any]:
        """Return the settings by which synapses of the way up learn, with what the wiring needs of them."""
        settings = super().learns(population)
        return settings and settings | {"plasticity": self.wiring.upward(settings["plasticity"])}

    def learns_back(self, population: str) -> dict[str, Any]:
        """Return the settings by which feedback synapses onto a population change as those on the way up from it do."""
        return {"plasticity": ReturnedError(), **self.senses(population)}

    def trial(self, circuit: Circuit) -> Protocol:
        """Return the trial, but for what the wiring needs."""
        return one_phase(circuit)

    def protocol(self, circuit: Circuit) -> Protocol:
        """Return the trial, with what the wiring needs."""
        return self.wiring.trial(self.trial(circuit), circuit)
