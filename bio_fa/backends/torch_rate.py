"""torch_rate: rate circuits in batches, on CPU or GPU."""

from __future__ import annotations

from dataclasses import dataclass

from bio_fa.backends.base import not_rate
from bio_fa.backends.torch_common import TorchBackend, TorchSimulation
from bio_fa.circuit import Circuit
from bio_fa.learning import Learning
from bio_fa.protocol import Protocol


@dataclass(frozen=True)
class TorchRate(TorchBackend):
    """Rate circuits on torch.

    Raises:
        BackendError: when CUDA is asked for and absent.
    """

    def unsupported(self, circuit: Circuit, learning: Learning) -> tuple[str, ...]:
        """Return the reasons why it cannot run: neurons without a rate."""
        return tuple(not_rate(circuit))

    def simulation(self, circuit: Circuit, protocol: Protocol, learning: Learning) -> TorchSimulation:
        """Return the simulation."""
        return TorchSimulation(self, circuit, protocol, learning)
