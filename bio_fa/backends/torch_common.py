"""What the backends on torch share: their settings, and a circuit on tensors. A rule costs one matrix product a product."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from bio_fa.backends.arrays import ArraySimulation
from bio_fa.backends.base import Backend, Simulation, State
from bio_fa.backends.changes import Means
from bio_fa.backends.phases import Activities, Inlet
from bio_fa.circuit import Circuit
from bio_fa.errors import BackendError
from bio_fa.learning import GradientLearning, Learning
from bio_fa.losses import loss_of
from bio_fa.ops import Quantity, step
from bio_fa.plasticity import Postsynaptic, Presynaptic, Product
from bio_fa.projection import Projection
from bio_fa.protocol import Protocol
from bio_fa.team import Seat, Team


@dataclass(frozen=True)
class TorchBackend(Backend, abstract=True):
    """A backend on torch.

    Raises:
        BackendError: when CUDA is asked for and absent.
    """

    device: Literal["cpu", "cuda"] = "cpu"
    precision: Literal["float32", "float64"] = "float32"
    threads: int | None = None
    """Threads of the CPU; None: torch's own choice."""

    def validate(self) -> None:
        """Refuse a device that is not there."""
        self.require(self.threads is None or self.threads >= 1, "threads", "at least 1 thread, or nothing")
        if self.device == "cuda" and not torch.cuda.is_available():
            advice = "use device = 'cpu' or install a CUDA build"
            raise BackendError(f"{self.kind()}: device = 'cuda' came, but torch finds no GPU; {advice}.")

    def compile(self, circuit: Circuit, protocol: Protocol, learning: Learning) -> Simulation:
        """Return the simulation, local or by gradient."""
        self.require_supported(circuit, protocol, learning)
        if self.threads is not None:
            torch.set_num_threads(self.threads)
        return self.simulation(circuit, protocol, learning)

    def team(self, seat: Seat, fate: Callable[[float], str]) -> Team:
        """Return a team by torch.distributed, which not every torch has."""
        from bio_fa.backends.torch_team import TorchTeam

        return TorchTeam(seat, self.device, fate)

    @abstractmethod
    def simulation(self, circuit: Circuit, protocol: Protocol, learning: Learning) -> TorchSimulation:
        """Return the simulation of a circuit that the backend supports."""


class TorchSimulation(ArraySimulation):
    """A circuit on torch. Local rules run without autograd; gradient learning differentiates its first phase."""

    def __init__(self, backend: TorchBackend, circuit: Circuit, protocol: Protocol, learning: Learning) -> None:
        self.circuit, self.protocol, self.learning = circuit, protocol, learning
        self.device, self.dtype = torch.device(backend.device), getattr(torch, backend.precision)
        self.differentiates = isinstance(learning, GradientLearning)
        self.loss = loss_of(circuit)
        self.nothing = torch.zeros((1, 1), dtype=self.dtype, device=self.device)
        self.scratch = {each.name: self.quantity(np.zeros(circuit.shape(each))) for each in circuit.plastic}

    def quantity(self, array: np.ndarray) -> Tensor:
        """Return the array as a tensor of the backend's device and precision, copied."""
        return torch.tensor(array, dtype=self.dtype, device=self.device)

    def numpy(self, quantity: Quantity) -> np.ndarray:
        """Return the tensor as an array, which shares its memory on a CPU."""
        array: np.ndarray = quantity.detach().cpu().numpy()
        return array

    def scope(self, state: State, first: bool) -> AbstractContextManager[object]:
        """Return a context without autograd, except for the first phase of gradient learning."""
        if not self.differentiates:
            return torch.inference_mode()
        if first:
            for name in self.led:
                state.weights[name].requires_grad_()
        return torch.set_grad_enabled(first)

    def currents(self, inlet: Inlet, signals: Activities, weights: Mapping[str, Quantity]) -> Tensor:
        """Return Σ factor · w · signal over the afferents whose signals are given, one matrix product a projection."""
        current = self.nothing
        for name, pre, factor in self.afferents[inlet]:
            if pre in signals:
                current = torch.addmm(current, signals[pre], weights[name].T, alpha=factor)
        return current

    def fire(self, excess: Tensor) -> Tensor:
        """Return 1 where the excess is positive."""
        fired: Tensor = step(excess)
        return fired

    def changes(self, state: State, means: Means) -> dict[str, Quantity]:
        """Return Δw of each plastic projection: of its rule, or the negative gradient."""
        if self.differentiates:
            running = [each for each in self.circuit.plastic if each.name in self.running]
            return self._gradients(state) | {each.name: self.total_change(each, state, means) for each in running}
        return {each.name: self.total_change(each, state, means) for each in self.circuit.plastic}

    @cached_property
    def led(self) -> list[str]:
        """The projections that follow the gradient, where learning does: all that learn, but not running averages."""
        return [each.name for each in self.circuit.plastic if each.name not in self.running]

    def _gradients(self, state: State) -> dict[str, Quantity]:
        """Return −∂L/∂w, so that a step along it lowers the loss."""
        output = state.memory.activity[self.protocol.phases[0].name][self.circuit.output]
        names = self.led
        weights = [state.weights[name] for name in names]
        with torch.enable_grad():
            loss = self.loss.per_trial(output, state.inputs[self.circuit.output]).mean()
        if not loss.requires_grad:  # truncated so early that no weight has had an effect
            return {name: torch.zeros_like(w) for name, w in zip(names, weights, strict=True)}
        gradients = torch.autograd.grad(loss, weights, retain_graph=True, materialize_grads=True)
        return {name: -gradient for name, gradient in zip(names, gradients, strict=True)}

    @torch.no_grad()  # a rule is never differentiated
    def products(
        self, projection: Projection, pre: Presynaptic, post: Postsynaptic, w: Tensor, moment: bool
    ) -> Tensor:
        """Return Σ post · pre · synapse, averaged over trials: one matrix product a product, the first into ``scratch``."""
        known = (*vars(post).values(), *vars(pre).values())
        trials = max(len(each) for each in known if isinstance(each, Tensor) and each.ndim == 2)
        return sum_of_products(self.factors(projection, pre, post, w, moment), trials, w, self.scratch[projection.name])


def sum_of_products(products: list[Product], trials: int, w: Tensor, room: Tensor) -> Tensor:
    """Return Σ post · pre · synapse, averaged over trials: one matrix product a product, the first into ``room``."""
    total: Tensor | None = None
    for after, before, synapse in products:
        rows, columns = _per_trial(after, w.shape[0], trials, w), _per_trial(before, w.shape[1], trials, w)
        into = room if total is None else torch.empty_like(w)
        delta = torch.addmm(into, rows.T, columns, beta=0, alpha=1 / trials, out=into)
        delta = delta if isinstance(synapse, int | float) and synapse == 1 else delta.mul_(synapse)
        total = delta if total is None else total.add_(delta)
    return room.zero_() if total is None else total


def _per_trial(factor: Tensor | float, neurons: int, trials: int, like: Tensor) -> Tensor:
    """Return a factor as (trial, neuron), whether it was a number, (neuron,) or already so."""
    if isinstance(factor, Tensor) and factor.shape == (trials, neurons):
        return factor
    return torch.as_tensor(factor, dtype=like.dtype, device=like.device).expand(trials, neurons)
