"""Protocol: a trial is a sequence of phases, each with its clamps, nudges and held currents."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from bio_fa.circuit import Circuit
from bio_fa.credit import Broadcast, Reward, SignedError
from bio_fa.description import Description
from bio_fa.errors import DescriptionError, nearest
from bio_fa.neurons import DivisiveNormalisation, SpikingNeuron
from bio_fa.noise import NeuronNoise
from bio_fa.phase import Nudge, Phase
from bio_fa.plasticity import prove_local, senses_error, senses_now
from bio_fa.population import Population
from bio_fa.projection import Projection


@dataclass(frozen=True)
class Protocol(Description):
    """One trial: its phases in order, and the time step of those that have a duration."""

    phases: tuple[Phase, ...]
    dt: float = 1e-3
    """Seconds per step of integration (forward Euler)."""

    def validate(self) -> None:
        """Refuse an empty trial, phases of one name, and a time step that does not divide the durations."""
        self.require(len(self.phases) > 0, "phases", "at least one phase")
        self.require(self.dt > 0, "dt", "a time step above 0 s")
        names = Counter(phase.name for phase in self.phases)
        self.require(max(names.values()) == 1, "phases", "a different name for each phase")
        for phase in self.phases:
            for seconds in (phase.duration, phase.window):
                divides = seconds is None or (self._whole(seconds) and self.steps(seconds) >= 1)
                self.require(divides, "dt", f"a time step that divides the {seconds} s of {phase.name!r}")

    def _whole(self, seconds: float) -> bool:
        """Return whether a time is a whole number of steps."""
        steps = seconds / self.dt
        return math.isfinite(steps) and abs(steps - round(steps)) < 1e-6

    def phase(self, name: str, asked_by: str = "Protocol") -> Phase:
        """Return the phase of this name."""
        named = {phase.name: phase for phase in self.phases}
        if name not in named:
            raise DescriptionError(f"{asked_by}: no phase is called {name!r}; {nearest(name, named)}")
        return named[name]

    def steps(self, seconds: float | None) -> int:
        """Return the number of time steps of a duration, a window or a delay; 0 for None."""
        return round((seconds or 0) / self.dt)

    def held_from(self, phase: Phase) -> str:
        """Return the name of the phase whose basal currents ``phase`` holds."""
        return phase.hold_from or self.phases[self.phases.index(phase) - 1].name

    @property
    def plastic(self) -> str:
        """The name of the last plastic phase, in which rules sense feedback; the last phase where none is plastic."""
        return ([phase.name for phase in self.phases if phase.plastic] or [self.phases[-1].name])[-1]

    def read_by(self, projection: Projection) -> str:
        """Return the name of the phase whose activities the projection's rule reads."""
        return projection.reads or self.plastic

    def check(self, circuit: Circuit) -> None:
        """Refuse a protocol that does not fit the circuit.

        Raises:
            DescriptionError: for unknown populations and phases, a free input, a clamped population that is also nudged, held or
                balanced, or that can only be driven, what is held or nudged from a phase that is not before, a time step longer
                than a time constant or that does not divide a delay, or spiking neurons in a phase without duration or window.
        """
        for position, phase in enumerate(self.phases):
            self._check_populations(phase, circuit)
            self._check_earlier(phase, position, circuit)
            self._check_noise(phase, circuit)
            self._check_spiking(phase, circuit)
            self._check_step(phase, circuit)
        self._check_balance(circuit)

    def check_rules(self, circuit: Circuit) -> None:
        """Refuse a protocol that lacks what the circuit's rules need: a plastic phase, and the phases that they sense.

        Raises:
            DescriptionError: naming the projection, or its error, that looks for the phase, or whose feedback is balanced in it.
        """
        for projection in circuit.plastic:
            self._check_senses(projection)
            self._check_disturbed(projection, circuit.population(circuit.output))
            self._check_feedback(projection, circuit.population(projection.post))

    def _check_populations(self, phase: Phase, circuit: Circuit) -> None:
        moved = [*phase.hold, *(nudge.population for nudge in phase.nudge)]
        for name in (*phase.clamp, *moved):
            circuit.population(name, phase.title())
        for name in moved:
            if name in phase.clamp:
                raise DescriptionError(f"{phase.title()}: {name!r} is clamped and cannot be nudged or held as well; choose one.")
        for nudge in phase.nudge:
            if nudge.strength < 0 and circuit.population(nudge.population).neuron.signed:
                pushed = f"{nudge.population!r} is pushed away from its target, as only rates that are never negative can be"
                raise DescriptionError(f"{phase.title()}: {pushed}; nudge it with a strength above 0, or change its neurons.")
        if circuit.input not in phase.clamp:
            raise DescriptionError(f"{phase.title()}: the input {circuit.input!r} is not clamped; add it to clamp.")

    def _check_noise(self, phase: Phase, circuit: Circuit) -> None:
        """Refuse noise for what is unknown, given or obeys Dale's law, and noise twice."""
        for noise in phase.noise:
            if isinstance(noise, NeuronNoise):
                circuit.population(noise.target, phase.title())
                refused = "is clamped" if noise.target in phase.clamp else ""
            else:
                signed = circuit.sign(circuit.projection(noise.target)) is not None
                refused = "obeys Dale's law, which noise of both signs would break" if signed else ""
            if [each.target for each in phase.noise].count(noise.target) > 1:
                refused = "comes twice"
            if refused:
                raise DescriptionError(f"{phase.title()}: {noise.target!r} has noise, but {refused}; take it away there.")

    def _check_earlier(self, phase: Phase, position: int, circuit: Circuit) -> None:
        """Refuse currents that are held, and spiking neurons that are nudged, from a phase that is not before this one."""
        earlier = [each.name for each in self.phases[:position]]
        hint = nearest(str(phase.hold_from), earlier)
        drawn = [nudge.population for nudge in phase.nudge if circuit.population(nudge.population).spiking]
        if (phase.hold or drawn) and self.held_from(phase) in earlier:
            self._check_held(phase)
        elif phase.hold:
            raise DescriptionError(f"{phase.title()}: no phase before it has currents to hold; {hint}")
        elif drawn:
            needed = f"{drawn[0]!r} spikes, and is nudged from its activity in a phase before this one"
            raise DescriptionError(f"{phase.title()}: {needed}; {hint if earlier else 'nudge it in a later phase.'}")

    def _check_held(self, phase: Phase) -> None:
        source = self.phase(self.held_from(phase))
        for name in phase.hold:
            if name in source.clamp:
                lacking = f"{name!r} has no current to hold: {source.name!r} clamps it"
                raise DescriptionError(f"{phase.title()}: {lacking}; free it there.")

    def _check_spiking(self, phase: Phase, circuit: Circuit) -> None:
        """Refuse to clamp neurons that can only be driven, to settle spiking ones, and to read them in a single time step."""
        for population in circuit.populations:
            name, neuron = population.name, population.neuron
            if name in phase.clamp and isinstance(neuron, SpikingNeuron):
                refused = f"{name!r} has neurons of kind {neuron.kind()}, whose activity cannot be given"
                raise DescriptionError(f"{phase.title()}: {refused}; nudge it instead, or give it rate neurons.")
            if population.spiking and phase.duration is None:
                refused = f"{name!r} spikes, and so settles to no fixed point"
                raise DescriptionError(f"{phase.title()}: {refused}; give the phase a duration and a window, in seconds.")
            if population.spiking and phase.window is None:
                refused = f"{name!r} spikes, and a single time step holds a spike or none"
                raise DescriptionError(f"{phase.title()}: {refused}; give the phase a window over which they are counted.")

    def _check_step(self, phase: Phase, circuit: Circuit) -> None:
        if phase.duration is None:
            return
        given = {name for name in phase.clamp if not circuit.population(name).spiking}
        for owner, name, tau in circuit.time_constants():
            if self.dt > tau and owner not in given:
                longer = f"is longer than {name} = {tau} s of {owner!r}"
                raise DescriptionError(f"Protocol: dt = {self.dt} s {longer}; give a shorter time step.")
        for owner, name, seconds in circuit.latencies():
            if not self._whole(seconds):
                divided = f"does not divide {name} = {seconds} s of {owner!r}"
                raise DescriptionError(f"Protocol: dt = {self.dt} s {divided}; change one of them.")

    def _check_balance(self, circuit: Circuit) -> None:
        """Refuse an apical compartment that is balanced in a phase that does not exist, or that clamps its neurons."""
        for population in circuit.populations:
            if population.apical is not None and population.apical.balanced_in is not None:
                asked_by = f"the apical compartment of {population.name!r}"
                phase = self.phase(population.apical.balanced_in, asked_by)
                if population.name in phase.clamp:
                    raise DescriptionError(f"{asked_by}: {phase.name!r}, which balances it, clamps its neurons; free them there.")

    def _check_senses(self, projection: Projection) -> None:
        if not any(phase.plastic for phase in self.phases):
            raise DescriptionError(f"Protocol: {projection.name} learns, but no phase is plastic; set plastic on one.")
        self.phase(self.read_by(projection), projection.name)
        if projection.error is not None and projection.plasticity is not None and senses_error(projection.plasticity):
            for phase in projection.error.phases:
                self.phase(phase, f"the error of {projection.name}")
            if isinstance(projection.error, SignedError) and projection.error.phase is None and len(self.phases) > 1:
                many = f"senses a signed error, which is known at the end of a trial's only phase, but {len(self.phases)} came"
                raise DescriptionError(f"{projection.name} {many}; name one as its phase, or use one_phase.")

    def _check_disturbed(self, projection: Projection, output: Population) -> None:
        """Refuse a rule that learns from noise which does not disturb it; where actions are drawn, the output needs none."""
        credit, rule = projection.error, projection.plasticity
        acts = isinstance(credit, Reward) and projection.post == output.name
        if isinstance(credit, Reward) and not isinstance(output.neuron, DivisiveNormalisation):
            lacking = f"learns from the reward of an action, but the activities of {output.name!r} are no probabilities of acting"
            raise DescriptionError(f"{projection.name} {lacking}; give it neurons of kind 'divisive_normalisation'.")
        if not isinstance(credit, Broadcast) or rule is None or acts:
            return
        disturbed = [each.target for each in self.phase(credit.phase).noise]
        own = projection.name if rule.synaptic == "noise" else projection.post
        if own not in disturbed:
            lacking = f"learns from the noise of {own!r}, which phase {credit.phase!r} does not disturb"
            raise DescriptionError(f"{projection.name} {lacking}; add noise to it there.")

    def _check_feedback(self, projection: Projection, post: Population) -> None:
        """Refuse a rule that senses feedback in the phase that balances it, where there is none."""
        rule = projection.plasticity
        if rule is None or post.apical is None or "post.apical" not in prove_local(rule):
            return
        now = "post.apical" in senses_now(rule)
        phase = self.read_by(projection) if now else self.plastic
        if phase == post.apical.balanced_in:
            balanced = f"{rule.kind()} senses feedback in phase {phase!r}, which balances it to 0"
            remedy = "let it read another phase" if now else "make another phase plastic"
            raise DescriptionError(f"{projection.name}: {balanced}; {remedy}.")


