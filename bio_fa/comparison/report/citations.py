"""Citations: what the learning rules of a study cite, as entries for BibTeX.

A rule says its sources as the field does, ``Kolen & Pollack (1994) Proc. ICNN 3:1375–1380``; an entry of ``sources.bib`` is
cited by whoever says its authors and its year.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources

from bio_fa.catalogue import told
from bio_fa.rules import LearningRule

_FIELD = re.compile(r"^\s*(\w+)\s*=\s*\{(.*)\},?$", re.M)
_LATEX = {"--": "–", r"{\o}": "ø", r"{\~a}": "ã", "{": "", "}": ""}
"""What ``sources.bib`` writes otherwise than readers see it."""


@dataclass(frozen=True)
class Entry:
    """One work: its key, its text in BibTeX, and its fields."""

    key: str
    text: str

    @property
    def fields(self) -> dict[str, str]:
        """Its fields as readers see them."""
        return {name.lower(): _readable(value) for name, value in _FIELD.findall(self.text)}

    @property
    def label(self) -> str:
        """How a rule cites it: ``Kolen & Pollack (1994)``; four authors or more are ``et al.``"""
        names = [author.split(",")[0].strip() for author in self.fields["author"].split(" and ")]
        shown = f"{names[0]} et al." if len(names) > 3 else " & ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
        return f"{shown} ({self.fields['year']})"

    @property
    def place(self) -> str:
        """Where it appeared."""
        fields = self.fields
        where = next((fields[name] for name in ("journal", "booktitle", "publisher") if name in fields), "")
        volume = f" {fields['volume']}" if "volume" in fields else ""
        pages = f":{fields['pages']}" if volume and "pages" in fields else f", {fields['pages']}" if "pages" in fields else ""
        return f"{where}{volume}{pages}"

    @property
    def link(self) -> str | None:
        """Where it can be read; None where it has neither DOI nor preprint."""
        fields = self.fields
        if "doi" in fields:
            return f"https://doi.org/{fields['doi']}"
        return f"https://arxiv.org/abs/{fields['eprint']}" if "eprint" in fields else None


@dataclass(frozen=True)
class Cited:
    """A learning rule, what it says of its sources, and the entries of those that are known."""

    rule: str
    said: str
    entries: tuple[Entry, ...]


@cache
def library() -> tuple[Entry, ...]:
    """Return all known works, in the order of ``sources.bib``."""
    text = resources.files("bio_fa.comparison.report").joinpath("sources.bib").read_text(encoding="utf-8")
    parts = re.findall(r"^(@\w+\{([^,]+),.*?^\})", text, re.S | re.M)
    return tuple(Entry(key, whole) for whole, key in parts)


def cited_by(rules: Iterable[str]) -> list[Cited]:
    """Return what each of these kinds of learning rules cites; a kind that is not known here is left out."""
    kinds = LearningRule.kinds()
    return [_cited(kinds[each]) for each in dict.fromkeys(rules) if each in kinds]


def entries_of(cited: Iterable[Cited]) -> list[Entry]:
    """Return the entries that rules cite, each once, by first author and year."""
    found = {entry.key: entry for each in cited for entry in each.entries}
    return sorted(found.values(), key=lambda each: (each.label.lower(), each.key))


def bibtex(entries: Iterable[Entry]) -> str:
    """Return entries as a file for BibTeX."""
    return "\n\n".join(each.text for each in entries) + "\n"


def _cited(rule: type[LearningRule]) -> Cited:
    said = told("Source", rule.__doc__ or "")
    return Cited(rule.kind(), said, tuple(each for each in library() if each.label in said))


def _readable(value: str) -> str:
    for latex, plain in _LATEX.items():
        value = value.replace(latex, plain)
    return value
