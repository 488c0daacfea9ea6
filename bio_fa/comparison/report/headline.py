"""Headline: what a study asked and found, in sentences that claim no more than its seeds show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bio_fa.analysis.significance import too_few_seeds
from bio_fa.analysis.verdict import Verdict
from bio_fa.comparison.report.reading import Reading

FEW = 4
"""So many names are listed; more are counted."""


def headline(verdicts: Sequence[Verdict], reference: str | None) -> str:
    """Return what the paired seeds say of all pairs together."""
    if not verdicts:
        return "No two cells were compared by paired seeds, so nothing is said of their differences."
    first = verdicts[0]
    too_few = too_few_seeds(first.n, first.alpha, len(verdicts))
    if too_few:
        return f"No difference is claimed: {too_few}"
    opening = f"Compared with {reference}" if reference else f"Of {_count(len(verdicts), 'pair')}"
    corrected = f"p ≤ {first.alpha:g} after Holm's correction over {_count(len(verdicts), 'pair')}"
    found = _against(verdicts) if reference else _among(verdicts)
    return f"{opening} over {_count(first.n, 'seed')}, {'; '.join(found)} ({corrected})."


def _against(verdicts: Sequence[Verdict]) -> Iterator[str]:
    for called, sign in (("higher", 1), ("lower", -1)):
        chosen = [each for each in verdicts if each.significant and sign * each.difference > 0]
        if chosen:
            of = f"all {len(chosen)}" if len(chosen) == len(verdicts) else f"{len(chosen)}{_names(chosen)} of the {len(verdicts)}"
            has = "has" if len(chosen) == 1 else "have"
            yield f"{of} others {has} a {called} mean {chosen[0].measure}"
    yield from _alike(verdicts)


def _among(verdicts: Sequence[Verdict]) -> Iterator[str]:
    differ = sum(each.significant for each in verdicts)
    if differ:
        yield f"{differ} differ in mean {verdicts[0].measure}"
    yield from _alike(verdicts)


def _alike(verdicts: Sequence[Verdict]) -> Iterator[str]:
    alike = [each for each in verdicts if not each.significant]
    if alike:
        yield f"for {len(alike)}{_names(alike)} the seeds show no difference"


def _names(verdicts: Sequence[Verdict]) -> str:
    return f" ({', '.join(each.first for each in verdicts)})" if len(verdicts) <= FEW else ""


def ended(statuses: Sequence[str], refused: int) -> str:
    """Return in a sentence how the runs ended."""
    counts = Counter(statuses)
    parts = [f"{_count(len(statuses), 'run')}: " + ", ".join(f"{count} {status}" for status, count in counts.items())]
    return "; ".join([*parts, *([f"{_count(refused, 'combination')} refused"] if refused else [])]) + "."


def asked(study: Mapping[str, Any], reading: Reading) -> list[tuple[str, str]]:
    """Return what was compared, as terms and what they are here; ``reading``: how a score is shown."""
    seeds = study.get("seeds", 0)
    said = {
        "rules": _listed(study.get("rules")),
        "compared with": study.get("reference") or "each other",
        "constraints": _listed(study.get("constraints")),
        "tasks": _listed(study.get("tasks")),
        "seeds": f"1 to {seeds}" if isinstance(seeds, int) else _listed(seeds),
        "judged by": f"{str(study.get('measure', '')).replace('_', ' ')} after the last epoch; less is better",
        "threshold": f"{reading.tick(study['threshold'])}{reading.unit}" if study.get("threshold") is not None else "",
    }
    return [(term, text) for term, text in said.items() if text]


def _listed(names: Any) -> str:
    return ", ".join(map(str, names)) if names else ""


def _count(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
