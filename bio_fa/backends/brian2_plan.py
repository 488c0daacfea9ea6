"""Plan: what a circuit and its trial need of a Brian2 program: which variables, switches and averages, and what they are called."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from bio_fa.backends.phases import Afferent, Inlet, afferents
from bio_fa.backends.stepping import Stepping
from bio_fa.circuit import Circuit
from bio_fa.neurons import RateNeuron, SpikingNeuron
from bio_fa.pathways import sensed
from bio_fa.phase import Nudge
from bio_fa.plasticity import momentary
from bio_fa.plasticity.locality import symbols
from bio_fa.population import TONIC, Population
from bio_fa.projection import Projection
from bio_fa.protocol import Protocol


class Average(NamedTuple):
    """A quantity of a population whose mean over the window of a phase is kept."""

    population: str
    kind: str
    """activity, basal, apical, feedback or sensitivity."""
    phase: str

    @property
    def name(self) -> str:
        """The variable that keeps it."""
        return f"mean_{self.kind}_{self.phase}"


@dataclass(frozen=True)
class Plan:
    """What the program of a circuit has to do in each phase."""

    circuit: Circuit
    protocol: Protocol

    @cached_property
    def phases(self) -> tuple[Stepping, ...]:
        """The phases in order, with who is free, held, nudged or balanced in them."""
        return tuple(Stepping(self.circuit, self.protocol, phase) for phase in self.protocol.phases)

    def window(self, phase: str) -> int:
        """Return the time steps of a phase's window; the last one where it has none."""
        return self.protocol.steps(self.protocol.phase(phase).window) or 1

    @property
    def steps(self) -> int:
        """The time steps of a trial."""
        return sum(self.protocol.steps(each.phase.duration) for each in self.phases)

    def first_step(self, phase: str) -> int:
        """Return the number of the first time step of a phase in its trial."""
        names = [each.phase.name for each in self.phases]
        return sum(self.protocol.steps(each.phase.duration) for each in self.phases[: names.index(phase)])

    def in_window(self, phase: str) -> slice:
        """Return the time steps of a trial in the window of a phase."""
        end = self.first_step(phase) + self.protocol.steps(self.protocol.phase(phase).duration)
        return slice(end - self.window(phase), end)

    def unit_rate(self, population: str) -> float:
        """Return ν₁ of a population that spikes."""
        rate: float = self.circuit.population(population).neuron.unit_rate  # type: ignore[attr-defined]
        return rate

    def unit_count(self, population: str, phase: str) -> float:
        """Return how many spikes in the window of a phase count as activity 1."""
        return self.window(phase) * self.protocol.dt * self.unit_rate(population)

    # who does what

    def clamped(self, population: str) -> tuple[str, ...]:
        """Return the phases that clamp a population."""
        return tuple(each.phase.name for each in self.phases if population in each.phase.clamp)

    def given(self, population: str) -> bool:
        """Return whether a population is clamped in every phase: it has no equations."""
        return len(self.clamped(population)) == len(self.phases)

    def held(self, population: str) -> tuple[str, ...]:
        """Return the phases whose basal current of a population a later one holds."""
        return tuple(dict.fromkeys(each.held_from for each in self.phases if population in each.phase.hold))

    def nudged(self, population: str) -> dict[str, tuple[Nudge, str]]:
        """Return, by phase, how it nudges a population, and the phase before from which it does so."""
        pairs = [(each, nudge) for each in self.phases for nudge in each.phase.nudge if nudge.population == population]
        return {each.phase.name: (nudge, each.held_from) for each, nudge in pairs}

    def felt(self, population: str) -> tuple[str, ...]:
        """Return the phases in which feedback reaches the soma of a population."""
        return tuple(each.phase.name for each in self.phases if population in each.feels_apical)

    def balanced_in(self, population: Population) -> str | None:
        """Return the phase in which inhibition balances an apical compartment whose input is felt in another one."""
        apical = population.apical
        return apical.balanced_in if apical is not None and self.felt(population.name) else None

    # synapses

    @cached_property
    def inlets(self) -> dict[Inlet, tuple[Afferent, ...]]:
        """Who arrives by spikes at each inlet of a population that is not clamped throughout."""
        return {each: who for each, who in afferents(self.circuit).items() if each.sign != 0 and not self.given(each.population)}

    @cached_property
    def synaptic(self) -> dict[Inlet, str]:
        """The synaptic variable of each inlet, such as ``x_basal_E``."""
        names: dict[Inlet, str] = {}
        for inlet in self.inlets:
            stem = f"x_{inlet.compartment}_{'E' if inlet.sign > 0 else 'I'}"
            twins = [each for each in names if each.population == inlet.population and names[each].startswith(stem)]
            names[inlet] = f"{stem}_{len(twins) + 1}" if twins else stem
        return names

    def inlet(self, projection: Projection) -> tuple[Inlet, Afferent] | None:
        """Return where a projection that transmits spikes arrives, and how; None for a graded one."""
        pairs = ((inlet, each) for inlet, who in self.inlets.items() for each in who)
        return next((pair for pair in pairs if pair[1].name == projection.name), None)

    def graded(self, population: str, compartment: str) -> tuple[Projection, ...]:
        """Return the projections whose graded currents a compartment sums, the tonic drive too."""
        inlets = {each.name for who in self.inlets.values() for each in who}
        return tuple(each for each in self.circuit.onto(population, compartment) if each.name not in inlets)

    def steady(self, projection: Projection) -> bool:
        """Return whether the current of a projection cannot change in a phase: that of the tonic drive and of what is given."""
        return projection.from_tonic or (self.given(projection.pre) and not self.circuit.population(projection.pre).spiking)

    @cached_property
    def injected(self) -> tuple[Projection, ...]:
        """The projections whose current is given to its neurons, without synapses."""
        return tuple(each for each in self.circuit.projections if self.steady(each) and not self.given(each.post))

    @cached_property
    def projections(self) -> tuple[Projection, ...]:
        """The projections whose synapses the program has: those that drive somebody or change by the moment."""
        driving = [each for each in self.circuit.projections if not self.steady(each) and not self.given(each.post)]
        return tuple(each for each in self.circuit.projections if each in driving or each in self.momentary)

    @cached_property
    def populations(self) -> tuple[Population, ...]:
        """The populations that the program has: not those of rates that are given and that have no synapses."""
        ends = {name for each in self.projections for name in (each.pre, each.post)}
        known = self.circuit.populations
        return tuple(each for each in known if each.spiking or not self.given(each.name) or each.name in ends)

    # plasticity

    @cached_property
    def momentary(self) -> tuple[Projection, ...]:
        """The projections whose rule has products that are integrated."""
        return tuple(each for each in self.circuit.plastic if each.plasticity is not None and any(momentary(each.plasticity)))

    @cached_property
    def traced(self) -> frozenset[str]:
        """The populations whose trace some rule senses."""
        return sensed(self.circuit, "pre.trace") | sensed(self.circuit, "post.trace")

    def now(self, population: str, variable: str) -> tuple[str, ...]:
        """Return the phases in whose window rules sense the feedback (``signal``) or ψ (``psi``) of a population at each moment."""
        if variable == "psi":
            return self._sensing(population, "sensitivity", moment=True)
        return self._sensing(population, "apical", moment=True) if self.felt(population) else ()

    def _sensing(self, population: str, variable: str, moment: bool) -> tuple[str, ...]:
        onto = [each for each in self.circuit.plastic if each.post == population]
        sensing = [each for each in onto if f"post.{variable}" in _senses(each, moment)]
        return tuple(dict.fromkeys(self.protocol.read_by(each) for each in sensing))

    # averages

    @cached_property
    def averages(self) -> tuple[Average, ...]:
        """The means over windows that later phases, rules or the reader of the trial need."""
        return tuple(dict.fromkeys(each for population in self.circuit.populations for each in self._averages(population)))

    def _averages(self, population: Population) -> Iterable[Average]:
        name = population.name
        if isinstance(population.neuron, RateNeuron) and not self.given(name):
            yield from (Average(name, "activity", each.phase.name) for each in self.phases)
        yield from (Average(name, "basal", phase) for phase in self.held(name))
        balanced = self.balanced_in(population)
        if balanced is not None:
            yield Average(name, "apical", balanced)
        if self.felt(name) and self._sensing(name, "apical", moment=False):
            yield Average(name, "feedback", self.protocol.plastic)
        yield from (Average(name, "sensitivity", phase) for phase in self._sensing(name, "sensitivity", moment=False))

    # switches

    def switches(self, phase: Stepping | None) -> dict[tuple[str, str], int]:
        """Return the switches of a phase by population and name; None: before the first phase, when all are off."""
        found: dict[tuple[str, str], int] = {}
        for population in self.circuit.populations:
            for name, phases in self._switched(population).items():
                found[population.name, name] = int(phase is not None and phase.phase.name in phases)
        return found

    def _switched(self, population: Population) -> dict[str, tuple[str, ...]]:
        """Return the switches of a population, each with the phases in which it is on."""
        name, phases = population.name, tuple(each.phase.name for each in self.phases)
        if self.given(name):
            return {}
        held = {f"held_{each}": self._holding(name, each) for each in self.held(name)}
        nudged = {f"drawn_{each}": (each,) for each in self.nudged(name)}
        felt, clamped = self.felt(name), self.clamped(name)
        return {
            **({"clamped": clamped} if clamped else {}),
            **held,
            **nudged,
            **({"felt": felt} if felt and felt != phases else {}),
        }

    def switch_names(self, population: Population) -> tuple[str, ...]:
        """Return the switches of a population, those that count spikes in windows too."""
        counting = self.phases if isinstance(population.neuron, SpikingNeuron) else ()
        return (*self._switched(population), *(f"counting_{each.phase.name}" for each in counting))

    def _holding(self, population: str, source: str) -> tuple[str, ...]:
        return tuple(each.phase.name for each in self.phases if population in each.phase.hold and each.held_from == source)


def _senses(projection: Projection, moment: bool) -> frozenset[str]:
    """Return what the momentary products of a projection's rule sense, or the others."""
    rule = projection.plasticity
    assert rule is not None
    products = zip(rule.factors(*symbols()), momentary(rule), strict=True)
    factors = [factor for product, momentary_ in products if momentary_ == moment for factor in product]
    return frozenset(each.name for factor in factors for each in getattr(factor, "free_symbols", ()))


def from_name(projection: Projection) -> str:
    """Return the variable of the target that holds a projection's graded current, such as ``from_V1_E``."""
    return f"from_{TONIC if projection.from_tonic else projection.pre}"
