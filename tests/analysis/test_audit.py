"""Aims at an audit that passes what it should catch: a violation in a snapshot between the ends, a value that is not a
number, an early epoch, a circuit without signs, copied feedback; and at one that accuses random feedback of copying."""

from __future__ import annotations

import numpy as np
import pytest

from bio_fa.analysis.audit import audit_weights, densities, negative_rates, signed_activity, weight_transport
from bio_fa.errors import RecordError
from bio_fa.io.run_folder import RunFolder
from bio_fa.io.weights import WeightsWriter
from tests.analysis.synthetic_run import PAIR, SyntheticRun, feedback, synthetic_run

FORWARD = PAIR["forward"]


def written(run: SyntheticRun) -> RunFolder:
    return RunFolder.open(run.write())


def existing(run: SyntheticRun, exists: bool = True) -> tuple[int, int]:
    return tuple(np.argwhere(run.masks[FORWARD] == exists)[0])


def test_a_run_whose_constraints_hold_has_no_violation(run):
    folder = written(run)
    found = audit_weights(folder)
    assert (found["dale_violations"], found["mask_violations"], found["snapshots_checked"]) == (0, 0, 3)
    assert not found["offenders"] and negative_rates(folder) == 0


@pytest.mark.parametrize("value", [-1e-6, np.nan])
def test_a_magnitude_that_is_not_positive_breaks_dales_law_even_between_the_ends(run, value):
    run.snapshots["epoch-0001"][FORWARD][existing(run)] = value
    found = audit_weights(written(run))
    assert (found["dale_violations"], found["mask_violations"]) == (1, 0)
    assert found["offenders"] == {FORWARD: 1}


@pytest.mark.parametrize("value", [1e-6, np.nan])
def test_an_absent_synapse_that_grows_breaks_the_mask_in_each_snapshot_that_holds_it(run, value):
    for snapshot in ("epoch-0001", "final"):
        run.snapshots[snapshot][FORWARD][existing(run, False)] = value
    assert audit_weights(written(run))["mask_violations"] == 2


def test_without_signs_there_is_no_dales_law_to_keep(run):
    run.signed = False
    run.snapshots["final"][FORWARD][existing(run)] = -1.0
    assert audit_weights(written(run))["dale_violations"] is None


@pytest.mark.parametrize("value", [-1e-6, np.nan])
def test_a_rate_that_is_not_positive_is_found_in_any_epoch_and_phase(run, value):
    run.epochs[0]["nudged"]["V1_FI"][0, 5, 3] = value
    assert negative_rates(written(run)) == 1


def test_signed_neurons_may_be_negative_but_not_without_a_number_and_no_others_may(run):
    run.table["signed_activity"] = ["V1_FI"]
    for population, value in (("V1_FI", -0.5), ("V1_FI", np.nan), ("V1_E", -0.5)):
        run.epochs[0]["nudged"][population][0, 5, 3 if value == -0.5 else 4] = value
    folder = written(run)
    assert (negative_rates(folder), signed_activity(folder)) == (2, ["V1_FI"])


def test_a_record_of_nothing_is_no_proof_that_constraints_held(run):
    run.epochs = [{phase: {name: x[:, :0] for name, x in each.items()} for phase, each in run.epochs[0].items()}]
    run.label = run.label[:0]
    run.snapshots = {}
    folder = written(run)
    with WeightsWriter(folder.weights, [run.synapses("V1_E", "V2_E")]):
        pass
    with pytest.raises(RecordError, match="holds no snapshot"):
        audit_weights(folder)
    with pytest.raises(RecordError, match="no trial"):
        negative_rates(folder)


def test_density_is_the_fraction_of_possible_synapses_that_exist(run):
    found = densities(written(run))[FORWARD]
    assert found == {"asked": 0.5, "found": np.count_nonzero(run.masks[FORWARD]) / run.masks[FORWARD].size}


def test_feedback_that_starts_as_the_transpose_is_weight_transport(run):
    target = feedback(run.snapshots["initial"]).T
    run.snapshots["initial"][FORWARD] = np.where(run.masks[FORWARD], target - target.min(), 0)
    found = weight_transport(written(run))
    assert found["detected"] is True and FORWARD in found["reason"]
    assert found["correlations"][FORWARD]["correlation"] == pytest.approx(1)


def test_alignment_that_learning_brought_is_not_weight_transport(run):
    assert weight_transport(written(run))["detected"] is False


def test_neurons_that_differ_in_total_weight_alike_are_no_weight_transport(tmp_path):
    run = synthetic_run(tmp_path / "run", scale=4)
    totals = feedback(run.snapshots["initial"]).mean(axis=0)[:, None]
    scaled = run.snapshots["initial"][FORWARD] + totals - totals.min()
    run.snapshots["initial"][FORWARD] = np.where(run.masks[FORWARD], scaled, 0)
    assert weight_transport(written(run))["detected"] is False


def test_constant_weights_cannot_tell_whether_feedback_copies_them(run):
    run.snapshots["initial"][FORWARD] = run.masks[FORWARD].astype(float)
    found = weight_transport(written(run))
    assert found["detected"] is None and "too few varying synapses" in found["reason"]


def test_gradient_learning_transports_weights_whatever_its_synapses(run):
    run.table["learning"] = "gradient"
    found = weight_transport(written(run))
    assert found == {"detected": True, "reason": "gradient learning transports weights", "correlations": {}}
