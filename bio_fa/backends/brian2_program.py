"""Program: the text of a plain Brian2 program that simulates a circuit. The backend runs the same text that is exported."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from bio_fa.backends.brian2_group import Group, listed
from bio_fa.backends.brian2_neurons import describe
from bio_fa.backends.brian2_plan import Plan
from bio_fa.backends.brian2_synapses import Connection, connect
from bio_fa.backends.brian2_trial import phase_functions
from bio_fa.neurons import SpikeSource, SpikingNeuron
from bio_fa.population import TONIC

SIGNS = {1: "excitatory", -1: "inhibitory", None: "unsigned"}

CONNECTING = """
for name, each in synapses.items():
    if len(data[name + ".w"]):
        each.connect(i=data[name + ".pre"], j=data[name + ".post"])
    else:
        each.connect(condition="False")
    for current in each.summed_updaters.values():
        current.when = "before_groups"  # graded currents are summed before anything moves"""

SUMMING = """
for each in sums.values():
    each.connect()
    for current in each.summed_updaters.values():
        current.when, current.order = "end", -1  # summed when potentials have moved, before anything reads it"""

WAITING = """
for each in [each for window in windowed.values() for each in window]:
    each.active = False"""

INJECTING = '''


def steady(pre, rates):
    """Yield the currents that given rates cause: neurons, variable and values."""
    for post, name, sign in STEADY[pre]:
        current = np.bincount(data[name + ".post"], data[name + ".w"]*rates[data[name + ".pre"]], neurons[post].N)
        yield neurons[post], "from_" + pre, sign*current


def inject(pre, rates):
    """Let given rates drive their targets."""
    for group, variable, current in steady(pre, rates):
        setattr(group, variable, current)'''


