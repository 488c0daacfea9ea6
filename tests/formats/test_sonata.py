"""Failure aimed at: a circuit that lacks those who were not recorded, and one that does not fit its weights.

What its readers find in it is asked of them in ``tests/readers/test_sonata.py``.
"""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from bio_fa import formats
from bio_fa.errors import RecordError
from bio_fa.io.activity import ActivityWriter
from tests.analysis.synthetic_run import SIZES, synthetic_run
from tests.readers.recorded import PHASES, POPULATIONS, Recorded, circuit, record_run
from tests.refusals import assert_refused
from tests.small import cli, write_config


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return record_run(tmp_path / "run")


def test_populations_that_were_not_recorded_are_nodes_too(tmp_path: Path) -> None:
    run = synthetic_run(tmp_path / "run")
    run.epochs = []
    path = run.write()
    (path / "circuit.json").write_text(json.dumps(circuit()))
    with ActivityWriter(path / "activity.h5", POPULATIONS[:1], PHASES, 1e-3):
        pass
    with h5py.File(formats.write(path, "sonata") / "nodes.h5") as file:
        assert {name: len(file[f"nodes/{name}/node_id"]) for name in file["nodes"]} == SIZES
        assert file["nodes/V1_I/0/sign"][0] == -1


def test_the_record_is_copied_to_the_last_byte(recorded: Recorded) -> None:
    place = formats.write(recorded.path, "sonata")
    assert (place / "activity.h5").read_bytes() == (recorded.path / "activity.h5").read_bytes()


def test_the_intrinsic_excitability_of_a_trained_circuit_comes_from_a_virtual_node(tmp_path: Path) -> None:
    result = cli("run", write_config(tmp_path), "--output", tmp_path / "out", "--set", "record.trials=4", "--quiet")
    assert result.exit_code == 0, result.output
    place = formats.write(tmp_path / "out", "sonata")
    kinds = json.loads((place / "circuit_config.json").read_text())["networks"]["nodes"][0]["populations"]
    assert {name for name, kind in kinds.items() if kind["type"] == "virtual"} == {"tonic"}
    with h5py.File(place / "edges_final.h5") as edges, h5py.File(tmp_path / "out" / "weights.h5") as weights:
        assert edges["edges/tonic_to_V1_E/source_node_id"].attrs["node_population"] == "tonic"
        expected = weights["snapshots/final/tonic_to_V1_E"][()]
        assert np.array_equal(edges["edges/tonic_to_V1_E/0/syn_weight"][()], expected[:, 0])


@pytest.mark.parametrize("areas", [None, [{"name": "V1"}], [{"name": "V1", "forward": [{"name": 3}], "feedback": []}]])
def test_a_table_that_is_no_circuit_is_refused(recorded: Recorded, areas: object) -> None:
    (recorded.path / "circuit.json").write_text(json.dumps({"areas": areas}))
    assert_refused(lambda: formats.write(recorded.path, "sonata"), "describes no circuit", error=RecordError)
    assert [each.name for each in recorded.path.parent.iterdir()] == ["run"]


def test_weights_of_another_circuit_are_refused(recorded: Recorded) -> None:
    table = circuit()
    table["areas"][0]["forward"][0]["size"] += 1
    (recorded.path / "circuit.json").write_text(json.dumps(table))
    assert_refused(lambda: formats.write(recorded.path, "sonata"), "does not fit", error=RecordError)
