"""Aims at learning rules that break Dale's law, non-negative rates or sparsity, or that are refused without a reason."""

import numpy as np
import pytest

from bio_fa.catalogue import catalogue
from bio_fa.constraints import Dale, Mask
from bio_fa.errors import BioFAError
from bio_fa.rules import CorticalNetwork, LearningRule
from tests.rules.trained import learner

CORTEX = CorticalNetwork(20, (16, 12), 4)
FIXED_AND_RANDOM = {
    "activity_differences",
    "direct_activity_differences",
    "feedback_alignment",
    "direct_feedback_alignment",
    "direct_random_target_projection",
    "frozen_hidden",
    "frozen_output",
}
"""Rules whose feedback is fixed and random, or none: all of them run in a cortical network."""


def runs(name: str) -> bool:
    try:
        learner(LearningRule.kinds()[name](), CORTEX)
    except BioFAError as error:
        assert ";" in str(error), "a refusal says what to do"
        return False
    return True


RUNNING = [each.name for each in catalogue() if runs(each.name)]


def test_every_rule_with_fixed_random_feedback_runs():
    assert set(RUNNING) >= FIXED_AND_RANDOM


@pytest.mark.parametrize("name", RUNNING)
def test_every_constraint_holds_after_learning(name):
    one = learner(LearningRule.kinds()[name](), CORTEX)
    after, circuit = one.learn(trials=5), one.simulation.circuit
    assert circuit.dalean
    for each in circuit.projections:
        w, mask = after[each.name].w, after[each.name].mask
        assert each.from_tonic or ((w >= 0).all() and not w[~mask].any()), each.name
        assert each.from_tonic or 0.3 < mask.mean() <= 0.5, each.name
        laws = {type(law) for law in circuit.constraints(each)}
        assert each.from_tonic or each.tie is not None or laws >= {Dale, Mask}, each.name
    for phase in one.simulation.protocol.phases:
        for population in circuit.populations:
            assert (one.simulation.activity(one.state, population.name, phase.name) >= 0).all()


def test_feedback_neurons_exist_only_where_they_drive_somebody():
    for name, expected in (("feedback_alignment", 4), ("frozen_hidden", 0)):
        circuit = LearningRule.kinds()[name]().circuit(CORTEX)
        assert sum(len(area.feedback) for area in circuit.areas) == expected


def test_a_signed_error_passes_feedback_neurons_as_b_equals_pe_qe_less_pi_qi():
    one = learner(LearningRule.kinds()["direct_feedback_alignment"](), CORTEX)
    deltas, parameters = one.deltas(), one.parameters()
    w = {name: each.w for name, each in parameters.items()}
    r = {name: one.simulation.activity(one.state, name, "free") for name in ("H1", "H2", "output", "H2_FE", "H2_FI")}
    b = w["H2_FE_to_H2"] @ w["output_to_H2_FE"] - w["H2_FI_to_H2"] @ w["output_to_H2_FI"]
    assert (r["H2_FE"] > 0).all() and (r["H2_FI"] > 0).all(), "a silent feedback neuron would have no slope"
    error = (one.inputs["output"] - r["output"]) @ b.T * (r["H2"] > 0)
    np.testing.assert_allclose(deltas["H1_to_H2"], error.T @ r["H1"] / 4, rtol=0, atol=1e-14)
