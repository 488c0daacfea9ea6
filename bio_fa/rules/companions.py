"""Companions: further populations in the areas of a network, for rules that need more than apical compartments."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from bio_fa.circuit import Circuit
from bio_fa.errors import DescriptionError
from bio_fa.population import Apical, Area, Population
from bio_fa.projection import Projection
from bio_fa.rules.network import LayeredNetwork, Network


def unsigned(rule: str, network: LayeredNetwork) -> Network:
    """Return the network, whose populations a rule needs to be unsigned.

    Raises:
        DescriptionError: for a network of another kind.
    """
    if not isinstance(network, Network):
        needed = f"{rule}: a {network.kind()} came, but its companion neurons are wired into unsigned populations"
        raise DescriptionError(f"{needed}; give a network.")
    return network


def with_companions(
    network: Network,
    name: str,
    projections: Iterable[Projection],
    apical: Apical | None,
    companions: Callable[[str, Population], tuple[Population, ...]],
) -> Circuit:
    """Return the circuit of these projections, with the feedback populations that ``companions`` returns in each area.

    ``companions`` is given the name and the population of each area above the input. Feedback populations are not held.
    """
    bare = network.circuit(name, (each for pair in network.pairs for each in network.forward(*pair)), apical)
    areas = tuple(_joined(area, companions) if area.forward[0].name != bare.input else area for area in bare.areas)
    return Circuit(name, areas, tuple(projections), bare.input, bare.output)


def _joined(area: Area, companions: Callable[[str, Population], tuple[Population, ...]]) -> Area:
    population = area.forward[0]
    return replace(area, feedback=companions(population.name, population))
