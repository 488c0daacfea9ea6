"""Circuit: the named whole of areas and projections, which refuses to exist if it is inconsistent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from bio_fa.connectivity import Mask as Exists
from bio_fa.constraints import Constraint, Dale, Mask
from bio_fa.description import Description
from bio_fa.errors import DescriptionError, nearest
from bio_fa.neurons import Neuron, SpikeSource, SpikingNeuron
from bio_fa.plasticity import Plasticity
from bio_fa.population import TONIC, Area, Population, require_name
from bio_fa.projection import Projection
from bio_fa.randomness import stream
from bio_fa.synapses import Parameters, Synapses
from bio_fa.transmission import CurrentSynapse, Graded, SpikeTransmission
from bio_fa.weights import Constant, StartingAs
from bio_fa.wiring import check_error, check_tie, check_wiring


@dataclass(frozen=True)
class Circuit(Description):
    """Areas of populations and the projections between them: inert data, simulated by a backend.

    Raises:
        DescriptionError: for names used twice or unknown, a projection onto a compartment that its target lacks, signed
            weights from a population that obeys Dale's law, a transmission of spikes from rates or of rates from spikes, a rule
            that senses what its populations lack, a population without input, or an area without output.
    """

    name: str
    areas: tuple[Area, ...]
    projections: tuple[Projection, ...]
    input: str
    """The population that the stimulus clamps."""
    output: str
    """The population whose activity is the circuit's answer."""

    def validate(self) -> None:
        """Refuse an inconsistent circuit."""
        require_name(self)
        self._refuse_duplicates()
        for role in ("input", "output"):
            self.population(getattr(self, role), f"the {role}")
        for projection in self.projections:
            self._check_ends(projection)
            check_error(projection, self.population)
            if projection.tie is not None:
                forward = self.projection(projection.tie.to)
                check_tie(projection, forward, self.sign(projection), self.sign(forward))
        self._check_inputs()
        self._check_outputs()

    def _refuse_duplicates(self) -> None:
        named: dict[str, Iterable[str]] = {
            "population": (population.name for population in self.populations),
            "area": (area.name for area in self.areas),
            "projection": (projection.name for projection in self.projections),
        }
        for what, names in named.items():
            twice = [name for name, count in Counter(names).items() if count > 1]
            if twice:
                raise DescriptionError(f"{self.title()}: {what} {twice[0]!r} exists twice; keep one, or rename the other.")

    def _check_ends(self, projection: Projection) -> None:
        asked_by = f"projection {projection.name}"
        post = self.population(projection.post, asked_by)
        check_wiring(projection, None if projection.from_tonic else self.population(projection.pre, asked_by), post)

    def _check_inputs(self) -> None:
        driven = {projection.post for projection in self.projections if not projection.from_tonic} | {self.input}
        for population in self.populations:
            if population.name not in driven:
                raise DescriptionError(f"{self.title()}: nothing projects to {population.name!r}; add a projection or remove it.")
            self._check_given(population)
        if self.output not in self._reached_from_input():
            raise DescriptionError(f"{self.title()}: no path leads from input {self.input!r} to output {self.output!r}; add one.")

    def _check_given(self, population: Population) -> None:
        """Refuse an input whose activity cannot be given, and a source of spikes to which no activity is given."""
        neuron, given = population.neuron, population.name == self.input
        who = f"{self.title()}: {population.name!r} has neurons of kind {neuron.kind()}"
        if given and isinstance(neuron, SpikingNeuron):
            raise DescriptionError(f"{who}, but the activity of the input is given; give it a source of spikes or rate neurons.")
        if not given and isinstance(neuron, SpikeSource):
            raise DescriptionError(f"{who}, but only the input {self.input!r} can be a source of spikes; give it other neurons.")

    def _reached_from_input(self) -> set[str]:
        reached, frontier = {self.input}, {self.input}
        while frontier:
            frontier = {each.post for each in self.projections if each.pre in frontier} - reached
            reached |= frontier
        return reached

    def _check_outputs(self) -> None:
        for area in self.areas:
            inside = {population.name for population in area.populations}
            leaves = any(each.pre in inside and each.post not in inside for each in self.projections)
            if not leaves and self.output not in inside:
                raise DescriptionError(f"{self.title()}: area {area.name!r} has no output; project from it, or remove it.")

    @cached_property
    def populations(self) -> tuple[Population, ...]:
        """All populations, area by area."""
        return tuple(population for area in self.areas for population in area.populations)

    @cached_property
    def _by_name(self) -> dict[str, Population]:
        return {population.name: population for population in self.populations}

    def population(self, name: str, asked_by: str = "") -> Population:
        """Return the population of this name; ``asked_by`` is who the error names."""
        if name not in self._by_name:
            raise DescriptionError(f"{asked_by or self.title()}: no population is called {name!r}; {nearest(name, self._by_name)}")
        return self._by_name[name]

    def projection(self, name: str) -> Projection:
        """Return the projection of this name, ``pre_to_post``."""
        named = {projection.name: projection for projection in self.projections}
        if name not in named:
            raise DescriptionError(f"{self.title()}: no projection is called {name!r}; {nearest(name, named)}")
        return named[name]

    def onto(self, population: str, compartment: str) -> tuple[Projection, ...]:
        """Return the projections onto one compartment of a population."""
        return tuple(each for each in self.projections if each.post == population and each.compartment == compartment)

    @property
    def plastic(self) -> tuple[Projection, ...]:
        """The projections that learn."""
        return tuple(projection for projection in self.projections if projection.plasticity is not None)

    @property
    def tied(self) -> tuple[Projection, ...]:
        """The projections whose weights follow those of others."""
        return tuple(projection for projection in self.projections if projection.tie is not None)

    @property
    def spiking(self) -> bool:
        """Whether any population signals by spikes."""
        return any(population.spiking for population in self.populations)

    def time_constants(self) -> list[tuple[str, str, float]]:
        """Return (owner, setting, seconds) of every time constant: no time step may be longer."""
        own = [(each.name, name, tau) for each in self.populations for name, tau in each.neuron.time_constants().items()]
        return own + [(name, "tau", synapse.tau) for name, synapse in self._spike_transmissions]

    def latencies(self) -> list[tuple[str, str, float]]:
        """Return (owner, setting, seconds) of every delay and refractory time: whole numbers of time steps."""
        spiking = [(each.name, each.neuron) for each in self.populations]
        rests = [(name, "refractory", neuron.refractory) for name, neuron in spiking if isinstance(neuron, SpikingNeuron)]
        return rests + [(name, "delay", synapse.delay) for name, synapse in self._spike_transmissions]

    @property
    def _spike_transmissions(self) -> list[tuple[str, SpikeTransmission]]:
        return [(each.name, each.transmission) for each in self.projections if isinstance(each.transmission, SpikeTransmission)]

    @property
    def dalean(self) -> bool:
        """Whether every population has a sign, so that the circuit obeys Dale's law."""
        return all(population.sign is not None for population in self.populations)

    def sign(self, projection: Projection) -> int | None:
        """Return +1 or −1 for a projection whose neurons obey Dale's law, None where weights may have either sign."""
        return None if projection.from_tonic else self.population(projection.pre).sign

    def shape(self, projection: Projection) -> tuple[int, int]:
        """Return (post, pre), the shape of the projection's weights; the tonic drive is one neuron."""
        pre = 1 if projection.from_tonic else self.population(projection.pre).size
        return self.population(projection.post).size, pre

    def constraints(self, projection: Projection) -> tuple[Constraint, ...]:
        """Return what must hold of the projection's weights after every step: structure first, then its own."""
        dale = () if self.sign(projection) is None else (Dale(),)
        mask = () if projection.connectivity.kind() == "all_to_all" else (Mask(),)
        return (*dale, *mask, *projection.constraints)

    def sample(self, seed: int, known: Parameters | None = None) -> Parameters:
        """Return the synapses of every projection, ``known`` or drawn from a stream of its own name; tied ones then follow."""
        drawn = {projection.name: self._draw(projection, seed) for projection in self.projections} | (known or {})
        return drawn | {each.name: self._copied(each, drawn) for each in self.projections if each.tie is not None}

    def _copied(self, projection: Projection, drawn: Parameters) -> Synapses:
        assert projection.tie is not None
        forward, own = drawn[projection.tie.to], drawn[projection.name]
        return Synapses(projection.tie.weights(forward.w, own.w * forward.mask.T), forward.mask.T.copy())

    def _draw(self, projection: Projection, seed: int) -> Synapses:
        post, pre = self.shape(projection)
        mask = projection.connectivity.draw(post, pre, stream(seed, "connectivity", projection.name))
        w = self._initial(projection, mask, seed) * mask
        for constraint in self.constraints(projection):
            w = constraint.apply(w, mask)
        return Synapses(w, mask)

    def _initial(self, projection: Projection, mask: Exists, seed: int) -> np.ndarray:
        weights = projection.weights
        if isinstance(weights, StartingAs):
            return weights.copied(self._draw(self.projection(weights.other), seed).w, mask)
        return weights.draw(mask, stream(seed, "weights", projection.name))

    def with_neurons(
        self,
        neuron: SpikingNeuron,
        transmission: SpikeTransmission = CurrentSynapse(),
        source: Neuron | None = None,
        others: Mapping[str, Neuron] | None = None,
    ) -> Circuit:
        """Return the same circuit, with the same synapses for each seed, of spiking neurons.

        The input becomes ``source``: a ``SpikeSource``, or rate neurons whose activity is injected as a current (None: those
        that it has). Every other population gets ``neuron``, or what ``others`` says by its name, and whatever emits spikes
        the ``transmission``.

        Choice: weights stay as they are, because current and activity of spiking neurons are normalised as those of rates.

        Raises:
            DescriptionError: for an unknown name in ``others``, a ``source`` whose activity cannot be given, or a conductance
                from a population without a sign or onto rate neurons.
        """
        given = {self.input: source or self.population(self.input).neuron, **(others or {})}
        for name in given:
            self.population(name, "with_neurons")
        areas = tuple(each.map(lambda one: replace(one, neuron=given.get(one.name, neuron))) for each in self.areas)
        spiking = {each.name for area in areas for each in area.populations if each.spiking}
        transmissions = {name: transmission for name in spiking}
        projections = (replace(each, transmission=transmissions.get(each.pre, Graded())) for each in self.projections)
        return replace(self, areas=areas, projections=tuple(projections))

    def with_plasticity(self, rules: Mapping[str, Plasticity], reads: str | None = None) -> Circuit:
        """Return the same circuit in which the projections named in ``rules`` follow other rules, reading ``reads`` if given.

        Raises:
            DescriptionError: for a projection that does not exist, or a rule that senses what its populations lack.
        """
        found = [(self.projection(name), rule) for name, rule in rules.items()]
        changed = {each.name: replace(each, plasticity=rule, reads=reads or each.reads) for each, rule in found}
        return replace(self, projections=tuple(changed.get(each.name, each) for each in self.projections))

    def summary(self) -> str:
        """Return a few lines on who exists and how much of it learns."""
        neurons = sum(population.size for population in self.populations)
        areas = (f"  {area.name}: " + ", ".join(f"{p.name} ({p.size})" for p in area.populations) for area in self.areas)
        law = "obeys Dale's law" if self.dalean else "does not obey Dale's law"
        learn = f"{len(self.plastic)} of {len(self.projections)} projections learn"
        return "\n".join([f"{self.name}: {neurons} neurons, {learn}, {law}", *areas])


def tonic_drive(post: str, **learning: object) -> Projection:
    """Return the projection that is the intrinsic excitability of ``post``, 0 at first; its rule is not centred."""
    rule = learning.get("plasticity")
    if isinstance(rule, Plasticity):
        learning["plasticity"] = rule.uncentred()
    return Projection(TONIC, post, weights=Constant(0.0), **learning)  # type: ignore[arg-type]
