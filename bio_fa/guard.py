"""Guard: a run in which a population is dead is given up early, with advice, instead of being compared with live ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bio_fa.description import Description
from bio_fa.errors import LivenessError
from bio_fa.examination import Examination

ADVICE = {
    "silent": "give it stronger excitation or weaker inhibition, or lower the learning rate",
    "saturated": "give it weaker excitation or stronger inhibition, or lower the learning rate",
}


@dataclass(frozen=True)
class Liveness(Description):
    """When a population is dead: nearly all of its neurons stay silent, or at their ceiling, in evaluation after evaluation.

    The input is not judged; others are in the phases that do not clamp them, all together, so that neurons which only a nudge
    wakes are awake.

    Choice: silence and saturation that learning does not mend are errors of scale, and what such a run scores says nothing.
    """

    silent: float = 0.95
    """The share of silent neurons, in (0, 1], from which on a population is dead."""
    saturated: float = 0.95
    """The share of neurons at their ceiling, in (0, 1]; of spiking neurons those that fire as often as they can."""
    patience: int = 2
    """After so many evaluations in a row the run is given up; that before learning counts, that after the last epoch does not."""

    def validate(self) -> None:
        """Refuse shares that every population reaches, and no evaluation at all."""
        for field in ("silent", "saturated"):
            self.require(0 < getattr(self, field) <= 1, field, "a share in (0, 1]")
        self.require(self.patience >= 1, "patience", "at least 1 evaluation")

    def require_alive(self, examinations: Sequence[Examination]) -> None:
        """Refuse a circuit that was found dead in each of its last ``patience`` examinations, in order of time.

        Raises:
            LivenessError: naming the populations that are dead and what to do.
        """
        last = examinations[-self.patience :]
        for state in ADVICE if len(last) == self.patience else ():
            dead = [each for each in last[-1].liveness if all(self._dead(found, each, state) for found in last)]
            if dead:
                raise LivenessError(self._sentence(dead, state, last[-1]))

    def _dead(self, found: Examination, population: str, state: str) -> bool:
        share = found.liveness[population][state]
        return share is not None and share >= getattr(self, state)

    def _sentence(self, dead: Sequence[str], state: str, found: Examination) -> str:
        shares = ", ".join(f"{each!r} ({100 * (found.liveness[each][state] or 0):.3g} %)" for each in dead)
        are, their = ("is", "its") if len(dead) == 1 else ("are", "their")
        who = f"{shares} {are} dead: so many of {their} neurons stayed {state}"
        when = f", in {self.patience} evaluations in a row" if self.patience > 1 else ""
        return f"{who} in all of {found.trials} test trials{when}; {ADVICE[state]}, or set liveness = false."
