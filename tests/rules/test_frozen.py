"""Aims at a floor that learns more than it says."""

import numpy as np
import pytest

from bio_fa.rules.frozen import FrozenHidden, FrozenOutput
from tests.rules.trained import learner

OUTPUT = {"H2_to_output", "tonic_to_output"}
HIDDEN = {"input_to_H1", "H1_to_H2", "tonic_to_H1", "tonic_to_H2"}


@pytest.mark.parametrize(("rule", "learns"), [(FrozenHidden(), OUTPUT), (FrozenOutput(), HIDDEN)], ids=["hidden", "output"])
def test_only_what_is_not_frozen_learns(rule, learns):
    one = learner(rule)
    before, after = one.parameters(), one.learn(trials=3)
    assert {name for name in before if (after[name].w != before[name].w).any()} == learns


def test_the_readout_of_frozen_neurons_follows_the_delta_rule():
    """Widrow & Hoff's: ΔW = mean (target − r) r_hiddenᵀ."""
    one = learner(FrozenHidden())
    delta = one.deltas()["H2_to_output"]
    hidden, output = (one.simulation.activity(one.state, name, "free") for name in ("H2", "output"))
    np.testing.assert_allclose(delta, (one.inputs["output"] - output).T @ hidden / 4, rtol=0, atol=1e-15)
