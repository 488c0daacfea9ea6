"""torch_rate: rate circuits in batches, on CPU or GPU. A rule costs one matrix product per product of factors."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from bio_fa.backends.base import Backend, Frames, Simulation, State, as_parameters, not_rate
from bio_fa.backends.phases import Activities, Memory, Target
from bio_fa.circuit import Circuit
from bio_fa.errors import BackendError
from bio_fa.learning import GradientLearning, Learning, LocalLearning
from bio_fa.losses import loss_of
from bio_fa.ops import rows_of_zeros
from bio_fa.plasticity import Postsynaptic, Presynaptic
from bio_fa.projection import Projection
from bio_fa.protocol import Phase, Protocol
from bio_fa.synapses import Parameters

Means = Mapping[tuple[str, str], Tensor]
"""Running average activities (neuron,), by (phase, population)."""


@dataclass(frozen=True)
class TorchRate(Backend):
    """Rate circuits on torch.

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
            raise BackendError(f"torch_rate: device = 'cuda' came, but torch finds no GPU; {advice}.")

    def unsupported(self, circuit: Circuit, learning: Learning) -> tuple[str, ...]:
        """Return the reasons why it cannot run: neurons without a rate."""
        return tuple(not_rate(circuit))

    def compile(self, circuit: Circuit, protocol: Protocol, learning: Learning) -> Simulation:
        """Return the simulation, local or by gradient."""
        self.require_supported(circuit, protocol, learning)
        if self.threads is not None:
            torch.set_num_threads(self.threads)
        return TorchSimulation(self, circuit, protocol, learning)


