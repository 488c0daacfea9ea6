"""Aims at a circuit that runs and does not learn: under all constraints the smallest model must read digits it never saw."""

from __future__ import annotations

import pytest

from bio_fa import Adaptive, CosineDecay, Experiment, LocalLearning, backends, chain, two_phase
from bio_fa.tasks import Digits
from bio_fa.training import Training
from models.two_area import two_area
from tests.tiny import violations

EPOCHS, BATCH = 10, 16


@pytest.mark.parametrize("seed", [0, 1])
def test_the_two_area_circuit_reads_unseen_digits_without_one_violation(seed, record_property):
    circuit, task = two_area(64, 200, 10), Digits()
    steps = EPOCHS * (len(task.load(seed).train) // BATCH + 1)
    learning = LocalLearning(chain(Adaptive(rate=1e-2), CosineDecay(steps)))
    backend = backends.get("torch_rate")
    experiment = Experiment("digits", circuit, task, two_phase(circuit), backend, learning, seed=seed, batch=BATCH)
    training = Training(experiment, task.load(seed))
    assert circuit.dalean
    chance = training.evaluate().error
    for epoch in range(EPOCHS):
        list(training.epoch(epoch))
        assert violations(circuit, training.parameters()) == 0
    error = training.evaluate().error
    record_property("test_error", None if error is None else float(error))
    assert chance is not None and chance > 0.7, "an untrained circuit must know nothing"
    assert error is not None and error < 0.1
