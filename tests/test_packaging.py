"""Failure aimed at: one environment that works and another, described elsewhere, that does not.

``pyproject.toml`` says what bio_fa needs; ``constraints.txt`` must pin it within those ranges, ``environment.yml`` must
repeat them under conda's names (PEP 440 and PEP 508 give the meaning of both), ``CITATION.cff`` must name the version.
"""

from __future__ import annotations

import itertools
import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

import bio_fa
from tests.source import ROOT

CONDA = {"matplotlib": "matplotlib-base", "torch": "pytorch"}
"""Distributions that conda calls otherwise."""

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
NEEDED = [Requirement(each) for each in itertools.chain(PROJECT["dependencies"], *EXTRAS.values())]
BY_PIP = {Requirement(each).name for extra in ("browser", "readers") for each in EXTRAS[extra]}
IN_CHANNELS = [each for each in NEEDED if each.name not in BY_PIP]
"""What conda has; the browser's driver and the readers come by pip, because not every one of them is in a channel."""
NAMES = [each.name for each in NEEDED]


def pins() -> dict[str, str]:
    """Return the version of every distribution in constraints.txt, by canonical name."""
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in (line.split("==") for line in lines)}


def conda_ranges() -> dict[str, SpecifierSet]:
    """Return the range of every package in environment.yml that has one."""
    lines = [each for each in yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"] if isinstance(each, str)]
    found = {match[1]: match[2] for line in lines if (match := re.fullmatch(r"([\w.-]+?)([<>=!].*)", line))}
    return {name: SpecifierSet(text) for name, text in found.items()}


@pytest.mark.parametrize("needed", NEEDED, ids=NAMES)
def test_every_dependency_is_pinned_within_its_range(needed: Requirement) -> None:
    assert needed.specifier.contains(pins()[canonicalize_name(needed.name)])


@pytest.mark.parametrize("needed", IN_CHANNELS, ids=lambda each: each.name)
def test_conda_is_given_the_same_range(needed: Requirement) -> None:
    assert conda_ranges()[CONDA.get(needed.name, needed.name)] == needed.specifier


def test_conda_is_given_nothing_else_but_python() -> None:
    assert set(conda_ranges()) == {CONDA.get(each.name, each.name) for each in IN_CHANNELS} | {"python"}


def test_conda_is_given_the_browser_and_the_readers_by_pip() -> None:
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    assert [each["pip"] for each in listed if isinstance(each, dict)] == [["-e .[browser,readers]"]]


def test_conda_is_given_the_same_python() -> None:
    assert conda_ranges()["python"] == SpecifierSet(PROJECT["requires-python"])


def test_numpy_stays_below_the_version_without_ptp() -> None:
    # Brian2 2.9 calls ndarray.ptp, which NumPy 2.4 no longer has.
    (numpy,) = (each for each in NEEDED if each.name == "numpy")
    assert not numpy.specifier.contains("2.4.0")


def test_pins_hold_on_any_machine() -> None:
    # A local version, such as 2.13.0+cpu, exists in one index only.
    assert {name: version for name, version in pins().items() if Version(version).local} == {}


def test_the_citation_names_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == bio_fa.__version__
    assert citation["license"] == PROJECT["license"]


def test_the_changelog_has_a_place_for_this_version() -> None:
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert headings[0] in ("Unreleased", bio_fa.__version__)
