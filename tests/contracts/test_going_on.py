"""What every learning rule and every backend promises: learning goes on from what was saved as if it had never stopped.

After some batches the state goes through a checkpoint's files into a circuit that was just compiled; a few batches later, every
weight is that of the circuit which was not interrupted, to the last bit.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from bio_fa import Adaptive, LocalLearning, backends, chain
from bio_fa.experiment import Experiment
from bio_fa.io.tree import put_together, take_apart
from bio_fa.learning import GradientLearning
from bio_fa.rules import LearningRule, Network
from bio_fa.tasks import Digits
from bio_fa.training import Training
from bio_fa.updates import Decayed, ExponentiatedGradient, FrozenSigns, Momentum, Noisy
from tests.small import small_experiment
from tests.spiking import RATE_OUTPUT, spiking_circuit, spiking_experiment

TASK = Digits(train_trials=64, test_trials=8)
BATCH = 16


def through_files(saved: Any) -> Any:
    """Return what was saved as JSON and safetensors give it back."""
    table, arrays = take_apart(saved)
    return put_together(json.loads(json.dumps(table)), safetensors.numpy.load(safetensors.numpy.save(arrays)))


def weights(training: Training) -> dict[str, np.ndarray]:
    return {name: each.w for name, each in training.parameters().items()}


def goes_on(experiment: Experiment) -> None:
    """Assert that the second half of an epoch is the same in a training that begins with what the first half saved."""
    one, other = (Training(experiment, experiment.dataset()) for _ in range(2))
    epoch = one.epoch(1)
    for _ in range(2):
        score = next(epoch)
    before, saved, marked = weights(one), through_files(one.saved()), (score.trials, score.loss)
    other.restore(saved, 1)
    assert all(np.array_equal(w, weights(other)[name]) for name, w in before.items())
    again = [each.loss for each in other.epoch(1, 2, type(score)(*marked, score.wrong, score.labelled))]
    losses = [each.loss for each in epoch]
    assert losses[-1] == again[-1]
    after = weights(one)
    assert [name for name, w in after.items() if not np.array_equal(w, weights(other)[name])] == []
    assert any(not np.array_equal(w, before[name]) for name, w in after.items()), "what does not learn proves nothing"
    assert (other.trials, one.evaluate().loss) == (one.trials, other.evaluate().loss)


@pytest.mark.parametrize("kind", sorted(LearningRule.kinds()))
def test_every_learning_rule_goes_on_where_it_was(kind):
    rule = LearningRule.kinds()[kind]()
    circuit = rule.circuit(Network(inputs=64, hidden=(12, 10), outputs=10))
    protocol, learning = rule.protocol(circuit), rule.learning(Adaptive())
    backend = backends.get("torch_rate", threads=1)
    goes_on(small_experiment(circuit=circuit, protocol=protocol, learning=learning, task=TASK, backend=backend, batch=BATCH))


UPDATES = {
    "momentum": Momentum(),
    "noise, twice from one stream": chain(Noisy(deviation=1e-3), Adaptive(), Noisy(deviation=1e-3)),
    "frozen signs": chain(Adaptive(), FrozenSigns(after=1)),
    "decayed": chain(Decayed(rate=1e-3), Adaptive()),
    "exponentiated": ExponentiatedGradient(rate=0.1),
}


@pytest.mark.parametrize("update", UPDATES)
@pytest.mark.parametrize("way", [LocalLearning, GradientLearning])
def test_every_update_goes_on_where_it_was(update, way):
    goes_on(small_experiment(learning=way(UPDATES[update]), task=TASK, batch=BATCH))


@pytest.mark.parametrize(("name", "settings"), [("torch_spiking", {"threads": 1}), ("brian2", {}), ("reference", {})])
def test_every_backend_of_spikes_goes_on_where_it_was(name, settings):
    circuit = spiking_circuit(4, others=RATE_OUTPUT)
    machine = backends.get(name, **settings)
    goes_on(spiking_experiment(circuit=circuit, backend=machine, batch=2, task=Digits(train_trials=8, test_trials=2)))
