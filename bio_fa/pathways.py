"""Pathways: which projections carry an area's activity forward, and which carry the next area's back to it."""

from __future__ import annotations

from typing import Any

from bio_fa.circuit import Circuit
from bio_fa.plasticity import prove_local
from bio_fa.population import INHIBITORY
from bio_fa.projection import Projection


def feedback_pairs(circuit: Circuit) -> list[dict[str, Any]]:
    """Return, for each population with apical feedback, its path forward and its paths back.

    Each entry holds ``area``; ``forward``, the plastic projection W to the population above; ``inhibition``, pairs
    [W_EI, W_IE] of the disynaptic path beside it; and ``feedback``, the projections back, last first, with their sign:
    [P, Q, sign], or [P, sign] where the population above drives the apical compartment directly.
    """
    pairs = []
    for area in circuit.areas:
        for population in area.forward:
            for forward in circuit.projections:
                back = _back(circuit, forward) if forward.pre == population.name and forward.plasticity else []
                if back:
                    pairs.append(
                        {
                            "area": area.name,
                            "forward": forward.name,
                            "inhibition": _inhibition(circuit, forward),
                            "feedback": back,
                        }
                    )
    return pairs


def _back(circuit: Circuit, forward: Projection) -> list[list[Any]]:
    paths: list[list[Any]] = []
    for last in circuit.onto(forward.pre, "apical"):
        sign = circuit.sign(last) or 1
        if last.pre == forward.post:
            paths.append([last.name, sign])
        elif not last.from_tonic:
            paths += [[last.name, first.name, sign] for first in circuit.onto(last.pre, "basal") if first.pre == forward.post]
    return paths


def _inhibition(circuit: Circuit, forward: Projection) -> list[list[str]]:
    paths = []
    for last in circuit.onto(forward.post, "basal"):
        if circuit.sign(last) == INHIBITORY:
            paths += [[last.name, first.name] for first in circuit.onto(last.pre, "basal") if first.pre == forward.pre]
    return paths


def senses(projection: Projection, variable: str) -> bool:
    """Return whether the rule of a projection senses a variable, such as ``pre.trace``."""
    return projection.plasticity is not None and variable in prove_local(projection.plasticity)


def sensed(circuit: Circuit, variable: str) -> frozenset[str]:
    """Return the populations whose ``variable``, such as ``pre.trace``, some rule senses."""
    sensing = [each for each in circuit.plastic if senses(each, variable)]
    return frozenset(each.pre if variable.startswith("pre.") else each.post for each in sensing)
