"""Aims at a run.json that says something else than it should and is believed, or ends in a traceback."""

from __future__ import annotations

import json

import pytest

from bio_fa.analysis.run_table import FeedbackPath, feedback_pairs, run_table, thresholds
from bio_fa.errors import DescriptionError, RecordError
from bio_fa.io.run_folder import RunFolder
from tests.analysis.synthetic_run import PAIR
from tests.analysis.synthetic_spikes import spiking_run


def test_pairs_name_their_paths_and_signs(run):
    (pair,) = feedback_pairs(RunFolder.open(run.write()))
    assert pair.feedback == (
        FeedbackPath(("V1_FE_to_V1_E", "V2_E_to_V1_FE"), 1),
        FeedbackPath(("V1_FI_to_V1_E", "V2_E_to_V1_FI"), -1),
    )
    assert pair.inhibition == (("V2_I_to_V2_E", "V1_E_to_V2_I"),)


@pytest.mark.parametrize("pair", ["V1", {"area": "V1"}, PAIR | {"feedback": [[]]}, PAIR | {"inhibition": 3}])
def test_malformed_pairs_are_refused(run, pair):
    run.table["alignment_pairs"] = [pair]
    with pytest.raises(RecordError, match="malformed"):
        feedback_pairs(RunFolder.open(run.write()))


@pytest.mark.parametrize("path", [["P", "Q", 2], [1], ["P", 3, 1]])
def test_a_feedback_path_needs_projections_and_a_sign(run, path):
    run.table["alignment_pairs"] = [PAIR | {"feedback": [path]}]
    with pytest.raises(DescriptionError, match="FeedbackPath"):
        feedback_pairs(RunFolder.open(run.write()))


def test_thresholds_are_those_of_the_populations_that_have_one(tmp_path):
    assert thresholds(spiking_run(tmp_path / "run").write()) == {"V1_E": 1.0, "V1_I": 1.0}


@pytest.mark.parametrize("circuit", [[], {}, {"areas": [1]}, {"areas": [{"forward": [{"name": "E"}], "feedback": []}]}])
def test_a_malformed_circuit_has_no_thresholds(run, circuit):
    folder = RunFolder.open(run.write())
    folder.circuit.write_text(json.dumps(circuit), encoding="utf-8")
    with pytest.raises(RecordError, match=r"circuit\.json describes no circuit"):
        thresholds(folder)


def test_a_run_that_is_no_table_is_refused(tmp_path):
    (tmp_path / "run.json").write_text("[1, 2]")
    with pytest.raises(RecordError, match="list, not a table"):
        run_table(RunFolder.open(tmp_path))
