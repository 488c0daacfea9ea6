"""Aims at kernels that compute something else than the equations: against the neurons called on arrays, in double precision
to the last bit, and in Triton's words against those in C++; and at a compiler that is absent, shared or asked twice.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
import pytest
import torch

from bio_fa import (
    LIF,
    AdaptiveCurrentLIF,
    AdaptiveThresholdLIF,
    Apical,
    ConductanceSynapse,
    CurrentSynapse,
    LeakyRate,
    LocalLearning,
    TwoCompartmentLIF,
    backends,
    one_phase,
)
from bio_fa.backends import torch_compiler
from bio_fa.backends.stepping import Stepping, decayed, euler, traced
from bio_fa.backends.torch_cpp import arrays, cpp_text
from bio_fa.backends.torch_kernels import CppKernel
from bio_fa.backends.torch_scan import KernelError, Program, Site, scan
from bio_fa.neurons import IntegrateAndFire
from bio_fa.ops import choose, exp, log, minimum, relu, sign, sqrt, step, tanh, total
from tests.small import environment
from tests.source import ROOT
from tests.tiny import EI, batch

DT, STEPS, TRIALS, NEURONS = 1e-3, 5, 3, 37
SYNAPSE, CONDUCTANCE, DENDRITE = CurrentSynapse(), ConductanceSynapse(tau=8e-3), Apical(0.3)
SPIKING = (
    LIF(),
    LIF(rest=-0.07, threshold=-0.05, reset_to=-0.06, carry_over=True),
    AdaptiveThresholdLIF(),
    AdaptiveCurrentLIF(coupling=0.2, carry_over=True),
    TwoCompartmentLIF(),
)


def site_of(neuron: IntegrateAndFire, rest: int = 0) -> Site:
    """Return a site at which everything happens that can happen to a neuron."""
    synapses = ((SYNAPSE, 1), (CONDUCTANCE, -1)), ((SYNAPSE, -1),)
    summed = ("spike", "basal", "feedback", "sensitivity")
    return Site(DT, neuron, *synapses, DENDRITE, True, rest, 20e-3, frozenset({"basal"}), ("spike", "trace_next"), summed)


def drawn(program: Program, seed: int = 0) -> dict[str, torch.Tensor]:
    """Return random arrays for a program: potentials around threshold, spikes and rests of 0 or 1."""
    rng = np.random.default_rng(seed)
    tensors = {}
    for name in arrays(program):
        along = name in program.moving or name.endswith("_out")
        values = rng.normal(0.0, 1.0, (STEPS, TRIALS, NEURONS) if along else (TRIALS, NEURONS))
        tensors[name] = torch.tensor((values > 0).astype(float) if name in ("spike", "resting") else values)
    return {name: 0 * values if name.endswith("_sum") else values for name, values in tensors.items()}


def by_the_equations(site: Site, given: dict[str, np.ndarray], first: int) -> dict[str, np.ndarray]:
    """Return what a site's arrays hold after all steps, by the order of a step that the design states, on NumPy arrays."""
    neuron, state = site.neuron, {name: given[f"s_{name}"] for name in site.neuron.variables}
    x, trace = [given[f"x{number}"] for number in range(3)], given["trace"]
    resting = given.get("resting", np.zeros((TRIALS, NEURONS)))
    sums, told = {name: given[f"{name}_sum"] for name in site.summed}, {"spike": [], "trace_next": []}
    for now in range(STEPS):
        x = [decayed(each, x[i], DT) + given[f"arriving{i}"][now] for i, (each, _) in enumerate((*site.basal, *site.apical))]
        basal = given["constant_basal"] + given["graded_basal"][now]
        for (synapse, sign_), value in zip(site.basal, x[:2], strict=True):
            basal = basal + synapse.current(value, state["v"], sign_)
        apical = given["constant_apical"] + SYNAPSE.current(x[2], state["v"], -1)
        feedback = site.feels.feedback(apical - given["balance"])
        moved = euler(neuron, state, basal + given["pull"], feedback, DT)
        moved |= {name: choose(resting, state[name], moved[name]) for name in neuron.held}
        spike = choose(resting, 0.0, step(neuron.excess(moved)))
        resting = choose(spike, float(site.rest), relu(resting - 1))
        known = {"spike": spike, "basal": basal, "feedback": feedback, "sensitivity": neuron.sensitivity(moved)}
        state = moved | {name: choose(spike, value, moved[name]) for name, value in neuron.reset(moved).items()}
        trace = traced(trace, spike, 20e-3, DT)
        told["spike"].append(spike)
        told["trace_next"].append(trace)
        sums = {name: sums[name] + known[name] if now >= first else sums[name] for name in sums}
    kept = {f"s_{name}": value for name, value in state.items()} | {f"x{i}": value for i, value in enumerate(x)} | {"trace": trace}
    kept |= {"resting": resting} if site.rest else {}
    kept |= {f"{name}_sum": value for name, value in sums.items()}
    return kept | {f"{name}_out": np.stack(rows) for name, rows in told.items()}


