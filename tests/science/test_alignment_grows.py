"""Aims at feedback that is never made use of: the forward weights of the unconstrained network must turn towards the
fixed random feedback, beyond what shuffled synapses show.

Source: Lillicrap et al. (2016) Nat. Commun. 7:13276, fig. 1c and 2c.
"""

from __future__ import annotations

import numpy as np

from bio_fa import Adaptive, LocalLearning, two_phase
from bio_fa.measures import centred_angle, shuffled_null
from bio_fa.tasks import Digits
from models.mlp import mlp
from tests.tiny import compiled, trial


def test_forward_weights_turn_towards_the_random_feedback_beyond_chance(record_property):
    circuit, dataset = mlp(64, (50,), 10), Digits(train_trials=1000).load(0)
    simulation = compiled(circuit, two_phase(circuit), LocalLearning(Adaptive(rate=3e-3)))
    state, turned = simulation.init(circuit.sample(0)), []
    for epoch in range(11):
        parameters = simulation.parameters(state)
        forward, feedback = parameters["H1_to_output"].w, parameters["output_to_H1"].w.T
        turned.append(centred_angle(forward, feedback))
        mean, spread = shuffled_null(forward, feedback, None, np.random.default_rng(epoch), 50)
        if epoch == 0:
            assert abs(turned[0] - mean) < 4 * spread, "forward weights must start unrelated to the feedback"
        for part in dataset.train.batches(50):
            inputs = {circuit.input: part.stimulus, circuit.output: part.target}
            state = simulation.learn(trial(simulation, state, inputs))
    record_property("angles", list(map(float, turned)))
    assert turned[-1] < mean - 5 * spread
    assert turned[-1] < turned[0] - 10
