"""Export: a circuit's program with what makes it run by itself, reading ``data.npz`` and writing ``results.npz``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bio_fa.backends.brian2_group import listed
from bio_fa.backends.brian2_library import WORDS
from bio_fa.backends.brian2_program import Program, title

HEAD = '''"""{name}: {neurons} neurons in {populations} populations, as a plain Brian2 program.

    python program.py

It needs brian2 and numpy only. It runs {trials} in the phases {phases}. Weights stay as they are{integrated}.

data.npz holds, by projection, who contacts whom (.pre and .post, by number) and the weights (.w), and by population the
random starts, given activities and targets of each trial (trial, neuron), and the spikes of sources (trial, step, neuron).

results.npz will hold
    spikes.<population>               [step, trial, neuron] of each spike, the step counted from the start of the trial
    rates.<population>                (trial, step, neuron) of rate neurons that are not clamped, after each step
    activity.<phase>.<population>     (trial, neuron), the mean over the window at the end of a phase, but for sources{dw}

Variables are without unit: times are in seconds, and an activity of 1 is a rate of unit_rate in hertz.
"""

from pathlib import Path

import numpy as np
from brian2 import {words}

prefs.codegen.target = "numpy"  # "cython" computes faster where there is a C++ compiler

HERE = Path(__file__).resolve().parent
with np.load(HERE / "data.npz") as file:
    data = dict(file)

'''

TAIL = '''


def keep(found, trial):
    """Add what a trial has left."""
    for name, monitor in monitors.items():
        if isinstance(monitor, SpikeMonitor):
            step = np.round(monitor.t/clock.dt).astype(int)
            event = np.stack([step, np.full_like(step, trial), monitor.i[:]], axis=1)
            found.setdefault("spikes." + name, []).append(event)
        else:
            found.setdefault("rates." + name, []).append(np.array(monitor.rate.T)[np.newaxis])
    for phase, name, variable, unit in ACTIVITIES:
        activity = getattr(neurons[name], variable)[:]/unit
        found.setdefault("activity." + phase + "." + name, []).append(activity[np.newaxis])
    for name in LEARNING:
        found.setdefault("dw." + name, []).append(np.array(synapses[name].dw[:])[np.newaxis])


if __name__ == "__main__":
    weigh()
    network.store()
    found = {}
    for trial in range(TRIALS):
        network.restore()
        load(trial)
        for phase in PHASES:
            phase()
        keep(found, trial)
    np.savez_compressed(HERE / "results.npz", **{name: np.concatenate(values) for name, values in found.items()})
'''


def exported(program: Program, trials: int) -> str:
    """Return the text of a program that runs so many trials by itself."""
    head = HEAD.format(**_words(program, trials))
    return "".join([head, program.text, "\n".join(_tables(program, trials)), TAIL])


def _words(program: Program, trials: int) -> dict[str, object]:
    circuit = program.plan.circuit
    integrated = ";\ndw adds up what plasticity would change them by" if program.plan.momentary else ""
    dw = "\n    dw.<projection>                   (trial, synapse), what plasticity has added up in its window"
    return {
        "name": circuit.name,
        "neurons": sum(each.size for each in circuit.populations),
        "populations": len(circuit.populations),
        "phases": ", ".join(each.phase.name for each in program.plan.phases),
        "trials": f"{trials} trials, one after the other," if trials > 1 else "a trial",
        "integrated": integrated,
        "dw": dw if program.plan.momentary else "",
        "words": ", ".join(word for word in (*WORDS, "prefs") if re.search(rf"\b{word}\b", program.text + TAIL + HEAD)),
    }


def _tables(program: Program, trials: int) -> Iterator[str]:
    """Yield what the results are read from."""
    plan = program.plan
    yield f"\n{title('Results')}\n\nTRIALS = {trials}"
    yield "# Phase, population, variable, and the value of that variable that is activity 1."
    yield "ACTIVITIES = ("
    for phase in (each.phase.name for each in plan.phases):
        yield from (f'    ("{phase}", "{name}", "spikes_{phase}", {plan.unit_count(name, phase)!r}),' for name in program.counting)
        yield from (f'    ("{phase}", "{name}", "mean_activity_{phase}", 1),' for name in program.rates)
    yield f")\nLEARNING = {listed(each.name for each in plan.momentary)}"
