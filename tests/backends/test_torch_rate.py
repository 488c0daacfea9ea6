"""Aims at a fast backend that is fast because it computes something else: its gradient is compared with finite differences
and with a network written in plain torch, its single precision with its double precision.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from bio_fa import (
    Adaptive,
    Area,
    Circuit,
    GradientLearning,
    Hebbian,
    LeakyRate,
    LocalLearning,
    Phase,
    Projection,
    Protocol,
    SaturatingRate,
    Scale,
    Uniform,
    backends,
    one_phase,
    two_phase,
)
from bio_fa.errors import BackendError, DescriptionError
from bio_fa.losses import loss_of
from models.cortical_hierarchy import cortical_hierarchy
from models.mlp import mlp
from models.two_area import two_area
from tests.tiny import MODELS, after_learning, batch, compiled, leaky, trial, with_tonic, with_weights

NO_GPU = "needs a GPU that torch finds"
SMOOTH = {
    "two_area": MODELS["two_area"],
    "hierarchy": cortical_hierarchy(4, (5, 4), 3, neuron=SaturatingRate()),
    "mlp": mlp(3, (4,), 2),
    "regression": mlp(3, (4,), 2, output_neuron=LeakyRate()),
}


def loss(simulation, parameters, inputs) -> float:
    """Return the mean loss of the free phase."""
    circuit = simulation.circuit
    state, _ = simulation.run(simulation.init(parameters), simulation.protocol.phases[0], inputs)
    output = simulation.activity(state, circuit.output, "free")
    return float(loss_of(circuit).per_trial(output, inputs[circuit.output]).mean())


def finite_difference(simulation, parameters, inputs, name, step=1e-6) -> np.ndarray:
    """Return −∂L/∂w by central differences, synapse by synapse."""
    w, gradient = parameters[name].w, np.zeros_like(parameters[name].w)
    for place in zip(*np.nonzero(parameters[name].mask), strict=True):
        losses = []
        for sign in (1, -1):
            moved = w.copy()
            moved[place] += sign * step
            losses.append(loss(simulation, with_weights(parameters, **{name: moved}), inputs))
        gradient[place] = -(losses[0] - losses[1]) / (2 * step)
    return gradient


@pytest.mark.parametrize("name", SMOOTH)
def test_the_gradient_is_that_of_finite_differences(name):
    circuit = SMOOTH[name]
    local, gradient = (compiled(circuit, two_phase(circuit), learning) for learning in (LocalLearning(), GradientLearning()))
    parameters, inputs = with_tonic(circuit, seed=2), batch(circuit, 3)
    state, _ = gradient.run(gradient.init(parameters), gradient.protocol.phases[0], inputs)
    for projection, delta in gradient.deltas(state).items():
        mask = parameters[projection].mask
        expected = finite_difference(local, parameters, inputs, projection)
        np.testing.assert_allclose(delta * mask, expected, rtol=0, atol=1e-8)


class Plain(torch.nn.Module):
    """The network of ``models/mlp.py`` in plain torch."""

    def __init__(self, circuit: Circuit) -> None:
        super().__init__()
        sizes = [population.size for population in circuit.populations]
        self.layers = torch.nn.ModuleList(torch.nn.Linear(a, b, dtype=torch.float64) for a, b in pairwise(sizes))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers[:-1]:
            x = torch.relu(layer(x))
        return self.layers[-1](x)


def plain_twin(circuit, parameters) -> tuple[Plain, dict[str, torch.Tensor]]:
    """Return the network with the circuit's weights, and its tensors by projection."""
    names = [population.name for population in circuit.populations]
    network, tensors = Plain(circuit), {}
    for layer, pre, post in zip(network.layers, names, names[1:], strict=False):
        tensors |= {f"{pre}_to_{post}": layer.weight, f"tonic_to_{post}": layer.bias}
    with torch.no_grad():
        for name, tensor in tensors.items():
            tensor.copy_(torch.as_tensor(parameters[name].w.reshape(tensor.shape)))
    return network, tensors


def plain_loss(network, inputs) -> torch.Tensor:
    x, target = torch.as_tensor(inputs["input"]), torch.as_tensor(inputs["output"])
    return torch.nn.functional.cross_entropy(network(x), target)


def test_the_gradient_of_the_mlp_is_that_of_plain_torch():
    circuit = mlp(6, (5, 4), 3)
    simulation = compiled(circuit, two_phase(circuit), GradientLearning())
    parameters, inputs = with_tonic(circuit), batch(circuit, 7)
    state, _ = simulation.run(simulation.init(parameters), simulation.protocol.phases[0], inputs)
    network, tensors = plain_twin(circuit, parameters)
    plain_loss(network, inputs).backward()
    deltas = simulation.deltas(state)
    assert set(deltas) == set(tensors)
    for name, tensor in tensors.items():
        np.testing.assert_allclose(deltas[name], -tensor.grad.numpy().reshape(deltas[name].shape), rtol=0, atol=1e-14)


