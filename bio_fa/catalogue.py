"""Catalogue: what every learning rule needs, and whether it is local, read from the rules themselves."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass

from bio_fa.learning import LocalLearning
from bio_fa.rules import Feedback, LearningRule, Network, WiredRule
from bio_fa.updates import Scale


@dataclass(frozen=True)
class Entry:
    """One learning rule as it is listed."""

    name: str
    """Its kind: what ``[rule] kind`` names."""
    title: str
    """What it does, in one sentence."""
    equation: str
    """Its equations, in the symbols of its source."""
    local: bool
    """Whether every weight follows from what its synapse can sense, by the proof on symbols, and no weight is copied."""
    objections: tuple[str, ...]
    """Why it is not local."""
    phases: tuple[str, ...]
    """The phases of a trial, in order."""
    feedback: str
    """What reaches a hidden neuron."""
    wirings: tuple[str, ...]
    """The kinds of feedback wiring that it takes; none: it has no feedback whose wiring is free."""
    error: str
    """How errors are coded: the kinds of credit that its synapses sense."""
    source: str
    use: str
    """When to choose it: the line ``Use:`` of its docstring."""
    limits: str
    """Where it fails: the line ``Limits:``."""


def catalogue() -> tuple[Entry, ...]:
    """Return every learning rule, in the order of their names."""
    return tuple(entry(rule()) for _, rule in sorted(LearningRule.kinds().items()))


def entry(rule: LearningRule) -> Entry:
    """Return what there is to know of a rule before it runs."""
    circuit = rule.circuit(Network(4, (3, 3), 2))
    credits = {each.error.kind().replace("_", " ") for each in circuit.plastic if each.error is not None}
    objections = (*rule.objections(circuit), *_learning(rule))
    module = inspect.getmodule(type(rule))
    documentation = inspect.getdoc(type(rule)) or ""
    return Entry(
        name=rule.kind(),
        title=_sentence(module.__doc__ or "", type(rule).__name__) if module else "",
        equation=equation(documentation),
        local=not objections,
        objections=objections,
        phases=tuple(phase.name for phase in rule.protocol(circuit).phases),
        feedback=rule.feedback,
        wirings=_wirings(rule),
        error=", ".join(sorted(credits)) or "none",
        source=told("Source", documentation),
        use=told("Use", documentation),
        limits=told("Limits", documentation),
    )


def _learning(rule: LearningRule) -> tuple[str, ...]:
    local = isinstance(rule.learning(Scale()), LocalLearning)
    return () if local else ("weights follow a gradient",)


def _wirings(rule: LearningRule) -> tuple[str, ...]:
    taken = rule.takes if isinstance(rule, WiredRule) else ()
    return tuple(name for name, kind in sorted(Feedback.kinds().items()) if issubclass(kind, taken))


def _sentence(text: str, name: str) -> str:
    """Return the first line of a module's docstring, without the name of the rule."""
    line = " ".join(text.strip().split("\n\n")[0].split())
    said = line.removeprefix(f"{name}: ")
    return said[:1].upper() + said[1:]


def equation(documentation: str) -> str:
    """Return the first paragraph of a docstring on one line."""
    return " ".join(documentation.split("\n\n")[0].split())


def told(word: str, documentation: str) -> str:
    """Return what a docstring says after this word and a colon."""
    found = re.findall(rf"^\s*{word}: (.+?)(?=\n\s*\n|\n\s*(?:Source|Choice|Use|Limits): |\Z)", documentation, re.S | re.M)
    return " ".join(" ".join(each.split()) for each in found)
