"""How fast do spiking circuits learn? Samples per second, as ratios measured side by side in one run.

    python benchmarks/spiking_speed.py [--rounds 5] [--threads 2] [--smoke]

Ways to spend T time steps on a batch of 128 stimuli with 784 inputs, 500 hidden LIF neurons and 10 outputs take turns, so
that a drift of the machine's speed falls on all of them, and the median of the ratios is reported. T is 25 and 100; the
input is a constant current or Poisson spikes:

* *two phases*: local learning by DendriticError; the free and the nudged phase have half of the T steps each, and the second
  half of each is read. The 500 excitatory neurons come with 50 inhibitory and 200 feedback neurons, the output with 2;
* *one phase*: local learning of the same circuit by Eligibility, integrated over all T steps of a single phase in which the
  output is nudged: the whole loop of forward and feedback neurons is active, and is computed step by step;
* *BPTT*: gradient learning of the same circuit through T steps;
* *snnTorch*: BPTT as in its tutorial 5: Leaky neurons, a linear layer every step, cross-entropy summed over steps, Adam;
* *SpikingJelly*: BPTT through its multi-step layers on torch, where it is installed.

How often the hidden neurons fire is printed, because what is computed spike by spike depends on it. Then float32 and float64
run the same trial, to see when rounding first changes a spike. On a GPU, a layer of 16,000 LIF neurons goes 500 steps
forwards and backwards, beside published times.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import torch
from rate_training import in_turns
from snntorch import Leaky, spikegen, surrogate
from torch import Tensor, nn

from bio_fa import (
    LIF,
    Circuit,
    CurrentSynapse,
    DendriticError,
    DivisiveNormalisation,
    Eligibility,
    GradientLearning,
    LocalLearning,
    Nudge,
    Oja,
    Phase,
    PoissonSource,
    Protocol,
    backends,
    one_phase,
    two_phase,
)
from bio_fa.backends.torch_gradients import Differentiable
from bio_fa.backends.torch_scan import Site
from bio_fa.backends.torch_windows import Engine
from bio_fa.learning import Learning
from models.cortical_hierarchy import cortical_hierarchy

INPUTS, OUTPUTS, DT = 784, 10, 1e-3
PUBLISHED = {"Spyx, fp32": 0.076, "SpikingJelly, CuPy": 0.118}
"""Seconds of the layer of 16,000 neurons, as open-neuromorphic/snn-library-benchmarks reports them."""
Trial = Callable[[], float]
"""A learning trial, which returns the share of its steps in which a hidden neuron fires."""


def spiking(poisson: bool, hidden: int) -> Circuit:
    """Return the circuit whose hidden neurons learn by DendriticError."""
    circuit = cortical_hierarchy(INPUTS, (hidden,), OUTPUTS, feedback_share=0.2)
    source = PoissonSource() if poisson else None
    circuit = circuit.with_neurons(LIF(), CurrentSynapse(), source, others={"output_E": DivisiveNormalisation()})
    return circuit.with_plasticity({each.name: DendriticError() for each in circuit.plastic if each.post == "V1_E"})


def unbalanced(circuit: Circuit) -> Circuit:
    """Return the circuit for one phase: nothing balances its dendrites, and synapses are eligible where spikes arrive."""
    apical = {each.name: each.apical and replace(each.apical, balanced_in=None) for each in circuit.populations}
    areas = (each.map(lambda one: replace(one, apical=apical[one.name])) for each in circuit.areas)
    silent = {each.name for each in circuit.populations if not each.spiking} | {"tonic"}
    circuit = replace(circuit, areas=tuple(areas))
    rules = {each.name: Oja() if each.post == "output_E" else Eligibility() for each in circuit.plastic}
    rules |= {each.name: DendriticError() for each in circuit.plastic if each.post == "V1_E" and each.pre in silent}
    projections = (replace(each, reads=None, error=None, plasticity=rules.get(each.name)) for each in circuit.projections)
    return replace(circuit, projections=tuple(projections))


def ways(circuit: Circuit, steps: int) -> Iterator[tuple[str, Circuit, Protocol, Learning]]:
    """Yield how bio_fa spends so many steps: a name, a circuit, a trial and a way to learn."""
    free, nudged = steps - steps // 2, steps // 2
    phases = two_phase(circuit, duration=free * DT, nudged_duration=nudged * DT, window=nudged // 2 * DT)
    yield "two phases", circuit, phases, LocalLearning()
    nudge, lasts = (Nudge(circuit.output),), steps * DT
    alone = Phase("nudged", (circuit.input,), nudge, duration=lasts, window=lasts, plastic=True)
    yield "one phase", unbalanced(circuit), Protocol((alone,), DT), LocalLearning()
    yield "BPTT", circuit, one_phase(circuit, duration=lasts, window=lasts), GradientLearning()


def bio_fa(circuit: Circuit, protocol: Protocol, learning: Learning, stimulus: np.ndarray, target: np.ndarray) -> Trial:
    """Return one learning trial of bio_fa."""
    simulation = backends.get("torch_spiking").compile(circuit, protocol, learning)
    held = [simulation.init(circuit.sample(1))]
    inputs, first = {circuit.input: stimulus, circuit.output: target}, protocol.phases[0].name

    def trial() -> float:
        for phase in learning.phases(protocol):
            held[0], _ = simulation.run(held[0], phase, inputs)
        rate = float(simulation.activity(held[0], "V1_E", first).mean()) * LIF().unit_rate
        held[0] = simulation.learn(held[0])
        return rate * DT

    return trial


def snntorch_bptt(poisson: bool, steps: int, hidden: int, stimulus: np.ndarray, target: np.ndarray) -> Trial:
    """Return one training step as in snnTorch's tutorial 5."""
    first, second = nn.Linear(INPUTS, hidden), nn.Linear(hidden, OUTPUTS)
    inner, outer, loss = Leaky(beta=0.95), Leaky(beta=0.95), nn.CrossEntropyLoss()
    optimiser = torch.optim.Adam([*first.parameters(), *second.parameters()], lr=5e-4)
    x, label = torch.as_tensor(stimulus), torch.as_tensor(target.argmax(1))

    def step() -> float:
        given = spikegen.rate(x, num_steps=steps) if poisson else x.expand(steps, *x.shape)
        v, u, total, fired = inner.init_leaky(), outer.init_leaky(), torch.zeros(()), 0.0
        for now in given:
            spikes, v = inner(first(now), v)
            _, u = outer(second(spikes), u)
            total, fired = total + loss(u, label), fired + spikes.detach().mean()
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        return float(fired) / steps

    return step


