"""Aims at updates that do not descend: at the output the flagship's rule is the gradient itself, and below it must come
within 90° of the gradient once the forward weights have learned to suit the feedback.
"""

from __future__ import annotations

import numpy as np
import pytest

from bio_fa import Adaptive, GradientLearning, LocalLearning, two_phase
from bio_fa.measures import angle
from bio_fa.tasks import Digits
from models.cortical_hierarchy import cortical_hierarchy
from models.two_area import two_area
from tests.tiny import MODELS, batch, compiled, trial, with_tonic


def local_and_gradient(circuit, parameters, inputs):
    """Return Δw of the local rules and −∂L/∂w, by projection, for one batch."""
    found = []
    for learning in (LocalLearning(), GradientLearning()):
        simulation, protocol = compiled(circuit, two_phase(circuit), learning), two_phase(circuit)
        state = simulation.init(parameters)
        for phase in learning.phases(protocol):
            state, _ = simulation.run(state, phase, inputs)
        found.append(simulation.deltas(state))
    return found


@pytest.mark.parametrize("model", MODELS)
def test_the_output_areas_update_is_minus_the_gradient_of_the_cross_entropy(model):
    # ∂L/∂b = r − target for a normalised output (Bishop 2006, eq. 4.109); with β = 1 the nudge is target − r.
    circuit = MODELS[model]
    local, gradient = local_and_gradient(circuit, with_tonic(circuit), batch(circuit, 5))
    onto_output = [each.name for each in circuit.plastic if each.post == circuit.output]
    assert len(onto_output) >= 2
    for name in onto_output:
        assert np.abs(gradient[name]).max() > 1e-3
        np.testing.assert_allclose(local[name], gradient[name], rtol=0, atol=1e-14)


@pytest.mark.parametrize("strength", [0.1, 0.5])
def test_a_weaker_nudge_scales_the_outputs_update_and_keeps_its_direction(strength):
    circuit = MODELS["two_area"]
    simulation = compiled(circuit, two_phase(circuit, strength), LocalLearning())
    parameters, inputs = with_tonic(circuit), batch(circuit, 5)
    weak = simulation.deltas(trial(simulation, simulation.init(parameters), inputs))
    full, _ = local_and_gradient(circuit, parameters, inputs)
    np.testing.assert_allclose(weak["V1_E_to_output"], strength * full["V1_E_to_output"], rtol=1e-12)


def angles_after(circuit, epochs, dataset):
    """Return the angle of each hidden update with the gradient, in degrees, after some epochs of local learning."""
    simulation = compiled(circuit, two_phase(circuit), LocalLearning(Adaptive(rate=3e-3)))
    state = simulation.init(circuit.sample(0))
    for _ in range(epochs):
        for part in dataset.train.batches(50):
            inputs = {circuit.input: part.stimulus, circuit.output: part.target}
            state = simulation.learn(trial(simulation, state, inputs))
    part = next(dataset.test.batches(200))
    inputs = {circuit.input: part.stimulus, circuit.output: part.target}
    parameters = simulation.parameters(state)
    local, gradient = local_and_gradient(circuit, parameters, inputs)
    hidden = [each.name for each in circuit.plastic if each.post != circuit.output and not each.from_tonic]
    masks = {name: parameters[name].mask for name in hidden}
    return {name: angle(local[name][masks[name]], gradient[name][masks[name]]) for name in hidden}


@pytest.mark.parametrize("circuit", [two_area(64, 40, 10), cortical_hierarchy(64, (40, 40), 10)], ids=lambda c: c.name)
def test_hidden_updates_come_within_90_degrees_of_the_gradient(circuit, record_property):
    dataset = Digits(train_trials=600).load(0)
    found = angles_after(circuit, 4, dataset)
    record_property("angles", {name: float(each) for name, each in found.items()})
    assert found and max(found.values()) < 90