def test_gradient_learning_with_adaptive_steps_is_adam_of_plain_torch():
    # The form at the end of Kingma & Ba's section 2 moves ε outside the correction: with ε = 1e-14 both forms agree.
    circuit, update = mlp(6, (5,), 3), Adaptive(rate=0.01, floor=1e-14)
    simulation = compiled(circuit, two_phase(circuit), GradientLearning(update))
    parameters = with_tonic(circuit)
    network, tensors = plain_twin(circuit, parameters)
    adam, state = torch.optim.Adam(network.parameters(), lr=0.01, eps=1e-14), simulation.init(parameters)
    for number in range(10):
        inputs = batch(circuit, 7, seed=number)
        state, _ = simulation.run(state, simulation.protocol.phases[0], inputs)
        state = simulation.learn(state)
        adam.zero_grad()
        plain_loss(network, inputs).backward()
        adam.step()
    learned = simulation.parameters(state)
    for name, tensor in tensors.items():
        assert np.abs(learned[name].w - parameters[name].w).max() > 0.02
        np.testing.assert_allclose(learned[name].w, tensor.detach().numpy().reshape(learned[name].w.shape), rtol=0, atol=1e-9)


def test_gradient_learning_lowers_the_loss_under_every_constraint():
    circuit = MODELS["two_area"]
    simulation = compiled(circuit, two_phase(circuit), GradientLearning(Scale(0.2)))
    inputs, state, losses = batch(circuit, 4), simulation.init(circuit.sample(0)), []
    for _ in range(20):
        losses.append(loss(simulation, simulation.parameters(state), inputs))
        state, _ = simulation.run(state, simulation.protocol.phases[0], inputs)
        state = simulation.learn(state)
    assert all(later < earlier for earlier, later in pairwise(losses))


def test_gradient_learning_may_run_every_phase_of_the_trial():
    circuit = MODELS["two_area"]
    simulation = compiled(circuit, two_phase(circuit), GradientLearning())
    inputs, state = batch(circuit, 3), simulation.init(circuit.sample(0))
    state, _ = simulation.run(state, simulation.protocol.phases[0], inputs)
    first = simulation.deltas(state)
    state, _ = simulation.run(state, simulation.protocol.phases[1], inputs)
    for name, delta in simulation.deltas(state).items():
        assert delta.tolist() == first[name].tolist()
    simulation.learn(state)


def test_synapses_that_cannot_change_the_output_have_gradient_0():
    circuit = mlp(3, (2,), 2)
    plastic = replace(circuit.projection("output_to_H1"), plasticity=Hebbian())
    others = tuple(each for each in circuit.projections if each.name != plastic.name)
    circuit = replace(circuit, projections=(*others, plastic))
    simulation = compiled(circuit, two_phase(circuit), GradientLearning())
    state, _ = simulation.run(simulation.init(circuit.sample(0)), simulation.protocol.phases[0], batch(circuit, 2))
    deltas = simulation.deltas(state)
    assert not deltas["output_to_H1"].any() and deltas["input_to_H1"].any()


def test_a_clamped_output_has_no_gradient_and_is_refused():
    circuit = mlp(3, (2,), 2)
    protocol = Protocol((Phase("free", ("input", "output")),))
    with pytest.raises((BackendError, DescriptionError), match="output"):
        compiled(circuit, protocol, GradientLearning())


def test_gradient_learning_differentiates_through_time():
    circuit = mlp(3, (4,), 2, neuron=SaturatingRate())
    protocol = two_phase(circuit, duration=0.03, dt=0.01)
    local, gradient = (compiled(circuit, protocol, learning) for learning in (LocalLearning(), GradientLearning()))
    parameters, inputs = with_tonic(circuit), batch(circuit, 3)
    state, _ = gradient.run(gradient.init(parameters), protocol.phases[0], inputs)
    expected = finite_difference(local, parameters, inputs, "input_to_H1")
    np.testing.assert_allclose(gradient.deltas(state)["input_to_H1"], expected, rtol=0, atol=1e-8)
    assert np.abs(expected).max() > 1e-3


def single_and_double(circuit, trials):
    """Return how far single precision strays from double precision, and how far the weights moved, relative to the largest."""
    parameters = circuit.sample(0)
    ends = []
    for precision in ("float32", "float64"):
        backend = backends.get("torch_rate", precision=precision)
        simulation = backend.compile(circuit, two_phase(circuit), LocalLearning(Adaptive()))
        ends.append(simulation.parameters(after_learning(simulation, parameters, trials, size=16)))
    names = [each.name for each in circuit.plastic]
    largest = max(np.abs(ends[1][name].w).max() for name in names)
    strays = max(np.abs(ends[0][name].w - ends[1][name].w).max() for name in names)
    moved = max(np.abs(ends[1][name].w - parameters[name].w).max() for name in names)
    return strays / largest, moved / largest


@pytest.mark.parametrize("model", [two_area(20, 30, 5), mlp(20, (30,), 5)], ids=lambda model: model.name)
def test_single_precision_stays_near_double_precision(model, record_property):
    # A unit in the last place is 6e-8 of a weight. 50 rounded steps add up to some 1e-6; the bound leaves room for a synapse
    # or two whose change is so near to 0 that rounding decides on its sign.
    strays, moved = single_and_double(model, trials=50)
    record_property("single_precision_strays", float(strays))
    assert strays < 1e-4 < moved / 10


