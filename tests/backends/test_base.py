"""Aims at a contract that lets a wrong circuit through: parameters that do not fit, neurons that no machine here knows,
numbers that stopped being finite and are learned from all the same.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bio_fa import (
    Constant,
    Covariance,
    GradientLearning,
    Homeostasis,
    LocalLearning,
    Scale,
    Synapses,
    ThreeFactor,
    Uniform,
    backends,
    one_phase,
    two_phase,
)
from bio_fa.errors import BackendError, DescriptionError, DivergenceError
from bio_fa.plasticity import Plasticity
from models.mlp import mlp
from tests.refusals import assert_refused
from tests.tiny import (
    MODELS,
    SETTLING_BACKENDS,
    SPIKING,
    SPIKING_BACKENDS,
    batch,
    chain_of,
    compiled,
    leaky,
    machine,
    spiking_trial,
    trial,
    with_weights,
)

TWO_AREA = MODELS["two_area"]
backend = pytest.mark.parametrize("backend", SETTLING_BACKENDS)


def test_spiking_neurons_are_refused_by_a_backend_of_rates_with_those_that_run_them():
    circuit = SPIKING["graded_output"]
    words = "torch_rate cannot run 'two_area': 'V1_E' has neurons of kind lif, which have no rate; choose torch_spiking, brian2 or"
    assert_refused(lambda: compiled(circuit, spiking_trial(circuit), LocalLearning(), "torch_rate"), words, error=BackendError)


def test_a_source_of_spikes_is_refused_by_a_backend_of_rates():
    circuit = SPIKING["poisson_input"]
    with pytest.raises(BackendError, match="'input' has neurons of kind poisson_source, which have no rate"):
        compiled(circuit, spiking_trial(circuit), LocalLearning(), "torch_rate")


@pytest.mark.parametrize("backend", SPIKING_BACKENDS)
@pytest.mark.parametrize("circuit", SPIKING)
def test_spiking_circuits_are_refused_by_no_backend_of_spikes(backend, circuit):
    assert machine(backend).unsupported(SPIKING[circuit], LocalLearning()) == ()


@backend
def test_a_backend_refuses_a_protocol_that_does_not_fit(backend):
    with pytest.raises(DescriptionError, match="no population is called"):
        compiled(TWO_AREA, two_phase(MODELS["mlp"]), LocalLearning(), backend)


@backend
def test_local_learning_needs_the_phases_that_its_rules_sense(backend):
    with pytest.raises(DescriptionError, match="the error of input_to_V1_E: no phase is called 'nudged'"):
        compiled(TWO_AREA, one_phase(TWO_AREA), LocalLearning(), backend)


def test_an_unknown_backend_is_refused_with_the_nearest_known_one():
    with pytest.raises(BackendError, match="no backend is called 'torch'; did you mean 'torch_rate'"):
        backends.get("torch")


def test_an_unknown_setting_of_a_backend_is_refused_with_the_nearest_known_one():
    with pytest.raises(DescriptionError, match="TorchRate has no setting 'devise'; did you mean 'device'"):
        backends.get("torch_rate", devise="cpu")


def test_a_backend_whose_framework_is_absent_says_what_to_install(monkeypatch):
    def absent(name):
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr(backends.importlib, "import_module", absent)
    with pytest.raises(BackendError, match="torch_rate needs torch, which is not installed"):
        backends.get("torch_rate")


WRONG = {
    "weights are negative; give magnitudes": ("input_to_V1_E", lambda s: Synapses(-s.w, s.mask)),
    "weights are not finite": ("input_to_V1_E", lambda s: Synapses(np.where(s.mask, np.nan, 0.0), s.mask)),
    "absent synapses have a weight": ("input_to_V1_E", lambda s: Synapses(s.w + 1, s.mask)),
    r"\(post, pre\) = \(6, 5\) is needed": ("input_to_V1_E", lambda s: Synapses(s.w.T, s.mask.T)),
}


@backend
@pytest.mark.parametrize("words", WRONG)
def test_parameters_that_do_not_fit_are_refused(backend, words):
    name, spoil = WRONG[words]
    parameters = TWO_AREA.sample(0)
    with pytest.raises(DescriptionError, match=f"{name}: .*{words}"):
        compiled(TWO_AREA, two_phase(TWO_AREA), LocalLearning(), backend).init({**parameters, name: spoil(parameters[name])})


@backend
def test_a_projection_without_parameters_is_named(backend):
    parameters = TWO_AREA.sample(0)
    del parameters["V1_FI_to_V1_E"]
    with pytest.raises(BackendError, match="V1_FI_to_V1_E: no parameters came for it"):
        compiled(TWO_AREA, two_phase(TWO_AREA), LocalLearning(), backend).init(parameters)


@backend
def test_the_tonic_drive_and_unsigned_neurons_may_have_negative_weights(backend):
    for model in ("two_area", "mlp"):
        circuit = MODELS[model]
        free = [each for each in circuit.projections if circuit.sign(each) is None]
        negative = {each.name: -np.abs(circuit.sample(0)[each.name].w) - 0.1 for each in free}
        compiled(circuit, two_phase(circuit), LocalLearning(), backend).init(with_weights(circuit.sample(0), **negative))
        assert free


@backend
def test_the_weights_that_stopped_being_finite_are_named_with_the_trial(backend):
    # An anti-decay of 1e300 a step takes any weight past the largest double in two steps.
    circuit = mlp(3, (2,), 2)
    simulation = compiled(circuit, two_phase(circuit), LocalLearning(Scale(1e300)), backend)
    state = simulation.init(circuit.sample(0))
    inputs = batch(circuit, 2)
    inputs["output"] = inputs["output"] * 1e300
    with np.errstate(all="ignore"):
        for _ in range(3):
            state = simulation.learn(trial(simulation, state, inputs))
        with pytest.raises(DivergenceError, match=r"trial 7: the weights of .* stopped being finite; lower the learning rate"):
            simulation.diagnose(state, 7)


@backend
def test_the_activity_that_stopped_being_finite_is_named_with_its_phase_and_its_inputs(backend):
    circuit = chain_of(leaky("input"), leaky("unit"), leaky("output"), weights=Constant(1e200))
    simulation = compiled(circuit, one_phase(circuit), LocalLearning(), backend)
    with np.errstate(all="ignore"):
        state = trial(simulation, simulation.init(circuit.sample(0)), {"input": np.full((1, 2), 1e200)})
        with pytest.raises(DivergenceError, match=r"trial 3: the activity of 'unit' .* in phase 'free' through input_to_unit"):
            simulation.diagnose(state, 3)


@backend
def test_a_finite_simulation_is_diagnosed_as_nothing(backend):
    simulation = compiled(TWO_AREA, two_phase(TWO_AREA), LocalLearning(), backend)
    simulation.diagnose(trial(simulation, simulation.init(TWO_AREA.sample(0)), batch(TWO_AREA, 2)), 0)


@pytest.mark.parametrize(
    ("rule", "averaged"),
    [
        (ThreeFactor(), set()),
        (Homeostasis(), {("free", "H1"), ("free", "output")}),
        (Covariance(), {("free", name) for name in ("input", "tonic", "H1", "output")}),
        (Covariance() + ThreeFactor(), {("free", name) for name in ("input", "tonic", "H1", "output")}),
    ],
    ids=lambda rule: rule.kind() if isinstance(rule, Plasticity) else "",
)
def test_only_averages_that_some_rule_senses_are_kept_each_once(rule, averaged):
    circuit = mlp(3, (2,), 2, plasticity=rule)
    simulation = compiled(circuit, two_phase(circuit), LocalLearning())
    assert set(simulation.averaged) == averaged
    assert len(simulation.averaged) == len(averaged)


def test_an_error_that_no_rule_senses_is_not_read():
    """Its projections name an error between two phases, of which this trial has one: nothing could be read."""
    circuit = mlp(3, (2,), 2, plasticity=Covariance())
    assert all(each.error is not None for each in circuit.plastic)
    simulation = compiled(circuit, one_phase(circuit), LocalLearning())
    state = trial(simulation, simulation.init(circuit.sample(0)), batch(circuit, 2))
    assert set(simulation.deltas(state)) == {each.name for each in circuit.plastic}


@backend
@pytest.mark.parametrize("rule", [kind(rate=0.0) for kind in (Covariance, Homeostasis, ThreeFactor)], ids=lambda rule: rule.kind())
def test_a_rule_of_rate_0_changes_nothing(backend, rule):
    circuit = mlp(3, (2,), 2, plasticity=rule)
    simulation = compiled(circuit, two_phase(circuit), LocalLearning(Scale(1.0)), backend)
    state = trial(simulation, simulation.init(circuit.sample(0)), batch(circuit, 2))
    assert not any(delta.any() for delta in simulation.deltas(state).values())



def test_gradient_learning_asks_nothing_of_the_rules():
    circuit = replace(TWO_AREA, name="reference")
    assert compiled(circuit, one_phase(circuit), GradientLearning()).learning == GradientLearning()


def test_a_rule_without_error_learns_in_one_phase_on_every_backend():
    circuit = chain_of(leaky("input"), leaky("output"), weights=Uniform(), plasticity=Covariance())
    for name in SETTLING_BACKENDS:
        simulation = compiled(circuit, one_phase(circuit), LocalLearning(Scale(1.0)), name)
        state = trial(simulation, simulation.init(circuit.sample(0)), batch(circuit, 3))
        assert simulation.deltas(state)["input_to_output"].any()