def spikingjelly_bptt(poisson: bool, steps: int, hidden: int, stimulus: np.ndarray, target: np.ndarray) -> Trial:
    """Return one training step with SpikingJelly's multi-step layers.

    Raises:
        ImportError: where it is not installed.
    """
    from spikingjelly.activation_based import functional, layer, neuron
    from spikingjelly.activation_based import surrogate as slopes

    layers = layer.Linear(INPUTS, hidden), neuron.LIFNode(surrogate_function=slopes.ATan())
    hidden_layer, network = nn.Sequential(*layers), nn.Sequential(layer.Linear(hidden, OUTPUTS), neuron.LIFNode())
    for each in (hidden_layer, network):
        functional.set_step_mode(each, "m")
    optimiser = torch.optim.Adam([*hidden_layer.parameters(), *network.parameters()], lr=1e-3)
    x, goal = torch.as_tensor(stimulus), torch.as_tensor(target)

    def step() -> float:
        given = (torch.rand((steps, *x.shape)) < x).float() if poisson else x.expand(steps, *x.shape)
        spikes = hidden_layer(given)
        optimiser.zero_grad()
        nn.functional.mse_loss(network(spikes).mean(0), goal).backward()
        optimiser.step()
        functional.reset_net(hidden_layer)
        functional.reset_net(network)
        return float(spikes.detach().mean())

    return step


def contestants(poisson: bool, steps: int, hidden: int, batch: tuple[np.ndarray, np.ndarray]) -> dict[str, Trial]:
    """Return all ways to spend so many steps on a batch."""
    trials = {name: bio_fa(*way, *batch) for name, *way in ways(spiking(poisson, hidden), steps)}
    trials["snnTorch"] = snntorch_bptt(poisson, steps, hidden, *batch)
    try:
        trials["SpikingJelly"] = spikingjelly_bptt(poisson, steps, hidden, *batch)
    except ImportError as error:
        print(f"SpikingJelly is left out: {error}.")
    return trials


