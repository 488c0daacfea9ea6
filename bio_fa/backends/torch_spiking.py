"""torch_spiking: circuits of spiking and rate neurons in batches, on CPU or GPU, with surrogate gradients from snnTorch."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeVar

from snntorch import surrogate
from torch import Tensor

from bio_fa.backends.base import not_shunting
from bio_fa.backends.phases import Memory, PhaseRun
from bio_fa.backends.torch_common import TorchBackend, TorchSimulation
from bio_fa.backends.torch_gradients import Fire
from bio_fa.backends.torch_scan import KernelError
from bio_fa.backends.torch_windows import Engine, Windows
from bio_fa.circuit import Circuit
from bio_fa.learning import GradientLearning, Learning, LocalLearning
from bio_fa.protocol import Protocol

Key = TypeVar("Key")


@dataclass(frozen=True)
class TorchSpiking(TorchBackend):
    """Spiking circuits on torch. Gradient learning differentiates a spike as if it rose smoothly with the potential.

    Source: Neftci, Mostafa & Zenke (2019) IEEE Signal Process. Mag. 36(6):51–63, surrogate gradients.

    Raises:
        BackendError: when CUDA is asked for and absent.
    """

    surrogate: Literal["fast_sigmoid", "atan", "sigmoid", "triangular"] = "fast_sigmoid"
    """The derivative of a spike: one of snnTorch's."""
    compiled: bool = True
    """Whether neurons' equations are compiled: for the CPU by g++, for a GPU by Triton; otherwise torch takes step after step."""

    def unsupported(self, circuit: Circuit, learning: Learning) -> tuple[str, ...]:
        """Return the reason why it cannot run: currents that are divided."""
        return tuple(not_shunting(circuit))

    def simulation(self, circuit: Circuit, protocol: Protocol, learning: Learning) -> TorchSimulation:
        """Return the simulation."""
        return SpikingSimulation(self, circuit, protocol, learning)


class SpikingSimulation(TorchSimulation):
    """A circuit of spiking neurons on torch."""

    def __init__(self, backend: TorchSpiking, circuit: Circuit, protocol: Protocol, learning: Learning) -> None:
        super().__init__(backend, circuit, protocol, learning)
        self.surrogate, self.compiles = getattr(surrogate, backend.surrogate)(), backend.compiled
        truncation = learning.truncation if isinstance(learning, GradientLearning) else None
        self.engine = Engine(self.nothing, self.surrogate, isinstance(learning, LocalLearning), protocol.steps(truncation))

    @cached_property
    def runs(self) -> dict[str, PhaseRun]:
        """The protocol's phases by name, ready to run: compiled where they can be."""
        plain = {phase.name: self._plainly(phase) for phase in self.protocol.phases}
        lasting = [phase for phase in self.protocol.phases if phase.duration is not None]
        compiled = {phase.name: Windows(self.circuit, self.protocol, phase, self.engine) for phase in lasting}
        if not self.compiles:
            return plain
        try:
            for windows in compiled.values():
                windows.prepare()
        except KernelError as error:
            warnings.warn(f"{self.circuit.name} runs uncompiled, step after step, and slower: {error}.", stacklevel=2)
            return plain
        return {**plain, **compiled}

    def fire(self, excess: Tensor) -> Tensor:
        """Return 1 where the excess is positive; in gradient learning with the surrogate's derivative."""
        if not self.differentiates:
            return super().fire(excess)
        spikes: Tensor = Fire.apply(excess, self.surrogate)  # type: ignore[no-untyped-call]
        return spikes

    def begin(self, memory: Memory, step: int) -> None:
        """Cut gradients from the past where they are truncated."""
        if self.engine.truncation and step and step % self.engine.truncation == 0:
            memory.states = {name: _cut(state) for name, state in memory.states.items()}
            memory.flying = {name: [each.detach() for each in spikes] for name, spikes in memory.flying.items()}
            memory.synapse, memory.resting, memory.trace = _cut(memory.synapse), _cut(memory.resting), _cut(memory.trace)


def _cut(tensors: dict[Key, Tensor]) -> dict[Key, Tensor]:
    return {key: value.detach() for key, value in tensors.items()}
