"""Trial: the text of the functions that run the phases of a trial, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bio_fa.backends.brian2_group import Group, listed
from bio_fa.backends.brian2_plan import Plan
from bio_fa.backends.stepping import Stepping
from bio_fa.neurons import SpikingNeuron

RUNNING = '''

def run(steps):
    """Run so many time steps."""
    network.run(steps*clock.dt, namespace={})


def window(phase, steps):
    """Run the window of a phase: spikes are counted, quantities averaged, and products of plasticity integrated."""
    acting(phase, True)
    run(steps)
    acting(phase, False)


def acting(phase, active):
    """Let act what acts in the window of a phase only, or stop it."""
    for name in COUNTED:
        setattr(neurons[name], "counting_" + phase, int(active))
    for each in windowed[phase]:
        each.active = active'''


def phase_functions(plan: Plan, groups: Sequence[Group]) -> Iterator[str]:
    """Yield the lines of the functions that run the phases, and of those that they call."""
    counted = [each.population.name for each in groups if isinstance(each.population.neuron, SpikingNeuron)]
    yield RUNNING.replace("COUNTED", listed(counted))
    for number, phase in enumerate(plan.phases):
        yield from _function(plan, phase, plan.phases[number - 1] if number else None)
    yield f"\n\nPHASES = [{', '.join(f'run_{phase.phase.name}' for phase in plan.phases)}]\n"


def _function(plan: Plan, phase: Stepping, before: Stepping | None) -> Iterator[str]:
    name = phase.phase.name
    yield f'\n\ndef run_{name}():\n    """{_meaning(plan, phase)}"""'
    old = plan.switches(before)
    for (population, switch), value in plan.switches(phase).items():
        if value != old[population, switch]:
            yield f'    neurons["{population}"].{switch} = {value}'
    steps, window = plan.protocol.steps(phase.phase.duration), plan.window(name)
    if steps > window:
        yield f"    run({steps - window})"
    yield f'    window("{name}", {window})'


def _meaning(plan: Plan, phase: Stepping) -> str:
    """Return what happens in a phase, in words."""
    given = phase.phase
    parts = [f"clamped: {', '.join(given.clamp)}"]
    if given.nudge:
        parts.append(f"nudged: {', '.join(each.population for each in given.nudge)}")
    if given.hold:
        parts.append(f"basal currents held: {', '.join(given.hold)}")
    if phase.balances:
        parts.append(f"apical currents balanced: {', '.join(sorted(phase.balances))}")
    first, *rest = parts
    lines = [f"Run phase {given.name!r}, {given.duration} s; {first}."] + [f"{each[0].upper()}{each[1:]}." for each in rest]
    return lines[0] if not rest else "\n\n    ".join([lines[0], "\n    ".join(lines[1:])]) + "\n    "
