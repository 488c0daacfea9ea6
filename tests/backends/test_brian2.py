"""Aims at a circuit that Brian2 runs although it should have been refused, at a simulation that leaves Brian2's global state
changed or depends on the names around it, and at trials that run at the wrong moment.
"""

from __future__ import annotations

import gc
import logging
import subprocess
import sys
import warnings
from dataclasses import dataclass, replace

import brian2
import numpy as np
import pytest

from bio_fa import (
    LIF,
    GradientLearning,
    LeakyRate,
    LocalLearning,
    Plasticity,
    RegularSource,
    Scale,
    Uniform,
    backends,
    one_phase,
    two_phase,
)
from bio_fa.backends.brian2_machine import Runtime, Standalone
from bio_fa.backends.brian2_simulation import BrianSimulation
from bio_fa.errors import BackendError
from bio_fa.neurons import IntegrateAndFire, RateNeuron
from bio_fa.ops import peak, step, total
from tests.refusals import assert_refused
from tests.source import ROOT
from tests.tiny import EI, MODELS, SPIKING, SPIKING_TWO_AREA, batch, chain_of, leaky, spiking_trial, with_weights

SPIKES = SPIKING["refractory"]
tau = threshold = unit_rate = rest = reset_to = jump = w = -1e3
"""Names that the program uses too: what they mean here must not matter to it."""


def compiled(circuit, protocol=None, **settings) -> BrianSimulation:
    simulation = backends.get("brian2", **settings).compile(circuit, protocol or spiking_trial(circuit), LocalLearning(Scale(0.1)))
    assert isinstance(simulation, BrianSimulation)
    return simulation


def run(simulation, every=1, parameters=None, inputs=None):
    """Return the state after the phases of one trial, and the spikes of E in each."""
    circuit, spikes = simulation.circuit, []
    state = simulation.init(parameters or circuit.sample(0), seed=2)
    for phase in simulation.protocol.phases:
        state, _ = simulation.run(state, phase, inputs or batch(circuit, 1), every)
        spikes.append(simulation.spikes(state, "E"))
    return state, spikes


# what is refused


def test_phases_that_settle_are_refused():
    circuit = MODELS["two_area"]
    words = "two_area", "'free' settles", "duration", "torch_rate"
    assert_refused(lambda: compiled(circuit, two_phase(circuit)), *words, error=BackendError)


def test_gradient_learning_is_refused():
    learning = GradientLearning()
    make = lambda: backends.get("brian2").compile(SPIKES, spiking_trial(SPIKES), learning)  # noqa: E731
    assert_refused(make, "no gradient", "torch_spiking", error=BackendError)


def test_fewer_than_one_thread_is_refused():
    assert_refused(lambda: backends.get("brian2", threads=0), "threads = 0", "at least 1")


@dataclass(frozen=True)
class Branching(RateNeuron):
    """Decides by NumPy, which no symbol can follow."""

    def activity(self, u):
        """Return [u]₊, but for arrays only."""
        return np.where(np.asarray(u) > 0, u, 0)

    def slope(self, u):
        """Return 1 where u > 0, else 0."""
        return step(u)


@dataclass(frozen=True)
class PeakDependent(RateNeuron):
    """Divides by its peak, which is no guard against overflow here."""

    def activity(self, u):
        """Return u² / (1 + max u²)."""
        return u**2 / (1 + peak(u**2))

    def slope(self, u):
        """Return dr/du where u is not the peak."""
        return 2 * u / (1 + peak(u**2))


@dataclass(frozen=True)
class SummingLIF(IntegrateAndFire):
    """Sums over its population in an equation of its own."""

    def derivatives(self, state, current, apical=0.0):
        """Return dv/dt."""
        return {"v": self.leak(state["v"], current + apical) - total(state["v"])}


@dataclass(frozen=True)
class ClockedLIF(IntegrateAndFire):
    """Calls a variable as Brian2 calls time."""

    variables = ("v", "t")

    def derivatives(self, state, current, apical=0.0):
        """Return dv/dt and dt/dt."""
        return {"v": self.leak(state["v"], current + apical), "t": 0 * state["t"]}


