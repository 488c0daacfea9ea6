"""Wiring: whether a projection fits the populations at its ends, the signals that they emit and what its rule senses."""

from __future__ import annotations

from collections.abc import Callable

from bio_fa.credit import Lateral, SignedError
from bio_fa.errors import DescriptionError
from bio_fa.neurons import RateNeuron, SpikingNeuron
from bio_fa.plasticity import MOMENTARY, momentary, prove_local
from bio_fa.population import Population
from bio_fa.projection import SHUNT, Projection
from bio_fa.transmission import ConductanceSynapse, Graded, SpikeTransmission

SPIKES_ONLY = {*MOMENTARY, "post.sensitivity"}
"""What a rule can sense of neurons that spike only."""


def check_wiring(projection: Projection, pre: Population | None, post: Population) -> None:
    """Refuse a projection that does not fit the populations at its ends; ``pre`` is None for the tonic drive.

    Raises:
        DescriptionError: for a compartment that the target lacks, signed weights from a population that obeys Dale's law, a
            transmission of what is not emitted or without what it needs, or a rule that senses what is not there.
        PlasticityError: for a rule that multiplies what is known at a moment with what is known once a trial.
    """
    if projection.compartment == "apical" and post.apical is None:
        raise DescriptionError(f"{projection.name}: {post.name!r} has no apical compartment; give it one, or target 'basal'.")
    if projection.compartment == SHUNT and (pre is not None or not isinstance(post.neuron, RateNeuron)):
        raise DescriptionError(f"{projection.name}: a shunt divides the current of rate neurons, from 'tonic'; target 'basal'.")
    if pre is not None and pre.sign is not None and projection.weights.signed:
        raise DescriptionError(
            f"{projection.name}: {projection.weights.kind()} draws weights of both signs, but {pre.name!r} obeys Dale's law; "
            "give magnitudes of at least 0."
        )
    _check_signal(projection, pre)
    if pre is not None and isinstance(projection.transmission, ConductanceSynapse):
        _check_conductance(projection, pre, post)
    if projection.plasticity is not None:
        _check_senses(projection, pre, post)
    if isinstance(projection.error, SignedError | Lateral) and not isinstance(post.neuron, RateNeuron):
        signed = isinstance(projection.error, SignedError)
        lacking = "whose activity has no slope to carry signed errors" if signed else "whose potentials do not compete"
        spiking = f"{post.name!r} has neurons of kind {post.neuron.kind()}, {lacking}"
        raise DescriptionError(f"{projection.name}: {spiking}; give it rate neurons, or the projection an ActivityDifference.")


def check_error(projection: Projection, population: Callable[[str, str], Population]) -> None:
    """Refuse an error that is read from populations of another size than its neurons'.

    ``population`` returns that of a name, and refuses an unknown one in the name of who asks.
    """
    readings = () if projection.error is None else projection.error.readings()
    for activity in readings:
        size = population(projection.post, projection.name).size
        sensed = population(activity.population, f"the error of {projection.name}")
        if sensed.size != size:
            raise DescriptionError(
                f"{projection.name}: its error is read from {sensed.name!r} with {sensed.size} neurons, "
                f"but {projection.post!r} has {size}; name a population of equal size."
            )


def check_tie(projection: Projection, forward: Projection, sign: int | None, forward_sign: int | None) -> None:
    """Refuse to copy a projection that does not lead back, or that has weights of both signs where these have one."""
    if (forward.pre, forward.post) != (projection.post, projection.pre):
        back = f"does not lead from {projection.post!r} to {projection.pre!r}"
        raise DescriptionError(f"{projection.name}: its tie follows {forward.name}, which {back}; follow one that does.")
    if (sign is None) != (forward_sign is None):
        free = f"its tie follows {forward.name}, but only one of them has weights of both signs"
        raise DescriptionError(f"{projection.name}: {free}; give both populations a sign, or neither.")


def _check_signal(projection: Projection, pre: Population | None) -> None:
    """Refuse spikes that are read as rates, and rates that are read as spikes."""
    spiking = pre is not None and pre.spiking
    if spiking != isinstance(projection.transmission, SpikeTransmission):
        emits, known = ("spikes", SpikeTransmission.kinds()) if spiking else ("a rate", [Graded.kind()])
        refused = f"{projection.pre!r} emits {emits}, which {projection.transmission.kind()!r} does not transmit"
        raise DescriptionError(f"{projection.name}: {refused}; give {' or '.join(map(repr, sorted(known)))}.")


def _check_conductance(projection: Projection, pre: Population, post: Population) -> None:
    """Refuse a conductance without a sign, which decides its reversal potential, or without a membrane."""
    given, remedy = projection.transmission.kind(), "give 'current_synapse'"
    if pre.sign is None:
        lacking = f"{pre.name!r} has no sign to say towards which potential {given!r} draws"
        raise DescriptionError(f"{projection.name}: {lacking}; {remedy}, or the population a sign.")
    if not isinstance(post.neuron, SpikingNeuron):
        lacking = f"{post.name!r} has neurons of kind {post.neuron.kind()}, without the membrane that {given!r} acts on"
        raise DescriptionError(f"{projection.name}: {lacking}; {remedy}.")


def _check_senses(projection: Projection, pre: Population | None, post: Population) -> None:
    """Refuse a rule that senses spikes, potentials or feedback which its populations do not have."""
    rule = projection.plasticity
    assert rule is not None
    momentary(rule)
    for variable in sorted(prove_local(rule)):
        side, name = (pre, projection.pre) if variable.startswith("pre.") else (post, projection.post)
        if variable in SPIKES_ONLY and not (side is not None and side.spiking):
            silent = f"senses {variable}, but {name!r} does not spike"
            raise DescriptionError(f"{projection.name}: {rule.kind()} {silent}; give it spiking neurons, or another rule.")
        if variable == "post.deviation" and not isinstance(post.neuron, RateNeuron):
            lacking = f"senses {variable}, but {post.name!r} has neurons of kind {post.neuron.kind()}"
            raise DescriptionError(f"{projection.name}: {rule.kind()} {lacking}; give it rate neurons, or another rule.")
        if variable == "post.apical" and post.apical is None:
            lacking = f"senses {variable}, but {post.name!r} has no apical compartment"
            raise DescriptionError(f"{projection.name}: {rule.kind()} {lacking}; give it one, or another rule.")
