"""Protocol: a trial is a sequence of phases, each with its clamps, nudges and held currents."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from bio_fa.circuit import Circuit
from bio_fa.description import Description
from bio_fa.errors import DescriptionError, nearest
from bio_fa.neurons import RateNeuron
from bio_fa.ops import Quantity
from bio_fa.plasticity import prove_local
from bio_fa.population import require_name
from bio_fa.projection import Projection


@dataclass(frozen=True)
class Nudge(Description):
    """The activity of a population is drawn towards its target: r = φ + β (target − φ), with φ its undisturbed activity.

    Source: Scellier & Bengio (2017) Front. Comput. Neurosci. 11:24, weak clamping. With β in (0, 1] and a target ≥ 0, r ≥ 0.
    """

    population: str
    strength: float = 1.0
    """β, in (0, 1]."""

    def validate(self) -> None:
        """Refuse a strength that could make an activity negative."""
        self.require(0 < self.strength <= 1, "strength", "a strength in (0, 1]")

    def apply(self, activity: Quantity, target: Quantity) -> Quantity:
        """Return r for the undisturbed activity and the target, both (trial, neuron)."""
        return activity + self.strength * (target - activity)


@dataclass(frozen=True)
class Settle(Description):
    """How a phase without duration finds its fixed point.

    Where no loop of projections is active, populations settle one after the other, exactly. Otherwise all relax together,
    u ← u + step · (u* − u) with u* the settled potential, until no potential moves by more than ``tolerance``.
    """

    tolerance: float = 1e-9
    """The largest movement of a potential in the last step; in single precision not below 1e-6."""
    step: float = 0.2
    """The share of the way to u* that one step goes, in (0, 1]."""
    max_steps: int = 2000
    """The number of steps after which relaxation stops with a warning."""

    def validate(self) -> None:
        """Refuse a relaxation that cannot end or move."""
        self.require(self.tolerance > 0, "tolerance", "a tolerance above 0")
        self.require(0 < self.step <= 1, "step", "a share in (0, 1]")
        self.require(self.max_steps >= 1, "max_steps", "at least 1 step")


@dataclass(frozen=True)
class Phase(Description):
    """A stretch of a trial."""

    name: str
    clamp: tuple[str, ...] = ()
    """Populations whose activity is given."""
    nudge: tuple[Nudge, ...] = ()
    hold: tuple[str, ...] = ()
    """Populations whose basal current keeps the value that it had at the end of ``hold_from``."""
    hold_from: str | None = None
    """An earlier phase; None: the one before."""
    duration: float | None = None
    """Seconds of integration in time; None: the phase settles to its fixed point."""
    settle: Settle = field(default_factory=Settle)
    plastic: bool = False

    def validate(self) -> None:
        """Refuse an illegal name or a duration that is not positive."""
        require_name(self)
        self.require(self.duration is None or self.duration > 0, "duration", "seconds above 0, or nothing to settle")


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
            steps = (phase.duration or 0) / self.dt
            whole = abs(steps - round(steps)) < 1e-6 and (phase.duration is None or round(steps) >= 1)
            self.require(whole, "dt", f"a time step that divides the {phase.duration} s of {phase.name!r}")

    def phase(self, name: str, asked_by: str = "Protocol") -> Phase:
        """Return the phase of this name."""
        named = {phase.name: phase for phase in self.phases}
        if name not in named:
            raise DescriptionError(f"{asked_by}: no phase is called {name!r}; {nearest(name, named)}")
        return named[name]

    def steps(self, phase: Phase) -> int:
        """Return the number of time steps of a phase with a duration."""
        return round((phase.duration or 0) / self.dt)

    def held_from(self, phase: Phase) -> str:
        """Return the name of the phase whose basal currents ``phase`` holds."""
        return phase.hold_from or self.phases[self.phases.index(phase) - 1].name

    def read_by(self, projection: Projection) -> str:
        """Return the name of the phase whose activities the projection's rule reads."""
        plastic = [phase.name for phase in self.phases if phase.plastic]
        return projection.reads or (plastic or [self.phases[-1].name])[-1]

    def check(self, circuit: Circuit) -> None:
        """Refuse a protocol that does not fit the circuit.

        Raises:
            DescriptionError: for unknown populations and phases, a free input, a clamped population that is also nudged or held,
                currents held from a later phase or from one without them, or a time step longer than a time constant.
        """
        for position, phase in enumerate(self.phases):
            self._check_populations(phase, circuit)
            self._check_hold(phase, position)
            self._check_step(phase, circuit)
        for population in circuit.populations:
            if population.apical is not None and population.apical.balanced_in is not None:
                self.phase(population.apical.balanced_in, f"the apical compartment of {population.name!r}")

    def check_rules(self, circuit: Circuit) -> None:
        """Refuse a protocol that lacks what the circuit's rules need: a plastic phase, and the phases that they sense.

        Raises:
            DescriptionError: naming the projection, or its error, that looks for the phase.
        """
        for projection in circuit.plastic:
            self._check_senses(projection)

    def _check_populations(self, phase: Phase, circuit: Circuit) -> None:
        moved = [*phase.hold, *(nudge.population for nudge in phase.nudge)]
        for name in (*phase.clamp, *moved):
            circuit.population(name, phase.title())
        for name in moved:
            if name in phase.clamp:
                raise DescriptionError(f"{phase.title()}: {name!r} is clamped and cannot be nudged or held as well; choose one.")
        if circuit.input not in phase.clamp:
            raise DescriptionError(f"{phase.title()}: the input {circuit.input!r} is not clamped; add it to clamp.")

    def _check_hold(self, phase: Phase, position: int) -> None:
        earlier = [each.name for each in self.phases[:position]]
        if phase.hold and (self.held_from(phase) not in earlier):
            hint = nearest(str(phase.hold_from), earlier)
            raise DescriptionError(f"{phase.title()}: no phase before it has currents to hold; {hint}")
        for name in phase.hold:
            if name in self.phase(self.held_from(phase)).clamp:
                source = self.held_from(phase)
                raise DescriptionError(f"{phase.title()}: {name!r} has no current to hold: {source!r} clamps it; free it there.")

    def _check_step(self, phase: Phase, circuit: Circuit) -> None:
        if phase.duration is None:
            return
        for population in circuit.populations:
            if isinstance(population.neuron, RateNeuron) and self.dt > population.neuron.tau:
                longer = f"is longer than the time constant {population.neuron.tau} s of {population.name!r}"
                raise DescriptionError(f"Protocol: dt = {self.dt} s {longer}; give a shorter time step.")

    def _check_senses(self, projection: Projection) -> None:
        if not any(phase.plastic for phase in self.phases):
            raise DescriptionError(f"Protocol: {projection.name} learns, but no phase is plastic; set plastic on one.")
        self.phase(self.read_by(projection), projection.name)
        if projection.error is not None and "post.error" in prove_local(projection.plasticity):
            for activity in (projection.error.plus, projection.error.minus):
                self.phase(activity.phase, f"the error of {projection.name}")


def two_phase(
    circuit: Circuit, strength: float = 1.0, hold: bool = True, duration: float | None = None, dt: float = 1e-3
) -> Protocol:
    """Return the trial of the flagship: *free* with the input clamped, then *nudged* with the output drawn to its target.

    With ``hold``, forward populations keep their basal currents, so that the nudge travels top-down through the feedback
    populations only; without, the whole circuit relaxes together.

    Source: Lillicrap et al. (2020) Nat. Rev. Neurosci. 21:335–346; without hold, Scellier & Bengio (2017).
    """
    forward = tuple(population.name for area in circuit.areas for population in area.forward if population.name != circuit.input)
    free = Phase("free", clamp=(circuit.input,), duration=duration)
    nudge = (Nudge(circuit.output, strength),)
    nudged = Phase("nudged", free.clamp, nudge, forward if hold else (), duration=duration, plastic=True)
    return Protocol((free, nudged), dt)


def one_phase(circuit: Circuit, duration: float | None = None, dt: float = 1e-3) -> Protocol:
    """Return the trial of unsupervised rules and of gradient learning: *free*, with the input clamped, plastic."""
    return Protocol((Phase("free", clamp=(circuit.input,), duration=duration, plastic=True),), dt)