@dataclass(frozen=True)
class Program:
    """The program of a circuit and its trial, in parts."""

    plan: Plan

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The populations."""
        return tuple(describe(self.plan, each) for each in self.plan.populations)

    @cached_property
    def connections(self) -> tuple[Connection, ...]:
        """The projections that have synapses."""
        groups = {each.population.name: each for each in self.groups}
        return tuple(connect(self.plan, each, groups) for each in self.plan.projections)

    @cached_property
    def sums(self) -> tuple[tuple[str, str, float], ...]:
        """The sums over populations: (population, variable, value at the start of a trial)."""
        return tuple((each.population.name, total, each.first_total(total)) for each in self.groups for total in each.totals)

    @cached_property
    def starts(self) -> tuple[tuple[str, str], ...]:
        """The (population, variable) pairs that are given at the start of a trial: potentials, activities and targets."""
        pairs: list[tuple[str, str]] = []
        for group in self.groups:
            name, neuron = group.population.name, group.population.neuron
            if isinstance(neuron, SpikingNeuron):
                pairs += [(name, variable) for variable in neuron.variables]
            elif not isinstance(neuron, SpikeSource) and self.plan.given(name):
                pairs.append((name, "rate"))
            pairs += [(name, variable) for variable in ("given", "target") if variable in group.equations]
        return tuple(pairs)

    @cached_property
    def injected(self) -> tuple[str, ...]:
        """The populations of rate neurons that every phase clamps: by names that their activity has in the data."""
        return tuple(dict.fromkeys(each.pre for each in self.plan.injected if not each.from_tonic))

    @cached_property
    def spiking(self) -> tuple[str, ...]:
        """The populations of neurons that spike, sources too."""
        return tuple(each.name for each in self.plan.circuit.populations if each.spiking)

    @cached_property
    def counting(self) -> tuple[str, ...]:
        """The populations of spiking neurons, whose spikes are counted; those of sources are known."""
        return tuple(each.name for each in self.plan.circuit.populations if isinstance(each.neuron, SpikingNeuron))

    @cached_property
    def rates(self) -> tuple[str, ...]:
        """The populations of rate neurons that are free in some phase."""
        return tuple(each.name for each in self.plan.circuit.populations if not each.spiking and not self.plan.given(each.name))

    @cached_property
    def text(self) -> str:
        """The lines that make the network from ``data``, and the functions that set it up for a trial and run its phases."""
        network = (self._populations(), self._projections(), self._windows(), self._network())
        return "\n".join(line for part in (*network, phase_functions(self.plan, self.groups)) for line in part)

    def _populations(self) -> Iterator[str]:
        yield f'clock = Clock({self.plan.protocol.dt!r}*second, name="time_steps")'
        yield "neurons, spikes, synapses, sums = {}, {}, {}, {}"
        yield title("Populations")
        for group in self.groups:
            yield from self._population(group)
        if any(each.projection.from_tonic for each in self.connections):
            yield "\n# The tonic drive: one neuron of rate 1."
            yield f'neurons["{TONIC}"] = NeuronGroup(1, "rate : 1", namespace={{}}, clock=clock, name="{TONIC}")'
            yield f'neurons["{TONIC}"].rate = 1'

    def _population(self, group: Group) -> Iterator[str]:
        population = group.population
        name, kind = population.name, population.neuron.kind().replace("_", " ")
        yield f"\n# {name}: {population.size} neurons, {SIGNS[population.sign]}, {kind}."
        if isinstance(population.neuron, SpikeSource):
            yield "# Its spikes are given: 1 or 0 by time step and neuron."
            shape = f"({self.plan.steps}, {population.size})"
            yield f'spikes["{name}"] = TimedArray(np.zeros({shape}), dt=clock.dt, name="spikes_{name}")'
        yield group.text()
        for total, text in group.totals.items():
            yield f"# {total}: the sum of {text} over its neurons."
            yield from _sum(name, total)

    def _projections(self) -> Iterator[str]:
        yield title("Projections: w is the magnitude of a weight, its sign that of the presynaptic population")
        for connection in self.connections:
            yield "\n" + connection.text()
        yield CONNECTING
        if self.sums:
            yield SUMMING

    def _windows(self) -> Iterator[str]:
        yield title("What happens in the window of a phase only: averages, and products of plasticity")
        yield "\nwindowed = {"
        for phase in self.plan.phases:
            actors = [*self._averages(phase.phase.name), *self._learning(phase.phase.name)]
            lines = [f'    "{phase.phase.name}": [', *(f"        {actor}," for actor in actors), "    ],"]
            yield "\n".join(lines) if actors else f'    "{phase.phase.name}": [],'
        yield "}" + WAITING

    def _averages(self, phase: str) -> Iterator[str]:
        """Yield what averages over the window of a phase, and what plasticity senses in it."""
        steps, slots = self.plan.window(phase), {"activity": "end", "sensitivity": "before_thresholds"}
        for group in self.groups:
            name = group.population.name
            for average in self.plan.averages:
                if (average.population, average.phase) == (name, phase):
                    kept = "rate" if average.kind == "activity" else average.kind
                    code, when = f"{average.name} += {kept}/{steps}", slots.get(average.kind, "before_groups")
                    yield _regularly(name, code, when, average.name)
            if phase in self.plan.now(name, "signal"):
                yield _regularly(name, "signal = feedback", "before_groups", f"signal_{phase}")
            if phase in self.plan.now(name, "psi"):
                yield _regularly(name, "psi = sensitivity", "before_thresholds", f"psi_{phase}")

    def _learning(self, phase: str) -> list[str]:
        here = [each for each in self.connections if self.plan.protocol.read_by(each.projection) == phase]
        return [actor for each in here for actor in each.learning]

    def _network(self) -> Iterator[str]:
        yield title("Spikes and rates")
        yield "\nmonitors = {}"
        if self.spiking:
            yield f"for name in {listed(self.spiking)}:"
            yield '    monitors[name] = SpikeMonitor(neurons[name], name=name + "_spikes")'
        if self.rates:
            yield f"for name in {listed(self.rates)}:"
            yield '    monitors[name] = StateMonitor('
            yield '        neurons[name], "rate", record=True, when="end", order=1, clock=clock, name=name + "_rates"\n    )'
        yield "network = Network(neurons.values(), synapses.values(), sums.values(), monitors.values())"
        yield title("A trial")
        yield from self._steady()
        yield from self._set_up()

    def _steady(self) -> Iterator[str]:
        """Yield the functions that inject the currents of what does not change in a phase."""
        yield "\n# Currents that do not change in a phase: by who is given, to whom, by which weights and with which sign."
        yield "STEADY = {"
        for pre in dict.fromkeys(each.pre for each in self.plan.injected):
            rows = [each for each in self.plan.injected if each.pre == pre]
            yield f'    "{pre}": ['
            yield from (f'        ("{each.post}", "{each.name}", {self.plan.circuit.sign(each) or 1}),' for each in rows)
            yield "    ],"
        yield "}" + INJECTING

    def _set_up(self) -> Iterator[str]:
        yield '\n\ndef weigh():\n    """Give every synapse its weight."""'
        yield "    for name, each in synapses.items():\n        each.w = data[name + \".w\"]"
        if any(each.from_tonic for each in self.plan.injected):
            yield f'    inject("{TONIC}", np.ones(1))'
        yield '\n\ndef load(trial):\n    """Give a trial its random start, its spikes, its input and its target."""'
        for name, variable in self.starts:
            yield f'    neurons["{name}"].{variable} = data["trial.{name}.{variable}"][trial]'
        yield '    for name, train in spikes.items():\n        train.values[:] = data[f"trial.{name}.spikes"][trial]'
        for name in self.injected:
            yield f'    inject("{name}", data["trial.{name}.rate"][trial])'
        for name, total, value in self.sums:
            yield f'    neurons["{name}_{total}"].{total} = {value!r}'


def title(words: str) -> str:
    """Return the comment that begins a part of a program."""
    return f"\n# {words} {'-' * max(3, 108 - len(words))}"


def _sum(name: str, total: str) -> Iterator[str]:
    """Yield a sum over a population: a neuron that holds it, the synapses that add it up, and the link back."""
    where = f"{name}_{total}"
    yield f'neurons["{where}"] = NeuronGroup(1, "{total} : 1", namespace={{}}, clock=clock, name="{where}")'
    yield f'neurons["{name}"].{total} = linked_var(neurons["{where}"], "{total}")'
    yield f'sums["{where}"] = Synapses(\n    neurons["{name}"], neurons["{where}"],'
    yield f'    "{total}_post = term_of_{total}_pre : 1 (summed)",'
    yield f'    namespace={{}}, clock=clock, name="{where}_sum",\n)'


def _regularly(name: str, code: str, when: str, what: str) -> str:
    return f'neurons["{name}"].run_regularly("{code}", when="{when}", order=1, name="{name}_{what}")'
