"""Stepping: a phase with a duration runs in time steps, rate and spiking neurons together.

In every step, in this order: activities are read, currents summed, states moved (forward Euler), spikes tested and reset,
traces updated, spikes delivered to synapses, averages and plasticity last. A spike is so felt from the next step on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bio_fa.backends.moments import KEPT, Averages, Moment
from bio_fa.backends.phases import Activities, Inlet, Memory, PhaseRun, Trial
from bio_fa.neurons import Neuron, NeuronState, RateNeuron, SpikeSource, SpikingNeuron
from bio_fa.ops import Quantity, choose, relu, rows_of_zeros
from bio_fa.pathways import sensed
from bio_fa.plasticity import Postsynaptic, Presynaptic, momentary
from bio_fa.population import Population
from bio_fa.projection import Projection
from bio_fa.transmission import SpikeTransmission


@dataclass(frozen=True)
class Stepping(PhaseRun):
    """A phase that lasts."""

    def run(self, memory: Memory, trial: Trial, every: int = 0) -> list[Activities]:
        """Run every time step; a frame holds rates as they are then, and spikes since the frame before as activities."""
        frames: list[Activities] = []
        self._start(memory, trial)
        steps = self.protocol.steps(self.phase.duration)
        first = steps - (self.protocol.steps(self.phase.window) or 1)
        sources, window, bin_ = self._sources(trial), Averages(), Averages()
        for step in range(steps):
            trial.machine.begin(memory, step)
            moment = self._step(memory, trial, {name: next(spikes) for name, spikes in sources.items()})
            activity = self._rates(memory, trial) | self._spiking(moment.spikes)
            if step >= first:
                window.add(activity=activity, **moment.kept())
                self._integrate(memory, moment, trial)
            if every:
                memory.record(step, moment.spikes, trial.machine)
                bin_.add(spiking=self._spiking(moment.spikes))
                if (step + 1) % every == 0:
                    frames.append(activity | bin_.means("spiking"))
                    bin_ = Averages()
        for kind in ("activity", *KEPT):
            getattr(memory, kind)[self.phase.name] = window.means(kind)
        return frames

    def _start(self, memory: Memory, trial: Trial) -> None:
        """Give a state to whatever has none yet: at the start of a trial, all."""
        example = next(iter(trial.inputs.values()))
        for population in self.free:
            if population.name in memory.states:
                continue
            if isinstance(population.neuron, SpikingNeuron):
                drawn = trial.draws.initial(population, len(example))
                memory.states[population.name] = {name: trial.machine.quantity(values) for name, values in drawn.items()}
            else:
                memory.states[population.name] = {"u": rows_of_zeros(example, population.size)}
        for inlet in self._synapses:
            memory.synapse.setdefault(inlet, rows_of_zeros(example, self.circuit.population(inlet.population).size))
        for name in self._traced:
            memory.trace.setdefault(name, rows_of_zeros(example, self.circuit.population(name).size))
        for population in self._refractory:
            memory.resting.setdefault(population.name, rows_of_zeros(example, population.size))
        memory.spikes = {}

    def _sources(self, trial: Trial) -> dict[str, Iterator[Quantity]]:
        """Return, by source, its spikes step after step."""
        return {name: map(trial.machine.quantity, spikes) for name, spikes in self._drawn(trial).items()}

    def _drawn(self, trial: Trial) -> dict[str, Iterator[np.ndarray]]:
        """Return, by source, its spikes step after step: boolean (trial, neuron)."""
        named = {name: self.circuit.population(name) for name in self.phase.clamp}
        sources = {name: each for name, each in named.items() if isinstance(each.neuron, SpikeSource)}
        given = {name: trial.machine.numpy(trial.inputs[name]) for name in sources}
        return {name: trial.draws.spikes(each, given[name], self.phase.name, self.protocol.dt) for name, each in sources.items()}

    def _step(self, memory: Memory, trial: Trial, sources: Activities) -> Moment:
        moment = Moment(self._rates(memory, trial), sources)
        for population in self.free:
            self._drive(population, moment, memory, trial)
        for population in self.free:
            self._move(population, moment, memory, trial)
        for name in self._traced:
            tau: float = self.circuit.population(name).neuron.trace_tau  # type: ignore[attr-defined]
            memory.trace[name] = traced(memory.trace[name], moment.spikes[name], tau, self.protocol.dt)
        self._deliver(moment.spikes, memory, trial)
        return moment

    def _drive(self, population: Population, moment: Moment, memory: Memory, trial: Trial) -> None:
        """Sum the currents onto a population."""
        name = population.name
        held = memory.basal[self.held_from][name] if name in self.phase.hold else None
        basal = self._sum(name, "basal", moment, memory, trial) if held is None else held
        moment.basal[name] = basal
        pull = self.pulls.get(name)
        moment.current[name] = basal if pull is None else basal + pull(memory.activity[self.held_from][name], trial.inputs[name])
        if (name, "apical") in self.inlets:
            moment.apical[name] = self._sum(name, "apical", moment, memory, trial)
        if name in self.feels_apical and population.apical is not None:
            change = moment.apical[name] - self._balance(population, memory, trial)
            moment.feedback[name] = population.apical.feedback(change)

    def _sum(self, name: str, compartment: str, moment: Moment, memory: Memory, trial: Trial) -> Quantity:
        """Return the summed current onto a compartment, graded currents first: (trial, neuron)."""
        current = self.graded(name, compartment, moment.rates, trial)
        for inlet in self.inlets.get((name, compartment), ()):
            if isinstance(inlet.transmission, SpikeTransmission):
                v = memory.states[name].get("v")
                current = current + inlet.transmission.current(memory.synapse[inlet], v, inlet.sign)
        return current

    def _balance(self, population: Population, memory: Memory, trial: Trial) -> Quantity:
        """Return a₀, the apical current that inhibition has learned to cancel."""
        balanced_in, name = population.apical.balanced_in, population.name  # type: ignore[union-attr]
        if balanced_in not in memory.activity:
            return 0.0
        if balanced_in in memory.apical:
            return memory.apical[balanced_in][name]
        return self.graded(name, "apical", memory.activity[balanced_in], trial)

    def _move(self, population: Population, moment: Moment, memory: Memory, trial: Trial) -> None:
        """Move the state of a population by one step; let it spike, and reset what spiked."""
        name, neuron, state = population.name, population.neuron, memory.states[population.name]
        current, feedback = moment.current[name], moment.feedback.get(name, 0.0)
        moved = euler(neuron, state, current, feedback, self.protocol.dt)
        if not isinstance(neuron, SpikingNeuron):
            memory.states[name] = moved
            return
        resting = memory.resting.get(name)
        if resting is not None:
            moved |= {variable: choose(resting, state[variable], moved[variable]) for variable in neuron.held}
        spikes = trial.machine.fire(neuron.excess(moved))
        if resting is not None:
            spikes = choose(resting, 0 * spikes, spikes)
            memory.resting[name] = choose(spikes, 0 * spikes + self._rest(neuron), relu(resting - 1))
        if name in self._judged:
            moment.sensitivity[name] = neuron.sensitivity(moved)
        moment.spikes[name] = spikes
        reset = {variable: choose(spikes, value, moved[variable]) for variable, value in neuron.reset(moved).items()}
        memory.states[name] = moved | reset

    def _rest(self, neuron: SpikingNeuron) -> int:
        """Return for how many steps after that of a spike its neuron rests: refractory time counts from the spike's step."""
        return self.protocol.steps(neuron.refractory) - 1

    def _deliver(self, spikes: Activities, memory: Memory, trial: Trial) -> None:
        """Let synaptic variables decay, and add the spikes that arrive in this step."""
        for name, fired in spikes.items():
            memory.flying[name] = [fired, *memory.flying.get(name, [])][: self._longest + 1]
        for inlet in self._synapses:
            transmission, x = inlet.transmission, memory.synapse[inlet]
            assert isinstance(transmission, SpikeTransmission)
            x = decayed(transmission, x, self.protocol.dt)
            delay = self.protocol.steps(transmission.delay)
            arriving = {each.pre: memory.flying[each.pre] for each in self.afferents[inlet]}
            if all(len(each) > delay for each in arriving.values()):
                x = x + trial.currents(inlet, {name: each[delay] for name, each in arriving.items()})
            memory.synapse[inlet] = x

    def _integrate(self, memory: Memory, moment: Moment, trial: Trial) -> None:
        """Add what this step contributes to momentary changes: dt · Σ post · pre · synapse."""
        dt = self.protocol.dt
        for projection in self._momentary:
            name, sign = projection.name, self.circuit.sign(projection) or 1
            neurons, senders = self.circuit.shape(projection)
            train = self._train(projection.pre, senders, moment, trial)
            pre = Presynaptic(0.0, 0.0, sign, train, memory.trace.get(projection.pre, 0.0))
            post = Postsynaptic(
                *(0.0, 0.0, 0.0),
                spike=self._train(projection.post, neurons, moment, trial),
                trace=memory.trace.get(projection.post, 0.0),
                apical=moment.feedback.get(projection.post, 0.0),
                sensitivity=moment.sensitivity.get(projection.post, 0.0),
            )
            change = trial.machine.products(projection, pre, post, trial.weights[name], moment=True)
            memory.changes[name] = memory.changes[name] + dt * change if name in memory.changes else dt * change

    def _train(self, population: str, neurons: int, moment: Moment, trial: Trial) -> Quantity:
        """Return the spike train S(t) of a population, (trial, neuron): 0 where it does not spike."""
        if population in moment.spikes:
            return moment.spikes[population] / self.protocol.dt
        return rows_of_zeros(next(iter(trial.inputs.values())), neurons)

    def _rates(self, memory: Memory, trial: Trial) -> Activities:
        """Return the activity of rate neurons and what is given; of sources only their spikes matter."""
        free = [each for each in self.free if isinstance(each.neuron, RateNeuron)]
        rates = {each.name: each.neuron.activity(memory.states[each.name]["u"]) for each in free}  # type: ignore[attr-defined]
        return self.given(trial) | {each.name: self.nudged(each, rates[each.name], trial) for each in free}

    def _spiking(self, spikes: Activities) -> Activities:
        """Return the activity of spiking populations in one time step: S(t) / ν₁."""
        neurons = {name: self.circuit.population(name).neuron for name in spikes}
        return {name: fired / (neurons[name].unit_rate * self.protocol.dt) for name, fired in spikes.items()}  # type: ignore[attr-defined]

    @cached_property
    def _refractory(self) -> tuple[Population, ...]:
        """The free populations whose neurons rest for longer than the step of their spike."""
        spiking = [each for each in self.free if isinstance(each.neuron, SpikingNeuron)]
        return tuple(each for each in spiking if self._rest(each.neuron) > 0)  # type: ignore[arg-type]

    @cached_property
    def _synapses(self) -> tuple[Inlet, ...]:
        """The inlets through which spikes arrive."""
        return tuple(each for each in self.afferents if each.sign != 0)

    @cached_property
    def _longest(self) -> int:
        """The longest delay in time steps."""
        return max((self.protocol.steps(each.transmission.delay) for each in self._synapses), default=0)  # type: ignore[attr-defined]

    @cached_property
    def _momentary(self) -> tuple[Projection, ...]:
        """The projections whose rule integrates products over this phase."""
        read_here = [each for each in self.circuit.plastic if self.protocol.read_by(each) == self.phase.name]
        return tuple(each for each in read_here if any(momentary(each.plasticity)))

    @cached_property
    def _traced(self) -> frozenset[str]:
        """The populations whose trace some rule senses."""
        return sensed(self.circuit, "pre.trace") | sensed(self.circuit, "post.trace")

    @cached_property
    def _judged(self) -> frozenset[str]:
        """The populations whose sensitivity some rule senses."""
        return sensed(self.circuit, "post.sensitivity")


def euler(neuron: Neuron, state: NeuronState, current: Quantity, feedback: Quantity, dt: float) -> dict[str, Quantity]:
    """Return the state one time step later, by forward Euler; arrays (..., neuron), tensors or symbols."""
    if isinstance(neuron, RateNeuron):
        return {"u": state["u"] + dt * neuron.drift(state["u"], current + feedback)}
    assert isinstance(neuron, SpikingNeuron)
    rates = neuron.derivatives(state, current, feedback)
    return {variable: value + dt * rates[variable] for variable, value in state.items()}


def traced(trace: Quantity, spikes: Quantity, tau: float, dt: float) -> Quantity:
    """Return the trace of a spike train one time step later, this step's spikes included; likewise."""
    return trace - dt * trace / tau + spikes


def decayed(transmission: SpikeTransmission, x: Quantity, dt: float) -> Quantity:
    """Return a synaptic variable one time step later, before spikes arrive; likewise."""
    return x + dt * transmission.decay(x)
