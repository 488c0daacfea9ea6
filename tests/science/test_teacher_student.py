"""Aims at local learning that settles somewhere else than at the solution, where the solution is known exactly."""

from __future__ import annotations

import numpy as np
import pytest

from bio_fa import (
    ActivityDifference,
    Adaptive,
    AllToAll,
    Area,
    Circuit,
    CosineDecay,
    LocalLearning,
    Population,
    Projection,
    ThreeFactor,
    Uniform,
    chain,
    two_phase,
)
from bio_fa.losses import SquaredError, loss_of
from bio_fa.tasks import TeacherStudent
from tests.tiny import compiled, leaky, trial, violations

INPUTS, OUTPUTS, EPOCHS, BATCH = 8, 3, 20, 20


def student() -> Circuit:
    """Return a linear student that obeys Dale's law: all synapses excitatory, as the teacher's are."""
    error = ActivityDifference.in_time("output")
    learns = Projection("input", "output", "basal", AllToAll(), Uniform(0, 0.2), ThreeFactor(), error, reads="free")
    areas = (Area("input_area", (Population("input", INPUTS),)), Area("output_area", (leaky("output", OUTPUTS),)))
    return Circuit("student", areas, (learns,), "input", "output")


def test_a_linear_student_finds_its_linear_teacher():
    # Widrow & Hoff (1960): the delta rule on a realisable problem descends to the one minimum, whose loss is 0.
    circuit, dataset = student(), TeacherStudent(inputs=INPUTS, outputs=OUTPUTS, trials=1000, test=200).load(0)
    assert loss_of(circuit) == SquaredError()
    steps = EPOCHS * len(dataset.train) // BATCH
    simulation = compiled(circuit, two_phase(circuit), LocalLearning(chain(Adaptive(rate=0.02), CosineDecay(steps))))
    state = simulation.init(circuit.sample(0))

    def test_loss():
        inputs = {"input": dataset.test.stimulus, "output": dataset.test.target}
        run, _ = simulation.run(state, simulation.protocol.phases[0], inputs)
        return float(SquaredError().per_trial(simulation.activity(run, "output", "free"), dataset.test.target).mean())

    before = test_loss()
    for epoch in range(EPOCHS):
        for part in dataset.train.batches(BATCH, np.random.default_rng(epoch).permutation(len(dataset.train))):
            state = simulation.learn(trial(simulation, state, {"input": part.stimulus, "output": part.target}))
    assert test_loss() < 1e-6 * before
    assert violations(circuit, simulation.parameters(state)) == 0
    # The stimuli span all inputs, so that the weights themselves are the teacher's: the least-squares solution.
    teacher = np.linalg.lstsq(dataset.train.stimulus.astype(float), dataset.train.target.astype(float), rcond=None)[0].T
    assert simulation.parameters(state)["input_to_output"].w == pytest.approx(teacher, abs=1e-3)