@pytest.mark.parametrize("rest", [0, 2])
@pytest.mark.parametrize("neuron", SPIKING, ids=lambda each: f"{each.kind()}_{each.carry_over}")
def test_a_kernel_computes_the_equations_to_the_last_bit(neuron: IntegrateAndFire, rest: int):
    site = site_of(neuron, rest)
    program = scan(site)
    tensors = drawn(program)
    expected = by_the_equations(site, {name: values.numpy().copy() for name, values in tensors.items()}, first=2)
    CppKernel(program, "float64")(tensors, STEPS, first=2)
    for name, values in expected.items():
        np.testing.assert_array_equal(tensors[name].numpy(), values, err_msg=name)
    assert 0 < expected["spike_out"].mean() < 1


def test_a_kernel_of_rates_computes_the_equations_to_the_last_bit():
    site = Site(DT, LeakyRate(tau=30e-3), ((SYNAPSE, 1),), feels=DENDRITE, emitted=("s_u_next",))
    program, u = scan(site), []
    tensors = drawn(program)
    given = {name: values.numpy().copy() for name, values in tensors.items()}
    x, now = given["x0"], given["s_u"]
    for arriving in given["arriving0"]:
        x = decayed(SYNAPSE, x, DT) + arriving
        feedback = DENDRITE.feedback(given["constant_apical"] - given["balance"])
        now = euler(site.neuron, {"u": now}, given["constant_basal"] + x, feedback, DT)["u"]
        u.append(now)
    CppKernel(program, "float64")(tensors, STEPS)
    np.testing.assert_array_equal(tensors["s_u_next_out"].numpy(), np.stack(u))


def test_one_kernel_serves_all_settings_of_a_neuron():
    slow = LIF(tau=50e-3, rest=0.1, threshold=2.0, unit_rate=40.0)
    one, other = (scan(site_of(neuron)) for neuron in (LIF(), slow))
    assert cpp_text(one, "float64") == cpp_text(other, "float64")
    assert one.constants != other.constants


@dataclass(frozen=True)
class Curious(IntegrateAndFire):
    """A neuron whose equation uses every function that an equation may."""

    def derivatives(self, state, current, apical=0.0):
        v = state["v"]
        odd = exp(-(v**2)) + tanh(v) + log(1 + v**2) + sqrt(1 + abs(v))
        odd = odd + sign(v) * minimum(relu(v), 0.5) + step(v) / 3 - (1 - v) ** -1
        return {"v": self.leak(v, current + apical) + odd}


def test_every_function_of_an_equation_means_in_a_kernel_what_it_means_on_arrays():
    site = Site(DT, Curious(), emitted=("s_v_next",))
    program = scan(site)
    tensors = drawn(program)
    v, current = tensors["s_v"].numpy().copy(), tensors["constant_basal"].numpy()
    moved = euler(Curious(), {"v": v}, current, 0.0, DT)
    expected = np.where(moved["v"] > 1, 0.0, moved["v"])
    CppKernel(program, "float64")(tensors, 1)
    np.testing.assert_allclose(tensors["s_v_next_out"][0].numpy(), expected, rtol=1e-14)


@dataclass(frozen=True)
class Sociable(IntegrateAndFire):
    """A neuron that no kernel knows: its potential depends on that of all."""

    def derivatives(self, state, current, apical=0.0):
        return {"v": self.leak(state["v"], current + apical) - total(state["v"])}


@dataclass(frozen=True)
class Opaque(IntegrateAndFire):
    """A neuron whose equation is not plain arithmetic."""

    def derivatives(self, state, current, apical=0.0):
        return {"v": self.leak(state["v"], (current + apical).clip(0))}


@pytest.mark.parametrize(
    ("neuron", "reason"), [(Sociable(), "no kernel computes sum"), (Opaque(), "the equations of opaque cannot be read")]
)
def test_a_neuron_that_no_kernel_knows_runs_plainly_and_says_so_once(neuron: IntegrateAndFire, reason: str):
    circuit = EI.with_neurons(neuron)
    protocol, results = one_phase(circuit, duration=0.03, window=0.02), []
    for compiled in (True, False):
        backend = backends.get("torch_spiking", precision="float64", threads=1, compiled=compiled)
        simulation = backend.compile(circuit, protocol, LocalLearning())
        state = simulation.init(circuit.sample(1))
        if compiled:
            with pytest.warns(UserWarning, match=f"runs uncompiled, step after step, and slower: .*{reason}") as said:
                state, _ = simulation.run(state, protocol.phases[0], batch(circuit, 2))
            assert len(said) == 1
        else:
            state, _ = simulation.run(state, protocol.phases[0], batch(circuit, 2))
        assert type(simulation.runs["free"]) is Stepping
        results.append(simulation.activity(state, "E", "free"))
    np.testing.assert_array_equal(*results)
    assert results[0].any()


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    """Let kernels be compiled into an empty folder."""
    for each in (torch_compiler.compiled, torch_compiler.cache, torch_compiler._compiler):
        each.cache_clear()
    monkeypatch.setenv("BIO_FA_CACHE", str(tmp_path))
    yield tmp_path / "kernels"
    for each in (torch_compiler.compiled, torch_compiler.cache, torch_compiler._compiler):
        each.cache_clear()


