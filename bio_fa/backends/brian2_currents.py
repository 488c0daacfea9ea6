"""Currents: what reaches a population, as equations of its NeuronGroup: synapses, held and balanced currents, nudges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bio_fa.backends.brian2_group import Group, added, bracketed
from bio_fa.backends.brian2_plan import Plan, from_name
from bio_fa.backends.phases import Inlet
from bio_fa.neurons import SpikingNeuron
from bio_fa.ops import Quantity


def write_currents(group: Group, plan: Plan) -> None:
    """Write ``basal``, ``current`` and, where it is ever felt, ``feedback``."""
    name = group.population.name
    felt = _summed(group, "basal", plan)
    sources = plan.held(name)
    if sources:
        means = [f"held_{phase}*mean_basal_{phase}" for phase in sources]
        held = " - ".join(f"held_{phase}" for phase in sources)
        felt = added([f"(1 - {held})*{bracketed(felt)}", *means])
    group.value("basal", felt, "current onto the basal compartment")
    group.value("current", added(["basal", *_pulls(group, plan)]), "what drives the soma")
    if plan.felt(name):
        _feedback(group, plan)


def _summed(group: Group, compartment: str, plan: Plan) -> str:
    """Write the variables of what arrives at a compartment; return the sum of its currents, graded ones first."""
    terms = []
    for projection in plan.graded(group.population.name, compartment):
        group.variable(from_name(projection), "excitability" if projection.from_tonic else f"current from {projection.pre}")
        terms.append(from_name(projection))
    for inlet, x in plan.synaptic.items():
        if (inlet.population, inlet.compartment) == (group.population.name, compartment):
            terms.append(_synaptic(group, inlet, x))
    return added(terms)


def _synaptic(group: Group, inlet: Inlet, x: str) -> str:
    """Write how a synaptic variable decays; return its current."""
    suffix, variables = x.removeprefix("x"), (x, "v") if "v" in group.population.neuron.variables else (x,)
    decay = group.write(inlet.transmission, lambda part, given: {x: part.decay(given[x])}, x, suffix=suffix)
    group.rate_of_change(x, decay[x], f"moved by {'excitatory' if inlet.sign > 0 else 'inhibitory'} spikes")
    current = group.write(
        inlet.transmission,
        lambda part, given: {x: part.current(given[x], given.get("v"), inlet.sign)},
        *variables,
        suffix=suffix,
    )
    if current[x].removeprefix("-").isidentifier():
        return current[x]
    group.value(f"current{suffix}", current[x], "their current")
    return f"current{suffix}"


def _pulls(group: Group, plan: Plan) -> list[str]:
    """Return the currents that draw spiking neurons to their target; the rate of rate neurons is drawn itself."""
    population = group.population
    nudges = plan.nudged(population.name) if isinstance(population.neuron, SpikingNeuron) else {}
    terms = []
    for phase, (nudge, before) in nudges.items():
        activity = f"activity_{before}"
        if activity not in group.equations:
            unit = plan.unit_count(population.name, before)
            group.value(activity, f"spikes_{before}/{unit!r}", f"activity in {before}")
        pull = group.write(nudge, _pulling, activity, "target", suffix=f"_{phase}")
        terms.append(f"drawn_{phase}*({pull['current']})")
    if nudges:
        group.variable("target", "the activity that a nudge draws to")
    return terms


def _pulling(nudge: Any, given: Mapping[str, Quantity]) -> Mapping[str, Quantity]:
    """Return the current of a nudge, given the activity before and the target, in this order."""
    return {"current": nudge.pull(*given.values())}


def _feedback(group: Group, plan: Plan) -> None:
    """Write what the apical compartment adds to the soma's current."""
    population = group.population
    balanced = plan.balanced_in(population)
    assert population.apical is not None
    group.value("apical", _summed(group, "apical", plan), "current onto the apical compartment")
    balance = "apical" if balanced is None else f"apical - mean_apical_{balanced}"
    group.value("apical_change", balance, "what inhibition has not learned to cancel")
    extra = group.write(
        population.apical, lambda part, given: {"f": part.feedback(given["apical_change"])}, "apical_change", suffix="_apical"
    )
    switched = "felt" in plan.switch_names(population)
    group.value("feedback", f"felt*{bracketed(extra['f'])}" if switched else extra["f"], "what the soma feels of it")