def test_activities_and_weights_have_the_precision_that_was_asked_for():
    circuit = MODELS["two_area"]
    for precision in ("float32", "float64"):
        simulation = backends.get("torch_rate", precision=precision).compile(circuit, two_phase(circuit), LocalLearning())
        state = trial(simulation, simulation.init(circuit.sample(0)), batch(circuit, 2))
        assert simulation.activity(state, "V1_E", "nudged").dtype == np.dtype(precision)
        assert {delta.dtype for delta in simulation.deltas(state).values()} == {np.dtype(precision)}
        assert {synapses.w.dtype for synapses in simulation.parameters(state).values()} == {np.dtype(precision)}


def test_local_learning_builds_no_graph_even_where_gradients_are_enabled():
    circuit = MODELS["two_area"]
    simulation = compiled(circuit, two_phase(circuit), LocalLearning())
    with torch.enable_grad():
        state = trial(simulation, simulation.init(circuit.sample(0)), batch(circuit, 2))
        state = simulation.learn(state)
    tensors = [*state.weights.values(), *(r for phase in state.memory.activity.values() for r in phase.values())]
    assert not any(tensor.requires_grad or tensor.grad_fn for tensor in tensors)


def test_the_number_of_threads_is_torchs(request):
    before = torch.get_num_threads()
    request.addfinalizer(lambda: torch.set_num_threads(before))
    circuit = MODELS["mlp"]
    backends.get("torch_rate", threads=1).compile(circuit, two_phase(circuit), LocalLearning())
    assert torch.get_num_threads() == 1


@pytest.mark.parametrize(
    ("settings", "allowed"),
    [
        ({"threads": 0}, "at least 1 thread"),
        ({"device": "tpu"}, "'cpu' or 'cuda'"),
        ({"precision": "float16"}, "'float32' or 'float64'"),
    ],
)
def test_settings_that_it_cannot_follow_are_refused(settings, allowed):
    with pytest.raises(DescriptionError, match=allowed):
        backends.get("torch_rate", **settings)


def test_a_gpu_that_is_not_there_is_refused_with_the_remedy(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(BackendError, match="device = 'cuda' came, but torch finds no GPU; use device = 'cpu'"):
        backends.get("torch_rate", device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason=NO_GPU)
@pytest.mark.parametrize("learning", [LocalLearning(), GradientLearning()], ids=lambda learning: learning.kind())
@pytest.mark.parametrize("model", MODELS)
def test_the_gpu_computes_what_the_cpu_computes(model, learning):
    circuit, ends = MODELS[model], []
    for device in ("cpu", "cuda"):
        backend = backends.get("torch_rate", device=device, precision="float64")
        simulation = backend.compile(circuit, two_phase(circuit), learning)
        ends.append(simulation.parameters(after_learning(simulation, circuit.sample(0), trials=3)))
    for name in ends[0]:
        np.testing.assert_allclose(ends[1][name].w, ends[0][name].w, rtol=0, atol=1e-10)


@pytest.mark.skipif(not torch.cuda.is_available(), reason=NO_GPU)
def test_every_rule_learns_on_the_gpu():
    from tests.agreement.test_torch_rate_against_reference import RULES

    for rule in RULES.values():
        circuit = mlp(3, (2,), 2, plasticity=rule)
        simulation = backends.get("torch_rate", device="cuda").compile(circuit, two_phase(circuit), LocalLearning())
        after_learning(simulation, circuit.sample(0), trials=2)


def test_relaxation_in_single_precision_settles_at_its_own_tolerance():
    circuit = cortical_hierarchy(5, (6,), 3)
    free, nudged = two_phase(circuit, hold=False).phases
    loose = replace(nudged.settle, tolerance=1e-6)
    simulation = backends.get("torch_rate").compile(
        circuit, Protocol((free, replace(nudged, settle=loose))), LocalLearning()
    )
    trial(simulation, simulation.init(circuit.sample(0)), batch(circuit, 2))


def test_uniform_weights_of_a_big_projection_sum_as_numpy_does():
    # 700 × 900 synapses: whatever the backend cuts into blocks, the sum is one matrix product.
    circuit = Circuit(
        "wide",
        (Area("all", (leaky("input", 900), leaky("output", 700))),),
        (Projection("input", "output", weights=Uniform(), plasticity=Hebbian(rate=1.0)),),
        "input",
        "output",
    )
    simulation = compiled(circuit, one_phase(circuit), LocalLearning(Scale(1e-3)))
    parameters, inputs = circuit.sample(0), batch(circuit, 3)
    state = trial(simulation, simulation.init(parameters), inputs)
    w, x = parameters["input_to_output"].w, inputs["input"]
    r = x @ w.T
    np.testing.assert_allclose(simulation.activity(state, "output", "free"), r, rtol=1e-12)
    learned = simulation.parameters(simulation.learn(state))["input_to_output"].w
    np.testing.assert_allclose(learned, w + 1e-3 * r.T @ x / 3, rtol=1e-12)
