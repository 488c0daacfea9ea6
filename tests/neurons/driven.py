"""One spiking neuron under given currents, in plain Euler steps: states move, spikes are tested, what fired is reset."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from bio_fa.neurons import SpikingNeuron

DT = 1e-3


def driven(
    neuron: SpikingNeuron, current: float, steps: int, apical: float = 0.0, dt: float = DT, **start: float
) -> tuple[list[int], dict[str, np.ndarray]]:
    """Return the steps in which a neuron fires, from 1, and its variables after each step; it starts at reset or as given."""
    state = {name: 0.0 for name in neuron.variables} | {"v": neuron.reset_to} | start
    fired, course = [], []
    for step in range(1, steps + 1):
        moved = neuron.derivatives(state, current, apical)
        state = {name: value + dt * moved[name] for name, value in state.items()}
        if neuron.excess(state) > 0:
            fired.append(step)
            state = state | neuron.reset(state)
        course.append(state)
    return fired, {name: np.array([each[name] for each in course]) for name in neuron.variables}


def intervals(fired: list[int]) -> list[int]:
    """Return the steps from each spike to the next."""
    return [later - earlier for earlier, later in pairwise(fired)]
