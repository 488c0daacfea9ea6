"""Aims at a learning rule of tomorrow that runs on one backend only, moves what it should not, or does not say what it needs.

Every registered rule is made with its defaults, in a network of two hidden areas; and each of those whose feedback wiring is free
with every registered wiring.
"""

from __future__ import annotations

import json
import tomllib

import numpy as np
import pytest

from bio_fa.catalogue import catalogue, entry
from bio_fa.config import load
from bio_fa.errors import BioFAError, ConfigError
from bio_fa.rules import CorticalNetwork, Feedback, LearningRule, WiredRule
from tests.refusals import assert_refused
from tests.rules.trained import SMALL, learner

CORTEX = CorticalNetwork(20, (16, 12), 4)
KINDS = {name: kind for name, kind in LearningRule.kinds().items() if kind.__module__.startswith("bio_fa.")}

WIRED = [name for name, kind in sorted(KINDS.items()) if issubclass(kind, WiredRule)]
TAKEN = [(name, wiring) for name in WIRED for wiring in entry(KINDS[name]()).wirings]

every_rule = pytest.mark.parametrize("name", sorted(KINDS))
every_combination = pytest.mark.parametrize(("name", "wiring"), TAKEN)


def combined(name, wiring):
    return KINDS[name](wiring=Feedback.kinds()[wiring]())


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


@every_combination
def test_with_every_wiring_that_it_takes_it_means_the_same_to_both_and_learns(name, wiring):
    rule = combined(name, wiring)
    before = learner(rule).parameters()
    ours, theirs = (learner(rule, backend=backend).learn() for backend in ("reference", "torch_rate"))
    for each in ours:
        np.testing.assert_allclose(theirs[each].w, ours[each].w, rtol=0, atol=1e-12, err_msg=each)
    assert any(np.abs(ours[each].w - before[each].w).max() > 0 for each in ours)


@every_combination
def test_with_every_wiring_it_is_not_local_where_weights_are_copied(name, wiring):
    told, circuit = entry(combined(name, wiring)), combined(name, wiring).circuit(SMALL)
    assert bool(circuit.tied) == ("weight transport" in " ".join(told.objections))
    assert told.local == (not told.objections)


@pytest.mark.parametrize("name", WIRED)
def test_every_other_wiring_is_refused_with_the_reason(name):
    kind = KINDS[name]
    for wiring in sorted(set(Feedback.kinds()) - set(entry(kind()).wirings)):
        assert kind.because
        assert_refused(lambda wiring=wiring: combined(name, wiring), kind.__name__, "wiring", "not allowed; give", kind.because)


@every_combination
def test_with_every_wiring_it_obeys_all_constraints_or_is_refused(name, wiring):
    """Fixed random feedback is of the cortical network's own kind, and copied magnitudes obey Dale's law as the way up does."""
    rule = combined(name, wiring)
    try:
        one = learner(rule, CORTEX)
    except BioFAError as error:
        assert ";" in str(error) and str(error).endswith(".")
        assert kept_apart(KINDS[name]) or wiring not in {"stepwise", "direct", "symmetric", "exact_last"}, error
        return
    after = one.learn(trials=2)
    for each in one.simulation.circuit.projections:
        w, mask = after[each.name].w, after[each.name].mask
        assert each.from_tonic or ((w >= 0).all() and not w[~mask].any()), each.name


def kept_apart(kind):
    """Return whether a rule needs companion neurons, which a cortical network has no place for."""
    return kind.takes != WiredRule.takes


def test_a_configuration_chooses_the_wiring_of_a_rule(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text('name = "study"\nrule = { kind = "gene_rec" }\n[circuit]\nhidden = [5, 4]\n', encoding="utf-8")
    half = "rule.wiring={kind='direct', connectivity={kind='fixed_in_degree', density=0.5}}"
    _, experiment = load(path, [half])
    back = [each for each in experiment.circuit.projections if each.compartment == "apical"]
    assert [(each.name, each.connectivity.kind()) for each in back] == [
        ("output_to_H1", "fixed_in_degree"),
        ("output_to_H2", "fixed_in_degree"),
    ]
    assert load(path, ["rule.kind=predictive_coding", "rule.wiring.kind=stepwise"])[0].rule == combined(
        "predictive_coding", "stepwise"
    )
    assert_refused(lambda: load(path, ["rule.wiring.kind=dierct"]), "dierct", "direct", error=ConfigError)


def test_the_catalogue_lists_every_rule_once_and_can_be_written_as_json():
    listed = [each.name for each in catalogue()]
    assert listed == sorted(set(listed)) and set(listed) >= set(KINDS)
    json.dumps([vars(each) for each in catalogue()])
