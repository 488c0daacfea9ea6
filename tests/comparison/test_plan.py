"""Failure aimed at: two different runs under one name, a combination that vanishes, and rules that did not begin alike."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from bio_fa import CorticalNetwork, Network
from bio_fa.comparison.cells import Cell, Study, merged
from bio_fa.comparison.plan import digest, plan
from bio_fa.config import parse
from bio_fa.errors import BioFAError
from bio_fa.rules import LearningRule
from tests.comparison.studies import BASE, RULES, planned
from tests.small import contents

CHANGES = {
    "name": {"name": "other"},
    "seed": {"seed": 7},
    "species": {"species": "Mus musculus"},
    "rule": {"rule": {"kind": "kolen_pollack"}},
    "circuit": {"circuit": {"hidden": [11]}},
    "task": {"task": {"kind": "digits", "train_trials": 65}},
    "training": {"training": {"epochs": 2}},
    "backend": {"backend": {"kind": "torch_rate", "precision": "float64"}},
    "record": {"record": {"trials": 3}},
    "liveness": {"liveness": {"patience": 3}},
    "checkpoint": {"checkpoint": {"seconds": 5.0}},
    "standardisation": {"standardisation": {"horizon": 9}},
}


def hashed(change: dict) -> str:
    table = merged({**BASE, "name": "small", "rule": {"kind": "backpropagation"}}, change)
    return digest(parse(table).complete(Path()), Path())


@pytest.mark.parametrize("key", CHANGES)
def test_a_run_with_any_other_setting_is_another_run(key):
    assert hashed(CHANGES[key]) != hashed({})


def test_a_setting_that_is_written_out_is_the_same_run_as_its_default():
    assert hashed({"training": {"decay": "cosine"}}) == hashed({})


def test_what_a_file_of_your_own_says_is_part_of_the_run(tmp_path):
    model = "from models.two_area import two_area\n\n\ndef mine(hidden: int = 3):\n    return two_area(hidden=hidden)\n"
    (tmp_path / "own.py").write_text(model, encoding="utf-8")
    config = parse({"name": "small", "circuit": {"model": "own.py:mine"}}).complete(tmp_path)
    before = digest(config, tmp_path)
    (tmp_path / "own.py").write_text(model.replace("= 3", "= 4"), encoding="utf-8")
    assert digest(config, tmp_path) != before


def test_every_run_has_a_folder_of_its_own_that_names_its_cell_and_seed(tmp_path):
    runs = planned(tmp_path, constraints={"free": {}, "cortical": {"circuit": {"kind": "cortical_network"}}}, seeds=(3, 5)).runs
    assert len({each.place for each in runs}) == len(runs) == 2 * 2 * 2
    (one,) = {each.place.name[:-9] for each in runs if each.seed == 5 and each.cell.name == "feedback_alignment, cortical"}
    assert one == "feedback_alignment-cortical-5"


def test_planning_writes_nothing(tmp_path):
    planned(tmp_path / "out")
    assert contents(tmp_path) == {}


def test_what_is_refused_is_listed_with_its_reason_and_stops_nothing_else(tmp_path):
    cortical = {"cortical": {"circuit": {"kind": "cortical_network"}}}
    found = planned(tmp_path, rules=("feedback_alignment", "kolen_pollack"), reference=None, constraints=cortical)
    assert {each.cell.name for each in found.runs} == {"feedback_alignment, cortical"}
    (refused,) = found.refused
    assert refused.cell.name == "kolen_pollack, cortical" and "obeys Dale's law" in refused.reason


def test_a_misspelt_key_is_a_refusal_that_names_the_nearest(tmp_path):
    found = planned(tmp_path, rules={"backpropagation": {}, "feedback_alignment": {"training": {"epoch": 3}}})
    assert "did you mean 'epochs'?" in found.refused[0].reason


def test_a_comparison_of_which_nothing_can_run_is_refused(tmp_path):
    with pytest.raises(BioFAError, match="every combination is refused"):
        planned(tmp_path, base={**BASE, "training": {"epochs": 0}})


def test_runs_compute_on_one_thread_unless_the_configuration_says_otherwise(tmp_path):
    threads = {each.experiment().backend.threads for each in planned(tmp_path).runs}
    assert threads == {1}
    two = planned(tmp_path, base={**BASE, "backend": {"threads": 2}})
    assert {each.experiment().backend.threads for each in two.runs} == {2}


def test_a_reference_backend_without_threads_is_left_as_it_is(tmp_path):
    table = {**BASE, "rule": {"kind": "frozen_hidden"}, "backend": {"kind": "reference"}}
    assert plan(Study("small", (Cell({"rule": "a"}, table),), (1,), Path()), tmp_path).refused == ()


OTHERWISE = {"hebbian_readout", "competitive_readout"}
"""Rules whose hidden neurons compete, for which their synapses begin with a norm of their own; results say so of them."""


@pytest.mark.parametrize("network", [Network(8, (5, 4), 3), CorticalNetwork(8, (20, 20), 3)], ids=["network", "cortical"])
def test_every_rule_begins_with_the_same_forward_synapses(network):
    """Of all rules of the catalogue, with one seed: what feedback alignment begins with on the way up."""
    expected = LearningRule.kinds()["feedback_alignment"]().circuit(network).sample(1)
    shared = 0
    for kind in (each for name, each in LearningRule.kinds().items() if name not in OTHERWISE):
        try:
            circuit = kind().circuit(network)
        except BioFAError:
            continue  # refused under these constraints
        found = circuit.sample(1)
        for each in circuit.projections:
            if each.compartment != "apical" and each.name in expected:
                shared += 1
                np.testing.assert_array_equal(found[each.name].w, expected[each.name].w, err_msg=f"{kind.kind()}: {each.name}")
    assert shared > 20


def test_the_seeds_decide_the_trials_and_the_rules_do_not(tmp_path):
    """One seed, one dataset in one order, whatever the rule: both follow from seed and task alone."""
    one, other = (each.experiment() for each in planned(tmp_path, seeds=1).runs)
    assert (one.seed, one.task, one.batch) == (other.seed, other.task, other.batch)
    np.testing.assert_array_equal(one.dataset().train.stimulus, other.dataset().train.stimulus)
    assert {field.name for field in fields(one) if getattr(one, field.name) != getattr(other, field.name)} >= {"circuit"}
    assert len(RULES) == 2
