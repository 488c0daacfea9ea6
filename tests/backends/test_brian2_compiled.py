"""Aims at compiled code that means something else than the same program on NumPy: one small circuit, step by step in Cython and as
one C++ program, against the reference.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bio_fa import LIF, CurrentSynapse, LocalLearning, PairSTDP, RegularSource, Scale, Uniform, backends, one_phase
from bio_fa.backends.brian2_library import lacking
from bio_fa.backends.brian2_machine import Standalone
from bio_fa.backends.brian2_simulation import BrianSimulation
from tests.tiny import batch, chain_of, leaky

CHAIN = chain_of(leaky("input", 3), leaky("E", 2), weights=Uniform(2.0, 4.0))
SPIKING = CHAIN.with_neurons(LIF(refractory=3e-3), CurrentSynapse(delay=2e-3), RegularSource())
CIRCUIT = SPIKING.with_plasticity({"input_to_E": PairSTDP(0.1, 0.07)})


def outcome(backend: str, **settings: str) -> tuple[list[np.ndarray], np.ndarray, BrianSimulation]:
    """Return the spikes of two batches of two trials, after each of which the circuit learns, and its weights."""
    protocol = one_phase(CIRCUIT, 0.2, 1e-3, 0.1)
    simulation = backends.get(backend, **settings).compile(CIRCUIT, protocol, LocalLearning(Scale(1.0)))
    state, spikes = simulation.init(CIRCUIT.sample(1), seed=1), []
    for number in range(2):
        state, _ = simulation.run(state, protocol.phases[0], batch(CIRCUIT, 2, number), every=10)
        spikes += [simulation.spikes(state, each.name) for each in CIRCUIT.populations]
        state = simulation.learn(state)
    return spikes, simulation.parameters(state)["input_to_E"].w, simulation  # type: ignore[return-value]


@pytest.mark.slow
@pytest.mark.parametrize("target", ["cython", "standalone"])
def test_compiled_spikes_and_weights_are_those_of_the_reference(target):
    missing = lacking(target)
    if missing is not None:
        pytest.skip(f"{target} needs {missing}, which is not here")
    ours, learned, simulation = outcome("brian2", target=target)
    theirs, expected, _ = outcome("reference")
    assert sum(map(len, theirs)) > 100
    assert all(np.array_equal(one, other) for one, other in zip(ours, theirs, strict=True))
    np.testing.assert_allclose(learned, expected, rtol=0, atol=1e-12)
    assert np.abs(expected - CIRCUIT.sample(1)["input_to_E"].w).max() > 1e-3
    machine = simulation._machine
    assert isinstance(machine, Standalone) == (target == "standalone")
    if isinstance(machine, Standalone):
        folder = Path(machine.folder.name)
        assert folder.is_dir()
        del machine, simulation._machine
        assert not folder.exists(), "the folder of the compiled program is left behind"
