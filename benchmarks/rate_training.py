"""How fast does the flagship train? Samples per second, as ratios measured side by side in one run.

    python benchmarks/rate_training.py [--rounds 20] [--threads 2] [--smoke]

Three ways to spend a trial of 64 stimuli on a 784-500-500-10 circuit take turns, so that a drift of the machine's speed
falls on all of them, and the median of the ratios is reported:

* the flagship of experiments/mnist_hierarchy.toml: free and nudged phase, local plasticity,
  adaptive update, Dale's law and masks (torch_rate, float32);
* a multilayer perceptron of the same sizes with torch autograd and torch.optim.Adam;
* the bare matrix products of the flagship's own trial, without anything else.

It also times ``import bio_fa`` in fresh processes and says which heavy modules that loads.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from bio_fa import Circuit, LocalLearning, backends, two_phase
from bio_fa.modules import build_circuit, load_model

EXPERIMENTS = Path(__file__).resolve().parents[1] / "experiments"
BATCH = 64
Trial = Callable[[], None]


def flagship(circuit: Circuit, stimulus: np.ndarray, target: np.ndarray, threads: int) -> Trial:
    """Return one learning trial of the circuit."""
    protocol = two_phase(circuit)
    simulation = backends.get("torch_rate", threads=threads).compile(circuit, protocol, LocalLearning())
    held = [simulation.init(circuit.sample(1))]
    inputs = {circuit.input: stimulus, circuit.output: target}

    def trial() -> None:
        for phase in protocol.phases:
            held[0], _ = simulation.run(held[0], phase, inputs)
        simulation.activity(held[0], circuit.output, "free")
        held[0] = simulation.learn(held[0])

    return trial


def perceptron(sizes: list[int], stimulus: np.ndarray, target: np.ndarray) -> Trial:
    """Return one training step of a multilayer perceptron with autograd and Adam."""
    layers = [(torch.nn.Linear(pre, post), torch.nn.ReLU()) for pre, post in itertools.pairwise(sizes)]
    network = torch.nn.Sequential(*itertools.chain.from_iterable(layers))[:-1]
    optimiser = torch.optim.Adam(network.parameters())
    x, label = torch.as_tensor(stimulus), torch.as_tensor(target.argmax(1))

    def step() -> None:
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(network(x), label).backward()
        optimiser.step()

    return step


def products(circuit: Circuit) -> Trial:
    """Return the matrix products of one learning trial: the currents of both phases, and Δw of each plastic projection."""
    shapes = {each.name: circuit.shape(each) for each in circuit.projections if not each.from_tonic}
    held = {population.name for area in circuit.areas for population in area.forward}
    free = [shapes[each.name] for each in circuit.projections if each.name in shapes and each.compartment == "basal"]
    active = [each for each in circuit.projections if each.post not in held or each.compartment == "apical"]
    nudged = [shapes[each.name] for each in active if each.name in shapes]
    currents = [(torch.rand(BATCH, pre), torch.rand(post, pre), torch.empty(BATCH, post)) for post, pre in free + nudged]
    plastic = [shapes[each.name] for each in circuit.plastic if each.name in shapes]
    changes = [(torch.rand(BATCH, post), torch.rand(BATCH, pre), torch.empty(post, pre)) for post, pre in plastic]

    def multiply() -> None:
        for rates, w, current in currents:
            torch.mm(rates, w.T, out=current)
        for post, pre, delta in changes:
            torch.mm(post.T, pre, out=delta)

    return multiply


def seconds(trial: Trial, repeats: int) -> float:
    """Return the mean wall time of a trial."""
    started = time.perf_counter()
    for _ in range(repeats):
        trial()
    return (time.perf_counter() - started) / repeats


def in_turns(trials: dict[str, Trial], rounds: int, repeats: int) -> dict[str, list[float]]:
    """Return the seconds per trial of each kind, round by round, after a round that does not count."""
    for trial in trials.values():
        seconds(trial, repeats)
    taken: dict[str, list[float]] = {name: [] for name in trials}
    for _ in range(rounds):
        for name, trial in trials.items():
            taken[name].append(seconds(trial, repeats))
    return taken


def import_seconds(rounds: int) -> tuple[float, list[str]]:
    """Return the median time that ``import bio_fa`` takes in a fresh process, and the heavy modules that it loads."""
    code = "import time, sys; t = time.perf_counter(); import bio_fa; print(time.perf_counter() - t, *sys.modules)"
    command = [sys.executable, "-c", code]
    answers = [subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() for _ in range(rounds)]
    heavy = {"torch", "brian2", "snntorch", "h5py", "matplotlib", "sympy", "scipy", "sklearn", "rich", "typer"}
    return statistics.median(float(answer[0]) for answer in answers), sorted(heavy & set(answers[0][1:]))


def show(taken: dict[str, list[float]]) -> None:
    """Print samples per second, and how fast the flagship is beside each: the median ratio, and its extremes."""
    for name, times in taken.items():
        ratios = [other / own for own, other in zip(taken["flagship"], times, strict=True)]
        rate, middle = BATCH / statistics.median(times), statistics.median(ratios)
        print(f"{name:>22}: {rate:>9,.0f} samples/s; flagship / this = {middle:.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=30, help="trials per round")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--smoke", action="store_true", help="one short round of a small circuit, to see that it runs")
    options = parser.parse_args()
    settings = tomllib.loads((EXPERIMENTS / "mnist_hierarchy.toml").read_text())["circuit"]
    inputs, rounds, repeats = 784, options.rounds, options.repeats
    if options.smoke:
        settings["hidden"], inputs, rounds, repeats = [12, 12], 20, 1, 1
    model = load_model(settings.pop("model"), EXPERIMENTS)
    circuit = build_circuit(model, settings, {"inputs": inputs, "outputs": 10})
    sizes = [inputs, *settings["hidden"], 10]
    torch.set_num_threads(options.threads)
    rng = np.random.default_rng(0)
    stimulus = rng.random((BATCH, sizes[0]), dtype=np.float32)
    target = np.eye(sizes[-1], dtype=np.float32)[rng.integers(sizes[-1], size=BATCH)]
    trials = {
        "flagship": flagship(circuit, stimulus, target, options.threads),
        "autograd + Adam": perceptron(sizes, stimulus, target),
        "bare matrix products": products(circuit),
    }
    print(f"{'-'.join(map(str, sizes))}, batch {BATCH}, {options.threads} threads, {rounds} rounds of {repeats} trials")
    show(in_turns(trials, rounds, repeats))
    spent, heavy = import_seconds(1 if options.smoke else 5)
    print(f"import bio_fa: {spent:.3f} s; heavy modules loaded: {', '.join(heavy) or 'none'}")


if __name__ == "__main__":
    main()
