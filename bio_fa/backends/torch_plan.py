"""Plans: what each node of a phase is given, emits and sums, worked out once per simulation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from bio_fa.backends.phases import Afferent, Inlet
from bio_fa.backends.torch_graph import Graph, Node
from bio_fa.backends.torch_products import EMITTED, dense
from bio_fa.backends.torch_scan import Site
from bio_fa.neurons import RateNeuron, SpikingNeuron
from bio_fa.plasticity import Plasticity, momentary, prove_local
from bio_fa.projection import Projection
from bio_fa.transmission import SpikeTransmission

if TYPE_CHECKING:
    from bio_fa.backends.torch_windows import Windows


class Arriving(NamedTuple):
    """What arrives at an inlet."""

    inlet: Inlet
    afferents: tuple[Afferent, ...]
    lag: int
    """The number of steps from a spike to the step that feels it."""


@dataclass(frozen=True)
class Plan:
    """A node, ready to be computed."""

    node: Node
    site: Site
    arriving: tuple[Arriving, ...]
    constant: dict[str, tuple[Afferent, ...]]
    """Whose graded currents stay as they are in this phase, by compartment."""
    changing: dict[str, tuple[Afferent, ...]]
    """Whose graded currents change from step to step."""
    upstream: bool
    """Whether the circuit's output depends on it in this phase."""

    @property
    def name(self) -> str:
        """The name of the population."""
        return self.node.population.name


@dataclass(frozen=True)
class Planner:
    """Plans a phase. ``local``: for local rules, which sense more than activity; ``listed``: whether spikes are kept in lists."""

    run: Windows
    local: bool
    listed: bool

    @cached_property
    def graph(self) -> Graph:
        """Who waits for whom."""
        return Graph(self.run)

    @cached_property
    def plans(self) -> tuple[Plan, ...]:
        """The plan of each node."""
        output = self.run.circuit.output
        upstream = self.graph.upstream(output) if output not in self.run.phase.clamp else frozenset[str]()
        return tuple(self._plan(node, node.soma and node.population.name in upstream) for node in self.graph.nodes)

    def _plan(self, node: Node, upstream: bool) -> Plan:
        graded = {each: self._graded(node, each) for each in ("basal", "apical")}
        changes = {each: self.graph.changing(node, each) for each in graded}
        changing = {each: tuple(one for one in every if one.pre in changes[each]) for each, every in graded.items()}
        constant = {each: tuple(one for one in every if one.pre not in changes[each]) for each, every in graded.items()}
        site = self._site(node, frozenset(each for each in changing if changing[each]))
        return Plan(node, site, tuple(map(self._arriving, node.inlets)), constant, changing, upstream)

    def _graded(self, node: Node, compartment: str) -> tuple[Afferent, ...]:
        """Return whose graded current onto a compartment the node feels or averages."""
        if not self.graph.computes(node, compartment):
            return ()
        inlets = self.run.inlets.get((node.population.name, compartment), ())
        return tuple(each for inlet in inlets if inlet.sign == 0 for each in self.run.afferents[inlet])

    def _arriving(self, inlet: Inlet) -> Arriving:
        assert isinstance(inlet.transmission, SpikeTransmission)
        return Arriving(inlet, self.run.afferents[inlet], 1 + self.run.protocol.steps(inlet.transmission.delay))

    def _site(self, node: Node, moving: frozenset[str]) -> Site:
        basal, apical = (tuple((each.transmission, each.sign) for each in inlets) for inlets in (node.basal, node.apical))
        dt, name, neuron = self.run.protocol.dt, node.population.name, node.population.neuron
        if not node.soma:
            return Site(dt, None, basal, apical, moving=moving, summed=("apical",) if node.averaged else ())  # type: ignore[arg-type]
        assert isinstance(neuron, RateNeuron | SpikingNeuron)
        feels = node.population.apical if name in self.run.feels_apical else None
        rest = self.run.rest(neuron) if isinstance(neuron, SpikingNeuron) else 0
        trace_tau = neuron.trace_tau if name in self.run.traced and isinstance(neuron, SpikingNeuron) else None
        emitted, summed = tuple(self._emitted(node)), tuple(self._summed(node))
        return Site(dt, neuron, basal, apical, feels, name in self.run.pulls, rest, trace_tau, moving, emitted, summed)  # type: ignore[arg-type]

    def _emitted(self, node: Node) -> Iterator[str]:
        """Yield what others need to know of every step of a soma."""
        name, neuron = node.population.name, node.population.neuron
        if any(each.watches and each.population.name == name for each in self.graph.nodes):
            yield "s_v"
        sensed = self.sensed.get(name, frozenset())
        if isinstance(neuron, RateNeuron):
            yield "s_u_next"
        elif not self.listed or "spike" in sensed:
            yield "spike"
        for kind in ("trace", "apical", "sensitivity"):
            if kind in sensed:
                yield EMITTED[kind]

    @cached_property
    def sensed(self) -> dict[str, frozenset[str]]:
        """What momentary rules sense of the steps of a population: spike, trace, apical or sensitivity."""
        found: dict[str, frozenset[str]] = {}
        for projection in self.run.momentary:
            for side, name in (("pre", projection.pre), ("post", projection.post)):
                found[name] = found.get(name, frozenset()) | self.sensed_by(projection, side)
        return {name: kinds for name, kinds in found.items() if kinds}

    def sensed_by(self, projection: Projection, side: str) -> frozenset[str]:
        """Return what of the steps of one side is needed for the products of a projection's momentary rule."""
        rule: Plasticity = projection.plasticity  # type: ignore[assignment]
        if side == "pre" and not dense(rule, self.run.circuit.sign(projection) or 1, self.listed):
            return frozenset()
        variables = [each.partition(".") for each in prove_local(rule)]
        felt = projection.post in self.run.feels_apical
        return frozenset(kind for where, _, kind in variables if where == side and kind in EMITTED and (kind != "apical" or felt))

    def _summed(self, node: Node) -> Iterator[str]:
        """Yield what is averaged over the window: activity, currents that a later phase holds, and what rules sense once."""
        name, phase = node.population.name, self.run.phase.name
        if node.population.spiking:
            yield "spike"
        if name in self.run.held_later:
            yield "basal"
        if self._lasting(name, "post.apical") and phase == self.run.protocol.plastic and name in self.run.feels_apical:
            yield "feedback"
        if any(self.run.protocol.read_by(each) == phase for each in self._lasting(name, "post.sensitivity")):
            yield "sensitivity"

    def _lasting(self, post: str, variable: str) -> list[Projection]:
        """Return the projections onto a population whose rule senses a variable once a trial."""
        onto = [each for each in self.run.circuit.plastic if each.post == post] if self.local else []
        return [each for each in onto if variable in prove_local(each.plasticity) and not all(momentary(each.plasticity))]