class TorchSimulation(Simulation):
    """A rate circuit on torch. Local rules run without autograd; gradient learning differentiates its first phase."""

    def __init__(self, backend: TorchRate, circuit: Circuit, protocol: Protocol, learning: Learning) -> None:
        self.circuit, self.protocol, self.learning = circuit, protocol, learning
        self.update = learning.update
        self.device, self.dtype = torch.device(backend.device), getattr(torch, backend.precision)
        self.scratch = {each.name: self._tensor(np.empty(circuit.shape(each))) for each in circuit.plastic}
        self.nothing = torch.zeros((1, 1), dtype=self.dtype, device=self.device)
        self.constraints = {each.name: circuit.constraints(each) for each in circuit.plastic}
        self.sizes = {each.name: each.size for each in circuit.populations}
        self.differentiates = isinstance(learning, GradientLearning)
        self.loss = loss_of(circuit)

    def init(self, parameters: Parameters) -> State:
        """Return the state that starts from ``parameters``."""
        self.check_parameters(parameters)
        weights = {name: self._tensor(synapses.w) for name, synapses in parameters.items()}
        masks = {name: self._tensor(synapses.mask) for name, synapses in parameters.items()}
        updates = {each.name: self.update.init(weights[each.name]) for each in self.circuit.plastic}
        return State(weights, masks, updates)

    def _tensor(self, array: np.ndarray) -> Tensor:
        return torch.tensor(array, dtype=self.dtype, device=self.device)

    def run(self, state: State, phase: Phase, inputs: Mapping[str, np.ndarray], every: int = 0) -> tuple[State, Frames]:
        """Run one phase."""
        tensors = {name: self._tensor(values) for name, values in inputs.items()}
        first = phase == self.protocol.phases[0]
        memory = Memory() if first else state.memory
        differentiate = first and self.differentiates
        if differentiate:
            for projection in self.circuit.plastic:
                state.weights[projection.name].requires_grad_()
        with torch.set_grad_enabled(differentiate):
            currents = functools.partial(self._currents, weights=state.weights)
            memory, frames = self.runs[phase.name].run(memory, tensors, currents, every)
        recorded = [{name: _numpy(tensor) for name, tensor in frame.items()} for frame in frames]
        return replace(state, memory=memory, inputs=tensors), recorded

    def _currents(self, target: Target, activities: Activities, weights: Mapping[str, Tensor]) -> Tensor:
        """Return Σ s w r: (trial, post)."""
        current: Tensor | None = None
        for name, pre, sign in self.afferents.get(target, ()):
            start = self.nothing if current is None else current
            current = torch.addmm(start, activities[pre], weights[name].T, alpha=sign)
        return rows_of_zeros(next(iter(activities.values())), self.sizes[target[0]]) if current is None else current

    def activity(self, state: State, population: str, phase: str) -> np.ndarray:
        """Return the activity at the end of a phase."""
        return _numpy(state.memory.activity[phase][population])

    def deltas(self, state: State) -> dict[str, np.ndarray]:
        """Return Δw of each plastic projection."""
        return {name: _numpy(delta).copy() for name, delta in self._deltas(state, self._means(state)).items()}

    def _deltas(self, state: State, means: Means) -> dict[str, Tensor]:
        if self.differentiates:
            return self._gradients(state)
        return {each.name: self._local_delta(each, state, means) for each in self.circuit.plastic}

    def _gradients(self, state: State) -> dict[str, Tensor]:
        """Return −∂L/∂w, so that a step along it lowers the loss."""
        output = state.memory.activity[self.protocol.phases[0].name][self.circuit.output]
        names = [projection.name for projection in self.circuit.plastic]
        with torch.enable_grad():
            loss = self.loss.per_trial(output, state.inputs[self.circuit.output]).mean()
        weights = [state.weights[name] for name in names]
        gradients = torch.autograd.grad(loss, weights, retain_graph=True, materialize_grads=True)
        return {name: -gradient for name, gradient in zip(names, gradients, strict=True)}

    def _local_delta(self, projection: Projection, state: State, means: Means) -> Tensor:
        """Return Σ post · pre · synapse, averaged over trials: one matrix product a product, the first into ``scratch``."""
        pre, post = self._sides(projection, state, means)
        w, trials = state.weights[projection.name], len(post.activity)
        products = projection.plasticity.factors(pre, post, w)  # type: ignore[union-attr]
        total: Tensor | None = None
        for after, before, synapse in products:
            rows, columns = _per_trial(after, w.shape[0], trials, w), _per_trial(before, w.shape[1], trials, w)
            room = self.scratch[projection.name] if total is None else torch.empty_like(w)
            delta = torch.addmm(room, rows.T, columns, beta=0, alpha=1 / trials, out=room)
            delta = delta if isinstance(synapse, int | float) and synapse == 1 else delta.mul_(synapse)
            total = delta if total is None else total.add_(delta)
        return self.scratch[projection.name].zero_() if total is None else total

    def _sides(self, projection: Projection, state: State, means: Means) -> tuple[Presynaptic, Postsynaptic]:
        phase, sign = self.protocol.read_by(projection), self.circuit.sign(projection) or 1
        activities = state.memory.activity
        after = activities[phase][projection.post]
        error: Tensor | float = 0.0
        if projection.name in self.errors:
            plus, minus = self.errors[projection.name].plus, self.errors[projection.name].minus
            error = activities[plus.phase][plus.population] - activities[minus.phase][minus.population]
        pre = Presynaptic(activities[phase][projection.pre], means.get((phase, projection.pre), 0.0), sign)
        return pre, Postsynaptic(after, means.get((phase, projection.post), 0.0), error)

    def _means(self, state: State) -> dict[tuple[str, str], Tensor]:
        means = dict(state.means)
        if isinstance(self.learning, LocalLearning):
            for phase, population in self.averaged:
                now = state.memory.activity[phase][population].mean(0)
                before = means.get((phase, population), torch.zeros_like(now))
                means[phase, population] = before + (now - before) / min(state.trials + 1, self.learning.horizon)
        return means

    def learn(self, state: State) -> State:
        """Apply plasticity (or the gradient), update and constraints; weights change in place."""
        means = self._means(state)
        deltas = self._deltas(state, means)
        with torch.no_grad():
            for name, delta in deltas.items():
                state.weights[name].requires_grad_(False)
                self._step(name, delta, state)
        return replace(state, means=means, trials=state.trials + 1)

    def _step(self, name: str, delta: Tensor, state: State) -> None:
        step, state.updates[name] = self.update.step(delta, state.updates[name])
        w = state.weights[name].add_(step)
        for constraint in self.constraints[name]:
            w = constraint.apply(w, state.masks[name])
        state.weights[name] = w

    def parameters(self, state: State) -> Parameters:
        """Return the parameters, copied."""
        weights = {name: _numpy(w).copy() for name, w in state.weights.items()}
        return as_parameters(weights, {name: _numpy(mask) for name, mask in state.masks.items()})


def _numpy(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy()


def _per_trial(factor: Tensor | float, neurons: int, trials: int, like: Tensor) -> Tensor:
    """Return a factor as (trial, neuron), whether it was a number, (neuron,) or already so."""
    if isinstance(factor, Tensor) and factor.shape == (trials, neurons):
        return factor
    return torch.as_tensor(factor, dtype=like.dtype, device=like.device).expand(trials, neurons)
