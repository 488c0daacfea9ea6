"""What does it cost that Brian2's code is generated? The generated program beside one written by hand, in one run.

    python benchmarks/brian2_overhead.py [--rounds 15] [--seconds 1] [--standalone] [--smoke]

A circuit of excitatory and inhibitory neurons (800 and 200, a tenth of all synapses) driven by 100 Poisson sources runs in
steps of 1 ms: once as bio_fa generates it, which also counts the spikes of the last half, and once as a user of Brian2 would
write it. Both give the same spikes, which is checked. They take turns, so that a drift of the machine's speed falls on both,
and the median of the ratios of their CPU times is reported; making code is not counted for either. With --standalone both are
compiled to C++ programs, which takes minutes, and the times of these programs are compared as well.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable

import brian2
import numpy as np
from brian2 import Hz, ms, second
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice

from bio_fa import Area, Circuit, FixedProbability, LocalLearning, Population, Projection, Uniform, backends, one_phase
from bio_fa.backends.brian2_data import Noted, starts, weights
from bio_fa.backends.brian2_library import Prepared, active, settings
from bio_fa.backends.brian2_machine import Runtime, Standalone
from bio_fa.backends.brian2_simulation import BrianSimulation
from bio_fa.neurons import LIF, PoissonSource
from bio_fa.transmission import CurrentSynapse

DT = 1e-3
Spikes = dict[str, tuple[np.ndarray, np.ndarray]]
"""Time steps and neurons of the spikes, by population."""


def balanced(scale: float) -> Circuit:
    """Return the circuit, ``scale`` times as large."""
    sizes = {name: max(4, round(scale * size)) for name, size in (("input", 100), ("E", 800), ("I", 200))}
    neuron, synapse, tenth = LIF(refractory=2e-3), CurrentSynapse(delay=2e-3), FixedProbability(0.1)
    populations = (
        Population("input", sizes["input"], neuron=PoissonSource()),
        Population("E", sizes["E"], neuron=neuron),
        Population("I", sizes["I"], -1, neuron),
    )
    projections = [
        Projection(pre, post, "basal", tenth, Uniform(0.0, 20 * total / sizes[pre]), transmission=synapse)
        for pre, total in (("input", 1.5), ("E", 0.4), ("I", 0.8))
        for post in ("E", "I")
    ]
    return Circuit("balanced", (Area("cortex", populations),), tuple(projections), "input", "E")


class Contender(ABC):
    """A program that can run one and the same trial again and again."""

    @abstractmethod
    def run(self) -> float:
        """Run the trial; return the seconds that it took."""

    @abstractmethod
    def spikes(self) -> Spikes:
        """Return the spikes of the last run."""


class Generated(Contender):
    """The program that bio_fa makes."""

    def __init__(self, circuit: Circuit, seconds: float, standalone: bool) -> None:
        protocol = one_phase(circuit, seconds, DT, seconds / 2)
        simulation = backends.get("brian2").compile(circuit, protocol, LocalLearning())
        assert isinstance(simulation, BrianSimulation)
        self.program, size = simulation.program, circuit.population("input").size
        self.state = simulation.init(circuit.sample(1))
        rates = {"input": np.full((1, size), 0.3)}
        self.noted = [Noted(protocol.phases[0], rates, every=1)]
        data = weights(self.program, self.state.weights, self.state.masks)
        self.data = data | starts(self.program, self.noted, self.state.draws.next())
        self.machine = (Standalone if standalone else Runtime)(self.program, self.data)

    def run(self) -> float:
        """Run the trial."""
        clock = _of_children if isinstance(self.machine, Standalone) else time.process_time
        return _spent(clock, lambda: self.machine.run(0, self.noted))

    def spikes(self) -> Spikes:
        """Return the spikes."""
        read = self.machine.read
        return {name: (_steps(read("monitors", name, "t_")), read("monitors", name, "i")) for name in ("input", "E", "I")}


class ByHand(Contender):
    """The program that a user of Brian2 would write; weights and the sources' spikes are those of the generated one."""

    def __init__(self, circuit: Circuit, seconds: float, data: dict[str, np.ndarray]) -> None:
        self.seconds, clock = seconds, brian2.Clock(DT * second)
        times, sources = np.nonzero(data["trial.input.spikes"][0])
        size = circuit.population("input").size
        groups = {"input": brian2.SpikeGeneratorGroup(size, sources, times * DT * second, clock=clock, name="hand_input")}
        for name in ("E", "I"):
            groups[name] = brian2.NeuronGroup(circuit.population(name).size, EQUATIONS, namespace=NAMES, clock=clock, **FIRING)
            groups[name].v = data[f"trial.{name}.v"][0]
        synapses = [self._project(groups, each, data, clock) for each in circuit.projections]
        self.monitors = {name: brian2.SpikeMonitor(group) for name, group in groups.items()}
        self.network = Prepared(groups.values(), synapses, self.monitors.values())

    def _project(
        self, groups: dict[str, brian2.Group], projection: Projection, data: dict[str, np.ndarray], clock: brian2.Clock
    ) -> brian2.Synapses:
        name, moved = projection.name, "inhibition" if projection.pre == "I" else "excitation"
        pre, post = groups[projection.pre], groups[projection.post]
        synapses = brian2.Synapses(pre, post, "w : 1", on_pre=f"{moved}_post += 2*w", delay=2 * ms, clock=clock, namespace={})
        synapses.connect(i=data[f"{name}.pre"], j=data[f"{name}.post"])
        synapses.w = data[f"{name}.w"]
        return synapses

    def spikes(self) -> Spikes:
        """Return the spikes."""
        return {name: (_steps(monitor.t_[:]), np.array(monitor.i[:])) for name, monitor in self.monitors.items()}