def two_phase(
    circuit: Circuit,
    strength: float = 1.0,
    hold: bool = True,
    duration: float | None = None,
    dt: float = 1e-3,
    window: float | None = None,
    nudged_duration: float | None = None,
) -> Protocol:
    """Return the trial of the flagship: *free* with the input clamped, then *nudged* with the output drawn to its target.

    With ``hold``, forward populations keep their basal currents, so that the nudge travels top-down through the feedback
    populations only; without, the whole circuit relaxes together. Both phases last ``duration`` seconds, or the nudged one
    ``nudged_duration``: it starts where the free one ends, and has less of an onset to let pass.

    Source: Lillicrap et al. (2020) Nat. Rev. Neurosci. 21:335–346; without hold, Scellier & Bengio (2017).
    """
    forward = tuple(population.name for area in circuit.areas for population in area.forward if population.name != circuit.input)
    free = Phase("free", clamp=(circuit.input,), duration=duration, window=window)
    nudge = (Nudge(circuit.output, strength),)
    lasts = nudged_duration or duration
    nudged = Phase("nudged", free.clamp, nudge, forward if hold else (), duration=lasts, window=window, plastic=True)
    return Protocol((free, nudged), dt)


def one_phase(circuit: Circuit, duration: float | None = None, dt: float = 1e-3, window: float | None = None) -> Protocol:
    """Return the trial of unsupervised rules and of gradient learning: *free*, with the input clamped, plastic."""
    return Protocol((Phase("free", clamp=(circuit.input,), duration=duration, window=window, plastic=True),), dt)
