"""Aims at a learning rule of tomorrow that runs on one backend only, moves what it should not, or does not say what it needs.

Every registered rule is made with its defaults, in a network of two hidden areas.
"""

from __future__ import annotations

import json
import tomllib

import numpy as np
import pytest

from bio_fa.catalogue import catalogue, entry
from bio_fa.config import load
from bio_fa.rules import LearningRule
from tests.rules.trained import SMALL, learner

KINDS = {name: kind for name, kind in LearningRule.kinds().items() if kind.__module__.startswith("bio_fa.")}

every_rule = pytest.mark.parametrize("name", sorted(KINDS))


@every_rule
def test_it_means_the_same_to_the_reference_and_to_torch(name):
    rule = KINDS[name]()
    ours, theirs = (learner(rule, backend=backend).learn(trials=3) for backend in ("reference", "torch_rate"))
    for projection in ours:
        np.testing.assert_allclose(theirs[projection].w, ours[projection].w, rtol=0, atol=1e-12, err_msg=projection)


@every_rule
def test_something_learns_and_what_is_fixed_stays(name):
    one = learner(KINDS[name]())
    before, after = one.parameters(), one.learn(trials=2)
    moved = {each for each in before if np.abs(after[each].w - before[each].w).max() > 0}
    fixed = {each.name for each in one.simulation.circuit.projections if each.fixed}
    assert moved and not moved & fixed


@every_rule
def test_what_it_needs_is_told(name):
    told = entry(KINDS[name]())
    assert told.name == name and told.phases and told.feedback and told.error
    assert "=" in told.equation or "∝" in told.equation, "the first paragraph of its docstring holds no equation"
    assert any(character.isdigit() for character in told.source), "its docstring has no Source with a year"
    assert told.title.endswith(".") and told.title[0].isupper()


@every_rule
def test_it_is_marked_not_local_where_weights_are_copied(name):
    rule = KINDS[name]()
    copied = [each for each in rule.circuit(SMALL).projections if each.tie is not None]
    told = entry(rule)
    assert told.local == (not told.objections)
    assert not copied or "weight transport" in " ".join(told.objections)


@every_rule
def test_a_configuration_names_it(name, tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(
        f'name = "study"\n[rule]\nkind = "{name}"\n[circuit]\nhidden = [5, 4]\n[task]\nkind = "digits"\n[training]\nepochs = 1\n',
        encoding="utf-8",
    )
    config, experiment = load(path)
    assert experiment.circuit.name == name and experiment.circuit.population("H2").size == 4
    path.write_text(config.text(), encoding="utf-8")
    assert load(path) == (config, experiment), tomllib.loads(config.text())


def test_the_catalogue_lists_every_rule_once_and_can_be_written_as_json():
    listed = [each.name for each in catalogue()]
    assert listed == sorted(set(listed)) and set(listed) >= set(KINDS)
    json.dumps([vars(each) for each in catalogue()])