EQUATIONS = """
dv/dt = -v/tau + rate*(excitation - inhibition) : 1 (unless refractory)
dexcitation/dt = -excitation/tau_synapse : 1
dinhibition/dt = -inhibition/tau_synapse : 1
"""
NAMES = {"tau": 20 * ms, "tau_synapse": 5 * ms, "rate": 100 * Hz}
FIRING = {"threshold": "v > 1", "reset": "v = 0", "refractory": 2 * ms, "method": "euler"}


class ByHandAtOnce(ByHand):
    """The same, step by step."""

    def __init__(self, circuit: Circuit, seconds: float, data: dict[str, np.ndarray]) -> None:
        super().__init__(circuit, seconds, data)
        with settings("numpy"):
            self.network.run(0 * second, namespace={})
            self.network.store()

    def run(self) -> float:
        """Run the trial."""
        return _spent(time.process_time, self._run)

    def _run(self) -> None:
        with settings("numpy"):
            self.network.restore()
            self.network.run(self.seconds * second, namespace={})


class ByHandCompiled(ByHand):
    """The same as one compiled program."""

    def __init__(self, circuit: Circuit, seconds: float, data: dict[str, np.ndarray]) -> None:
        self.device, self.folder = CPPStandaloneDevice(), tempfile.TemporaryDirectory()
        with settings("numpy"), active(self.device):
            super().__init__(circuit, seconds, data)
            self.network.run(seconds * second, namespace={})
            self.device.build(self.folder.name, run=False, with_output=False)

    def run(self) -> float:
        """Run the trial."""
        return _spent(_of_children, self._run)

    def _run(self) -> None:
        with settings("numpy"), active(self.device):
            self.device.run(self.folder.name, with_output=False)

    def spikes(self) -> Spikes:
        """Return the spikes."""
        with active(self.device):
            return super().spikes()


def _spent(clock: Callable[[], float], run: Callable[[], None]) -> float:
    """Return the CPU seconds of a run."""
    started = clock()
    run()
    return clock() - started


def _of_children() -> float:
    """Return the CPU seconds of the programs that this one has started and that have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def _steps(times: np.ndarray) -> np.ndarray:
    return np.round(times / DT).astype(int)


def compare(title: str, generated: Contender, by_hand: Contender, rounds: int) -> None:
    """Let both run in turns, check that their spikes are the same, and print how long they take."""
    taken = [(generated.run(), by_hand.run()) for _ in range(rounds + 1)][1:]
    ours, theirs = generated.spikes(), by_hand.spikes()
    for name, (steps, neurons) in ours.items():
        order, other = np.lexsort((neurons, steps)), np.lexsort(theirs[name][::-1])
        same = np.array_equal(steps[order], theirs[name][0][other]) and np.array_equal(neurons[order], theirs[name][1][other])
        assert same and len(steps), f"the spikes of {name} differ"
    ratios = [one / other for one, other in taken]
    seconds = statistics.median(one for one, _ in taken), statistics.median(other for _, other in taken)
    counts = ", ".join(f"{name} {len(steps)}" for name, (steps, _) in ours.items())
    middle = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    times = f"generated {seconds[0]:.3f} s, by hand {seconds[1]:.3f} s"
    print(f"{title:>10}: {times}; generated / by hand = {middle}; spikes: {counts}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=1.0, help="of biological time")
    parser.add_argument("--standalone", action="store_true", help="compare compiled programs too")
    parser.add_argument("--smoke", action="store_true", help="one short round of a small circuit, to see that it runs")
    options = parser.parse_args()
    circuit = balanced(0.1 if options.smoke else 1.0)
    rounds, seconds = (1, 0.1) if options.smoke else (options.rounds, options.seconds)
    generated = Generated(circuit, seconds, standalone=False)
    compare("numpy", generated, ByHandAtOnce(circuit, seconds, generated.data), rounds)
    if options.standalone:
        compiled = Generated(circuit, seconds, standalone=True)
        compare("standalone", compiled, ByHandCompiled(circuit, seconds, compiled.data), rounds)


if __name__ == "__main__":
    main()
