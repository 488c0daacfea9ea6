"""Phase: a stretch of a trial, with what is clamped, nudged and held in it, and how it ends."""

from __future__ import annotations

from dataclasses import dataclass, field

from bio_fa.description import Description
from bio_fa.noise import Noise
from bio_fa.ops import Quantity, relu
from bio_fa.population import require_name


@dataclass(frozen=True)
class Nudge(Description):
    """The activity of a population is drawn towards its target: r = φ + β (target − φ), with φ its undisturbed activity.

    Spiking neurons are drawn by a current: β (target − r₀) is added to the basal one, with r₀ their activity in the phase
    before (or in ``hold_from``), because current and activity of spiking neurons are normalised alike.

    A negative β pushes away from the target, r = [φ + β (target − φ)]₊: no rate falls below 0, where the push ends.

    Source: Scellier & Bengio (2017) Front. Comput. Neurosci. 11:24, weak clamping; Laborieux et al. (2021) Front. Neurosci.
        15:633674, of both signs. With β in (0, 1] and a target ≥ 0, r ≥ 0 by itself.
    """

    population: str
    strength: float = 1.0
    """β, in [-1, 0) or (0, 1]."""

    def validate(self) -> None:
        """Refuse a strength that does nothing, or that goes beyond the target."""
        self.require(0 < abs(self.strength) <= 1, "strength", "a strength in [-1, 0) or (0, 1]")

    def apply(self, activity: Quantity, target: Quantity) -> Quantity:
        """Return r for the undisturbed activity and the target, both (trial, neuron)."""
        drawn = activity + self.pull(activity, target)
        return drawn if self.strength > 0 else relu(drawn)

    def pull(self, activity: Quantity, target: Quantity) -> Quantity:
        """Return β (target − φ), both (trial, neuron)."""
        return self.strength * (target - activity)


@dataclass(frozen=True)
class Settle(Description):
    """How a phase without duration finds its fixed point.

    Where no loop of projections is active, populations settle one after the other, exactly. Otherwise they relax in turn,
    u ← u + step · (u* − u) with u* the potential at which u would settle, until none moves by more than ``tolerance``.

    Source: of steps beyond u*, Young (1954) Trans. Am. Math. Soc. 76:92–111, successive overrelaxation.
    """

    tolerance: float = 1e-9
    """The largest movement of a potential in the last step, relative to 1 + the largest potential of its population; in single
    precision not below 1e-6."""
    step: float = 0.2
    """The share of the way to u* that one step goes, in (0, 2). Loops that return what they were sent, as symmetric weights do,
    settle sooner with a step that overshoots, such as 1.2."""
    max_steps: int = 2000
    """The number of steps after which relaxation stops with a warning."""

    def validate(self) -> None:
        """Refuse a relaxation that cannot end or move."""
        self.require(self.tolerance > 0, "tolerance", "a tolerance above 0")
        self.require(0 < self.step < 2, "step", "a share in (0, 2)")
        self.require(self.max_steps >= 1, "max_steps", "at least 1 step")


@dataclass(frozen=True)
class Phase(Description):
    """A stretch of a trial."""

    name: str
    clamp: tuple[str, ...] = ()
    """Populations whose activity is given."""
    nudge: tuple[Nudge, ...] = ()
    hold: tuple[str, ...] = ()
    """Populations whose basal current keeps the value that it had at the end of ``hold_from``, or as mean over its window."""
    hold_from: str | None = None
    """An earlier phase, whose currents are held and from whose activities spiking neurons are nudged; None: the one before."""
    duration: float | None = None
    """Seconds of integration in time; None: the phase settles to its fixed point."""
    window: float | None = None
    """Seconds at its end over which activities, held and balanced currents are averaged; None: their last values.

    A circuit of spiking neurons needs one: a single time step holds a spike or none."""
    settle: Settle = field(default_factory=Settle)
    plastic: bool = False
    noise: tuple[Noise, ...] = ()
    """What is disturbed at random; only where the phase settles."""

    def validate(self) -> None:
        """Refuse an illegal name, a duration that is not positive, a window that is not within it, or noise that would last."""
        require_name(self)
        self.require(self.duration is None or self.duration > 0, "duration", "seconds above 0, or nothing to settle")
        lasting = "none in a phase with a duration, over which a draw would have to be renewed"
        self.require(self.noise == () or self.duration is None, "noise", lasting)
        if self.window is not None:
            self.require(self.duration is not None, "window", "a duration with it, or nothing in a phase that settles")
            self.require(0 < self.window <= (self.duration or 0.0), "window", f"seconds in (0, duration = {self.duration}]")
