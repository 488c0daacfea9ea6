"""Aims at mirrors that show something else than the way up, and at errors that mirror phases disturb."""

from dataclasses import replace

import numpy as np

from bio_fa.measures import angle
from bio_fa.neurons import LinearRate
from bio_fa.rules.feedback import Mirrored
from bio_fa.rules.feedback_alignment import FeedbackAlignment
from bio_fa.rules.weight_mirror import WeightMirror
from bio_fa.updates import Scale
from tests.rules.trained import SMALL, batch, learner
from tests.rules.unbiased import assert_unbiased

LINEAR = replace(SMALL, neuron=LinearRate(), output_neuron=LinearRate())
BACK = (("H2_to_H1", "H1_to_H2"), ("output_to_H2", "H2_to_output"))


def test_the_mean_change_of_feedback_is_in_proportion_to_the_forward_weights_transposed():
    """Akrout et al. (2019), section 3: E[r_ℓ r_{ℓ+1}ᵀ] = σ² Wᵀ for linear neurons, whatever the stimulus is."""
    one = learner(WeightMirror(wiring=Mirrored(deviation=0.7, decay=0.1)), LINEAR)
    one.inputs = {name: np.tile(values, (500, 1)) for name, values in batch(LINEAR).items()}
    draws, w = [one.deltas() for _ in range(50)], one.parameters()
    for back, forward in BACK:
        grown = np.array([each[back] for each in draws]) + 0.1 * w[back].w
        assert_unbiased(grown, 0.7**2 * w[forward].w.T)


def test_the_angle_between_b_and_w_transposed_falls():
    one = learner(WeightMirror(), update=Scale(0.2))
    one.inputs = batch(SMALL, trials=64)
    before, after = one.parameters(), one.learn(trials=300)
    for back, forward in BACK:
        start, end = (angle(each[back].w, shown(each[forward].w).T) for each in (before, after))
        assert end < 20 < 45 < start, back


def shown(w: np.ndarray) -> np.ndarray:
    """Return what a mirror shows of W: of the output's, whose neurons share a fixed sum, not what they have in common."""
    return w - w.mean(0) if len(w) == SMALL.outputs else w


def test_forward_synapses_learn_in_the_free_phase_as_if_there_were_no_mirror():
    """The error is that of the free phase: with the same B it is the one of feedback alignment, to the last digits."""
    mirror = learner(WeightMirror())
    parameters = mirror.parameters()
    expected = learner(FeedbackAlignment(), parameters=parameters).deltas()
    found = mirror.deltas()
    for name, delta in expected.items():
        np.testing.assert_allclose(found[name], delta, rtol=0, atol=1e-15, err_msg=name)


def test_what_is_alone_with_its_noise_feels_no_stimulus():
    one = learner(WeightMirror())
    one.run()
    alone = one.simulation.activity(one.state, "H1", "mirror_H1")
    one = learner(WeightMirror())
    one.inputs = batch(SMALL, seed=5)
    one.run()
    np.testing.assert_array_equal(one.simulation.activity(one.state, "H1", "mirror_H1"), alone)
    assert np.abs(alone).max() > 0.1
