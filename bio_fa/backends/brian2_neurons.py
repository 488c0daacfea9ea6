"""Neurons: the text of a population's NeuronGroup, from the equations of its neuron and of what reaches it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bio_fa.backends.brian2_currents import write_currents
from bio_fa.backends.brian2_group import Group, added
from bio_fa.backends.brian2_plan import Plan
from bio_fa.backends.brian2_symbols import TranslationError
from bio_fa.backends.stepping import traced
from bio_fa.neurons import RateNeuron, SpikeSource, SpikingNeuron
from bio_fa.ops import Quantity
from bio_fa.population import Population

Given = Mapping[str, Quantity]


def describe(plan: Plan, population: Population) -> Group:
    """Return the group of a population.

    Raises:
        TranslationError: for an equation or a name that Brian2 cannot have.
    """
    group, neuron = Group(population), population.neuron
    if isinstance(neuron, SpikeSource):
        group.threshold = "spikes(t, i) > 0"
    elif plan.given(population.name):
        group.variable("rate", "given")
        return group
    elif isinstance(neuron, SpikingNeuron):
        _spiking(group, neuron, plan)
    elif isinstance(neuron, RateNeuron):
        _rate(group, neuron, plan)
    else:
        raise TranslationError("is neither a rate neuron, a spiking neuron nor a source of spikes")
    if isinstance(neuron, SpikeSource | SpikingNeuron):
        _spikes(group, neuron, plan)
    _bookkeeping(group, plan)
    return group


def _spiking(group: Group, neuron: SpikingNeuron, plan: Plan) -> None:
    """Write a spiking neuron: how it moves, when it fires, what a spike sets."""
    variables, held = neuron.variables, neuron.held if neuron.refractory > 0 else ()
    feedback = ("feedback",) if plan.felt(group.population.name) else ()

    def moving(part: Any, given: Given) -> Given:
        state = {name: given[name] for name in variables}
        moved: Given = part.derivatives(state, given["current"], given["feedback"] if feedback else 0.0)
        return moved

    moves = group.write(neuron, moving, *variables, "current", *feedback)
    for name in variables:
        meaning = "potential" if name == "v" else ""
        group.rate_of_change(name, moves[name], meaning, " (unless refractory)" if name in held else "")
    group.threshold = group.write(neuron, lambda part, state: {"x": part.excess(state)}, *variables)["x"] + " > 0"
    group.reset = _assignments(group.write(neuron, lambda part, state: part.reset(state), *variables))
    write_currents(group, plan)


def _assignments(values: Mapping[str, str]) -> list[str]:
    """Return the statements that set variables to values that may depend on each other's old ones."""
    earlier: set[str] = set()
    for name, text in values.items():
        if earlier & set(compile(text, "reset", "eval").co_names):
            return [f"new_{each} = {text}" for each, text in values.items()] + [f"{each} = new_{each}" for each in values]
        earlier.add(name)
    return [f"{name} = {text}" for name, text in values.items()]


def _rate(group: Group, neuron: RateNeuron, plan: Plan) -> None:
    """Write a rate neuron: how its potential moves, and its rate, which some phases give or draw to a target."""
    name = group.population.name
    currents = ("current", "feedback") if plan.felt(name) else ("current",)

    def moving(part: Any, given: Given) -> Given:
        return {"u": part.drift(given["u"], sum(given[each] for each in currents))}

    moves = group.write(neuron, moving, "u", *currents)
    activity = group.write(neuron, lambda part, given: {"rate": part.activity(given["u"])}, "u", sums=True)["rate"]
    clamped = bool(plan.clamped(name))
    group.rate_of_change("u", f"(1 - clamped)*({moves['u']})" if clamped else moves["u"], "potential")
    for total, term in group.totals.items():
        group.value(f"term_of_{total}", term, f"what {total} sums over the population")
        group.variable(total, "", " (linked)")
    rate = _nudged(group, activity, plan)
    group.value("rate", f"(1 - clamped)*({rate}) + clamped*given" if clamped else rate, "what the neuron signals")
    if clamped:
        group.variable("given", "the rate while it is clamped")
    write_currents(group, plan)


def _nudged(group: Group, activity: str, plan: Plan) -> str:
    """Return the rate, which some phases draw to a target."""
    nudges = plan.nudged(group.population.name)
    if not nudges:
        return activity
    group.value("undisturbed", activity, "the rate without nudge")
    group.variable("target", "what a nudge draws the rate to")
    terms = []
    for phase, (nudge, _) in nudges.items():
        drawn = group.write(
            nudge, lambda part, x: {"r": part.apply(x["undisturbed"], x["target"])}, "undisturbed", "target", suffix=f"_{phase}"
        )
        terms.append(f"drawn_{phase}*({drawn['r']})")
    switches = " - ".join(f"drawn_{phase}" for phase in nudges)
    return added([f"(1 - {switches})*undisturbed", *terms])


def _spikes(group: Group, neuron: SpikeSource | SpikingNeuron, plan: Plan) -> None:
    """Write the trace that rules sense, and the count of spikes, which sources need not, in the window of each phase."""
    if group.population.name in plan.traced:

        def moving(part: Any, given: Given) -> Given:
            after = {spikes: traced(given["trace"], spikes, part.trace_tau, given["step"]) for spikes in (0, 1)}
            return {"trace": (after[0] - given["trace"]) / given["step"], "jump": after[1] - after[0]}

        moves = group.write(neuron, moving, "trace", "step")
        group.rate_of_change("trace", moves["trace"], "low-pass of its spikes, for plasticity")
        group.reset.append(f"trace += {moves['jump']}")
    for phase in plan.phases if isinstance(neuron, SpikingNeuron) else ():
        group.variable(f"spikes_{phase.phase.name}", f"how many in the window of {phase.phase.name}")
        group.reset.append(f"spikes_{phase.phase.name} += counting_{phase.phase.name}")


def _bookkeeping(group: Group, plan: Plan) -> None:
    """Add the switches of phases, what rules sense now, and the means over windows."""
    population = group.population
    for name in plan.switch_names(population):
        group.variable(name, _meaning(name), " (shared)")
    averages = [each for each in plan.averages if each.population == population.name]
    if plan.now(population.name, "psi") or any(each.kind == "sensitivity" for each in averages):
        _sensitivity(group)
    for variable, meaning in (("signal", "feedback now, for plasticity"), ("psi", "sensitivity now, for plasticity")):
        if plan.now(population.name, variable):
            group.variable(variable, meaning)
    for average in averages:
        group.variable(average.name, f"{average.kind}, averaged over the window of {average.phase}")


def _meaning(switch: str) -> str:
    """Return what a switch of phases does."""
    kind, _, phase = switch.partition("_")
    when = {
        "held": f"1 while the basal current is that of {phase}",
        "drawn": f"1 in {phase}, which draws to the target",
        "felt": "1 while feedback is felt",
        "clamped": "1 while the rate is given",
        "counting": f"1 in the window of {phase}",
    }
    return when[kind]


def _sensitivity(group: Group) -> None:
    """Write ψ, which is read before a spike resets the potential."""
    neuron = group.population.neuron
    assert isinstance(neuron, SpikingNeuron)
    psi = group.write(neuron, lambda part, state: {"psi": part.sensitivity(state)}, *neuron.variables)["psi"]
    group.value("sensitivity", psi, "how close the potential is to the threshold")