@dataclass(frozen=True)
class Coincidence(Plasticity):
    """Multiplies the spikes of both sides."""

    def factors(self, pre, post, w):
        """Yield S_i · S_j · 1."""
        yield post.spike, pre.spike, 1


@dataclass(frozen=True)
class SquaredSpikes(Plasticity):
    """Squares a spike train."""

    def factors(self, pre, post, w):
        """Yield S_i² · 1 · 1."""
        yield post.spike**2, 1, 1


def chain(neuron):
    return chain_of(leaky("input"), replace(leaky("E"), neuron=neuron), weights=Uniform(1.0, 2.0))


@pytest.mark.parametrize("neuron", [Branching(), PeakDependent()], ids=lambda neuron: neuron.kind())
def test_rate_neurons_that_are_no_equations_are_refused(neuron):
    circuit = chain(neuron)
    assert_refused(lambda: compiled(circuit, one_phase(circuit, 0.1)), "'E'", neuron.kind(), "reference", error=BackendError)
    backends.get("reference").compile(circuit, one_phase(circuit, 0.1), LocalLearning())


@pytest.mark.parametrize(("neuron", "why"), [(SummingLIF(), "sums over its population"), (ClockedLIF(), "'t'")])
def test_spiking_neurons_that_brian2_cannot_have_are_refused(neuron, why):
    circuit = SPIKES.with_neurons(neuron)
    assert_refused(lambda: compiled(circuit), "'E'", neuron.kind(), why, "reference", error=BackendError)


@pytest.mark.parametrize("rule", [Coincidence(), SquaredSpikes()], ids=lambda rule: rule.kind())
def test_rules_that_are_not_linear_in_spikes_are_refused(rule):
    circuit = SPIKES.with_plasticity({"E_to_E": rule})
    assert_refused(lambda: compiled(circuit), rule.kind(), "E_to_E", "not linear in the spikes", error=BackendError)
    backends.get("reference").compile(circuit, spiking_trial(circuit), LocalLearning())


def test_phases_out_of_order_are_refused():
    simulation = compiled(SPIKES)
    free, nudged = simulation.protocol.phases
    start = simulation.init(SPIKES.sample(0))
    assert_refused(lambda: simulation.run(start, nudged, batch(SPIKES, 1)), "'nudged'", "'free'", error=BackendError)
    state, _ = simulation.run(start, free, batch(SPIKES, 1))
    state, _ = simulation.run(state, nudged, batch(SPIKES, 1))
    assert_refused(lambda: simulation.run(state, nudged, batch(SPIKES, 1)), "'nudged'", "is over", error=BackendError)


def test_a_compiled_trial_refuses_phases_with_different_inputs():
    simulation = compiled(SPIKES)
    state = simulation.init(SPIKES.sample(0))
    for number, phase in enumerate(simulation.protocol.phases):
        state, _ = simulation.run(state, phase, batch(SPIKES, 1, seed=number))
    machine = Standalone(simulation.program, {})
    assert_refused(lambda: machine.run(0, state.memory.noted), "different inputs", "numpy", error=BackendError)


# what is left as it was


def test_nothing_global_is_left_changed():
    def now():
        logger = logging.getLogger("brian2")
        settings = {name: brian2.prefs[name] for name in ("codegen.target", "devices.cpp_standalone.openmp_threads")}
        clock = float(brian2.defaultclock.dt), brian2.get_device()
        return settings, clock, logger.level, logger.handlers[:], gc.get_freeze_count(), str(np.random.get_state()), np.geterr()

    before = now()
    simulation = compiled(SPIKES)
    state, spikes = run(simulation)
    simulation.learn(state)
    assert sum(map(len, spikes)) > 0
    assert now() == before


def test_errors_of_the_program_that_uses_it_are_not_announced_as_errors_of_brian2():
    ask = "import sys, bio_fa.backends.brian2\nprint(sys.excepthook is sys.__excepthook__)"
    answer = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True, cwd=ROOT)
    assert (answer.stdout, answer.stderr) == ("True\n", "")


