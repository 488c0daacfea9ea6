"""Failure aimed at: a learning rule whose source has no entry, an entry that nobody cites, BibTeX that does not parse."""

from __future__ import annotations

import re

import pytest

from bio_fa.catalogue import catalogue
from bio_fa.comparison.report.citations import Entry, bibtex, cited_by, entries_of, library

RULES = [each.name for each in catalogue()]


@pytest.mark.parametrize("rule", RULES)
def test_every_work_that_a_rule_names_has_an_entry(rule):
    (cited,) = cited_by([rule])
    assert len(cited.entries) == len(re.findall(r"\(\d{4}\)", cited.said)) >= 1
    assert all(each.label in cited.said for each in cited.entries)


def test_every_entry_is_cited_by_a_rule():
    assert {each.key for each in entries_of(cited_by(RULES))} == {each.key for each in library()}


@pytest.mark.parametrize("entry", library(), ids=lambda each: each.key)
def test_an_entry_has_what_a_reader_needs_to_find_the_work(entry):
    assert {"author", "title", "year"} <= set(entry.fields) and entry.place + str(entry.link)
    assert entry.text.count("{") == entry.text.count("}")
    assert entry.key == re.sub(r"\W", "", entry.key) and entry.key.endswith(entry.fields["year"])
    assert "doi" not in entry.fields or re.fullmatch(r"10\.\d{4,}/\S+", entry.fields["doi"])


def test_keys_and_labels_are_those_of_one_work_each():
    assert len({each.key for each in library()}) == len({each.label for each in library()}) == len(library())


def test_authors_are_named_as_the_rules_name_them():
    def label(authors: str) -> str:
        return Entry("x", f"@misc{{x,\n  author = {{{authors}}},\n  year = {{2000}},\n}}").label

    assert label("Oja, Erkki") == "Oja (2000)"
    assert label("Kolen, J. F. and Pollack, J. B.") == "Kolen & Pollack (2000)"
    assert label("A, A. and B, B. and C, C.") == "A, B & C (2000)"
    assert label("A, A. and B, B. and C, C. and D, D.") == "A et al. (2000)"


def test_a_work_that_two_rules_cite_is_listed_once():
    entries = entries_of(cited_by(["feedback_alignment", "activity_differences", "feedback_alignment"]))
    assert [each.key for each in entries] == ["lillicrap2016", "lillicrap2020"]
    assert bibtex(entries).count("@article{lillicrap2016,") == 1


def test_a_rule_of_ones_own_cites_nothing_here():
    assert cited_by(["a_rule_of_my_own"]) == []
