"""Gallery: the circuits of a study, a drawing for each that differs in what is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from bio_fa.circuit import Circuit
from bio_fa.comparison.report.conditions import Condition
from bio_fa.comparison.report.drawing import SIGNS, alike, draw, learning
from bio_fa.comparison.report.findings import Findings, circuit
from bio_fa.errors import BioFAError


@dataclass(frozen=True)
class Drawn:
    """One drawing of a circuit, the condition that it belongs to and the rules that share it."""

    picture: Markup
    condition: str
    rules: tuple[str, ...]
    circuit: Circuit

    @property
    def said(self) -> list[str]:
        """Each projection in words."""
        return [
            f"{each.pre} → {each.post}{'' if each.compartment == 'basal' else f' ({each.compartment})'}: "
            f"{SIGNS[self.circuit.sign(each)]}, {learning(each)}"
            for each in self.circuit.projections
        ]


def gallery(condition: Condition, found: Sequence[Findings], rules: Sequence[str], folder: Path) -> Iterator[Drawn]:
    """Yield a drawing for each circuit of a condition, rules whose circuits look alike together."""
    shared: dict[object, tuple[Circuit, list[str]]] = {}
    for rule, runs in condition.of(found, rules).items():
        one = _circuit(runs, folder)
        if one is not None:
            shared.setdefault(alike(one), (one, []))[1].append(rule)
    for one, own in shared.values():
        of = f"{', '.join(own)}{f' ({condition.name})' if condition.name else ''}"
        yield Drawn(draw(one, f"Circuit of {of}"), condition.name, tuple(own), one)


def _circuit(runs: Sequence[Findings], folder: Path) -> Circuit | None:
    """Return the circuit of the first run that left one."""
    for run in runs:
        try:
            return circuit(folder / str(run.run["folder"]))
        except BioFAError:
            continue
    return None