def compare(trials: dict[str, Trial], batch: int, rounds: int) -> None:
    """Print samples per second, and how many times as fast as snnTorch each is: the median ratio, and its extremes."""
    fires = {name: trial() for name, trial in trials.items()}
    taken = in_turns(trials, rounds, repeats=1)  # type: ignore[arg-type]
    for name, times in taken.items():
        ratios = [other / own for own, other in zip(times, taken["snnTorch"], strict=True)]
        rate, middle = batch / statistics.median(times), statistics.median(ratios)
        beside = f"{middle:>5.2f} x snnTorch ({min(ratios):.2f} to {max(ratios):.2f})"
        print(f"{name:>14}: {rate:>8,.0f} samples/s; {beside:<32} hidden neurons fire in {fires[name]:.1%} of steps")


def divergence(steps: int, hidden: int, batch: tuple[np.ndarray, np.ndarray]) -> None:
    """Print how long float32 and float64 emit the same spikes, and how many differ at the end."""
    circuit, spikes = spiking(True, hidden), []
    protocol = two_phase(circuit, duration=steps * DT, window=DT)
    inputs = dict(zip((circuit.input, circuit.output), batch, strict=True))
    for precision in ("float64", "float32"):
        simulation = backends.get("torch_spiking", precision=precision).compile(circuit, protocol, LocalLearning())
        state, _ = simulation.run(simulation.init(circuit.sample(1)), protocol.phases[0], inputs, every=1)
        spikes.append({tuple(each) for each in simulation.spikes(state, "V1_E").tolist()})
    differ = sorted(spikes[0] ^ spikes[1])
    when = f"first in step {differ[0][0]}" if differ else "none"
    share = len(differ) / max(len(spikes[0]), 1)
    print(f"float32 beside float64: {len(differ)} of {len(spikes[0])} spikes of V1_E differ in {steps} steps ({share:.2%}), {when}")


def layer_on_gpu(neurons: int = 16_000, steps: int = 500, batch: int = 16) -> None:
    """Print the seconds that a linear layer and LIF neurons need forwards and backwards on a GPU."""
    if not torch.cuda.is_available():
        print(f"{neurons:,} LIF neurons, {steps} steps, batch {batch}: not measured, torch finds no GPU.")
        return
    nothing = torch.zeros((1, 1), device="cuda")
    layer, site = nn.Linear(neurons, neurons, bias=False, device="cuda"), Site(DT, LIF(), ((CurrentSynapse(), 1),))
    scan = Differentiable(site, Engine(nothing, surrogate.fast_sigmoid(), local=False))
    given = (torch.rand((steps, batch, neurons), device="cuda") < 0.1).float()
    start = {name: nothing.new_zeros((batch, neurons)) for name in ("x0", "s_v", "constant_basal")}

    def both_ways() -> None:
        arriving: Tensor = layer(given)
        _, emitted = scan({**start, "arriving0": arriving}, {}, steps, 0)
        emitted["spike"].sum().backward()
        torch.cuda.synchronize()

    times = []
    for _ in range(12):
        started = time.perf_counter()
        both_ways()
        times.append(time.perf_counter() - started)
    told = ", ".join(f"{name} {seconds} s" for name, seconds in PUBLISHED.items())
    print(f"{neurons:,} LIF neurons, {steps} steps, batch {batch}: {statistics.median(times[2:]):.3f} s (published: {told})")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--smoke", action="store_true", help="one short round of a small circuit, to see that it runs")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    size, hidden, rounds, lengths = (8, 20, 1, (6,)) if options.smoke else (128, 500, options.rounds, (25, 100))
    rng = np.random.default_rng(0)
    stimulus = (rng.random((size, INPUTS)) * (rng.random((size, INPUTS)) < 0.26)).astype(np.float32)
    target = np.eye(OUTPUTS, dtype=np.float32)[rng.integers(OUTPUTS, size=size)]
    print(f"{INPUTS}-{hidden}-{OUTPUTS}, batch {size}, {options.threads} threads, {rounds} rounds; load {os.getloadavg()[0]:.1f}")
    for poisson in (False, True):
        for steps in lengths:
            print(f"{'Poisson spikes' if poisson else 'constant current'}, T = {steps}")
            compare(contestants(poisson, steps, hidden, (stimulus, target)), size, rounds)
    divergence(10 if options.smoke else 1000, hidden, (stimulus[:8], target[:8]))
    layer_on_gpu()


if __name__ == "__main__":
    main()