def test_a_simulation_says_nothing(capfd):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(compiled(SPIKING_TWO_AREA), every=0)
    assert capfd.readouterr() == ("", "")


def test_names_around_a_simulation_mean_nothing_to_it():
    tau = threshold = unit_rate = rest = jump = refractory = -1e3  # noqa: F841
    _, spikes = run(compiled(SPIKES))
    assert sum(map(len, spikes)) > 10


def test_two_simulations_live_side_by_side():
    one, other = compiled(SPIKES), compiled(SPIKES)
    (_, first), (_, second), (_, again) = run(one), run(other), run(one)
    for a, b, c in zip(first, second, again, strict=True):
        assert np.array_equal(a, b) and np.array_equal(a, c)


# when and how trials run


class Counting(Runtime):
    """Counts the trials that it runs."""

    runs = 0

    def run(self, trial, phases):
        """Run, and count."""
        type(self).runs += 1
        super().run(trial, phases)


def test_a_trial_runs_when_it_is_asked_for_and_once(monkeypatch):
    monkeypatch.setattr("bio_fa.backends.brian2.Runtime", Counting)
    monkeypatch.setattr(Counting, "runs", 0)
    simulation = compiled(SPIKES)
    state = simulation.init(SPIKES.sample(0))
    for phase in simulation.protocol.phases:
        state, _ = simulation.run(state, phase, batch(SPIKES, 3))
    assert Counting.runs == 0
    simulation.activity(state, "E", "free")
    simulation.deltas(state)
    simulation.learn(state)
    assert Counting.runs == 3


def test_phases_may_have_different_inputs():
    circuit = SPIKES
    protocol = spiking_trial(circuit)
    found = []
    for backend in ("brian2", "reference"):
        simulation = backends.get(backend).compile(circuit, protocol, LocalLearning())
        state, activity = simulation.init(circuit.sample(0)), []
        for number, phase in enumerate(protocol.phases):
            state, _ = simulation.run(state, phase, batch(circuit, 2, seed=number))
            activity.append(simulation.activity(state, "E", phase.name))
        found.append(activity)
    np.testing.assert_allclose(found[0], found[1], rtol=0, atol=1e-12)


def test_other_synapses_are_other_synapses():
    simulation = compiled(SPIKES)
    none = {name: np.zeros_like(each.w) for name, each in SPIKES.sample(0).items()}
    for parameters in (SPIKES.sample(0), SPIKES.sample(1), with_weights(SPIKES.sample(1), **none)):
        _, ours = run(simulation, parameters=parameters)
        _, theirs = run(backends.get("reference").compile(SPIKES, spiking_trial(SPIKES), LocalLearning()), parameters=parameters)
        assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_a_population_may_receive_no_synapse_at_all():
    parameters = SPIKES.sample(0)
    nothing = np.zeros_like(parameters["E_to_I"].w)
    parameters["E_to_I"] = replace(parameters["E_to_I"], w=nothing, mask=nothing.astype(bool))
    _, spikes = run(compiled(SPIKES), parameters=parameters)
    assert sum(map(len, spikes)) > 10


@pytest.mark.parametrize("target", ["cython", "standalone"])
def test_without_a_compiler_it_runs_on_numpy_and_says_so_in_one_line(target, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.warns(RuntimeWarning) as caught:
        simulation = compiled(SPIKES, target=target)
    (warning,) = (str(each.message) for each in caught if each.category is RuntimeWarning)
    assert "\n" not in warning and target in warning and "runs on NumPy" in warning
    _, spikes = run(simulation)
    assert sum(map(len, spikes)) > 10


def test_a_rate_that_is_given_throughout_needs_no_synapses():
    rates, spikes = (EI.with_neurons(LIF(), source=source) for source in (LeakyRate(), RegularSource()))
    drivers = [{each.projection.pre for each in compiled(circuit).program.connections} for circuit in (rates, spikes)]
    assert drivers == [{"E", "I"}, {"input", "E", "I"}]