def test_without_a_compiler_a_circuit_runs_plainly_and_says_so(empty_cache, monkeypatch):
    monkeypatch.setattr(torch_compiler.shutil, "which", lambda name: None)
    circuit = EI.with_neurons(LIF())
    protocol = one_phase(circuit, duration=0.03, window=0.02)
    simulation = backends.get("torch_spiking", threads=1).compile(circuit, protocol, LocalLearning())
    with pytest.warns(UserWarning, match=r"runs uncompiled, step after step, and slower: there is no C\+\+ compiler g\+\+\."):
        state, _ = simulation.run(simulation.init(circuit.sample(1)), protocol.phases[0], batch(circuit, 2))
    assert simulation.activity(state, "E", "free").any()


def test_a_kernel_is_compiled_once_for_all_time(empty_cache, monkeypatch):
    text = 'extern "C" void scan() {}'
    torch_compiler.compiled(text)
    torch_compiler.compiled.cache_clear()
    monkeypatch.setattr(torch_compiler, "_compile", lambda *_: pytest.fail("compiled twice"))
    torch_compiler.compiled(text)
    assert [path.suffix for path in empty_cache.iterdir()] == [".so"]


def test_a_text_that_the_compiler_refuses_is_an_error_that_quotes_it(empty_cache):
    with pytest.raises(KernelError, match=r"g\+\+ refuses a kernel \(.*error"):
        torch_compiler.compiled("this is not C++")
    assert list(empty_cache.iterdir()) == []


def test_processes_that_compile_one_kernel_at_once_do_not_meet(tmp_path):
    code = """if True:
        from bio_fa.backends.torch_compiler import compiled
        compiled('extern "C" void scan() {}')
    """
    command, surroundings = [sys.executable, "-c", code], {**environment(), "BIO_FA_CACHE": str(tmp_path), "OMP_NUM_THREADS": "1"}
    processes = [subprocess.Popen(command, cwd=ROOT, env=surroundings, stderr=subprocess.PIPE) for _ in range(3)]
    assert [process.communicate(timeout=600)[1] for process in processes] == [b"", b"", b""]
    assert [path.suffix for path in (tmp_path / "kernels").iterdir()] == [".so"]


TRITON = """
import torch
from tests.backends.test_torch_spiking_kernels import SPIKING, STEPS, drawn, site_of
from bio_fa import LeakyRate
from bio_fa.backends.torch_adjoint import differentiable
from bio_fa.backends.torch_kernels import CppKernel, TritonKernel
from bio_fa.backends.torch_scan import Site
sites = [site_of(neuron, 2) for neuron in SPIKING] + [Site(1e-3, LeakyRate(), emitted=("s_u_next",))]
for program in (each for site in sites for each in differentiable(site)):
    here, there = drawn(program), drawn(program)
    CppKernel(program, "float64")(here, STEPS, 2)
    TritonKernel(program, "float64")(there, STEPS, 2)
    assert all(torch.equal(here[name], there[name]) for name in here), program
print("equal")
"""


@pytest.mark.skipif(find_spec("triton") is None, reason="Triton is not installed: it comes with a torch that has CUDA")
def test_triton_computes_what_cpp_computes():
    surroundings = {**environment(), "TRITON_INTERPRET": "1", "OMP_NUM_THREADS": "1"}
    answer = subprocess.run([sys.executable, "-c", TRITON], cwd=ROOT, env=surroundings, capture_output=True, text=True, timeout=600)
    assert answer.stdout == "equal\n", answer.stderr


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no GPU")
@pytest.mark.parametrize("neuron", [LIF(refractory=2e-3), TwoCompartmentLIF()], ids=lambda each: each.kind())
def test_a_gpu_emits_the_spikes_of_the_cpu(neuron: IntegrateAndFire):
    circuit = EI.with_neurons(neuron)
    protocol, spikes = one_phase(circuit, duration=0.2, window=0.1), []
    for device in ("cpu", "cuda"):
        simulation = backends.get("torch_spiking", precision="float64", device=device).compile(circuit, protocol, LocalLearning())
        state, _ = simulation.run(simulation.init(circuit.sample(1)), protocol.phases[0], batch(circuit, 2), every=1)
        spikes.append(simulation.spikes(state, "E"))
    np.testing.assert_array_equal(*spikes)


def test_only_neurons_that_rest_count_their_rest():
    assert "resting" not in scan(site_of(LIF())).kept
    assert "resting" in scan(site_of(LIF(), rest=3)).kept
