"""Sections: the parts of a configuration file that stand for a way to run, and what each of them builds."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from bio_fa.circuit import Circuit
from bio_fa.constraints import Constraint
from bio_fa.description import Description
from bio_fa.learning import GradientLearning, Learning, LocalLearning, Switch
from bio_fa.neurons import LIF, Neuron, SpikingNeuron
from bio_fa.projection import Projection
from bio_fa.protocol import Protocol, one_phase, two_phase
from bio_fa.transmission import CurrentSynapse, SpikeTransmission
from bio_fa.updates import Adaptive, CosineDecay, Update, chain


@dataclass(frozen=True)
class NeuronsConfig(Description):
    """The section ``[neurons]``: the model's circuit, of spiking neurons."""

    neuron: SpikingNeuron = field(default_factory=LIF)
    """Of every population but the input."""
    transmission: SpikeTransmission = field(default_factory=CurrentSynapse)
    """Of every projection from a population that spikes."""
    source: Neuron | None = None
    """Of the input: a source of spikes; None: its activity is injected as a current."""
    others: dict = field(default_factory=dict)  # type: ignore[type-arg]
    """Populations with other neurons, by name, such as ``output_E = { kind = "divisive_normalisation" }``."""

    def build(self, circuit: Circuit) -> Circuit:
        """Return the circuit with these neurons."""
        others = {name: Neuron.from_table(table) for name, table in self.others.items()}
        return circuit.with_neurons(self.neuron, self.transmission, self.source, others)


@dataclass(frozen=True)
class TrialConfig(Description):
    """The section ``[protocol]``: a ready-made trial."""

    trial: Literal["two_phase", "one_phase"] = "two_phase"
    strength: float = 1.0
    """β of the nudge."""
    hold: bool = True
    """Whether basal currents are held while the output is nudged."""
    duration: float | None = None
    """Seconds of each phase; None: phases settle."""
    nudged_duration: float | None = None
    """Seconds of the nudged phase, where it differs."""
    dt: float = 1e-3
    """Seconds per time step of phases with a duration."""
    window: float | None = None
    """Seconds at the end of each phase over which activity is averaged; spiking neurons need one."""

    def build(self, circuit: Circuit) -> Protocol:
        """Return the protocol for a circuit."""
        if self.trial == "one_phase":
            return one_phase(circuit, self.duration, self.dt, self.window)
        return two_phase(circuit, self.strength, self.hold, self.duration, self.dt, self.window, self.nudged_duration)


@dataclass(frozen=True)
class TrainingConfig(Description):
    """The section ``[training]``."""

    learning: Literal["local", "gradient"] = "local"
    epochs: int = 10
    batch: int = 64
    update: tuple[Update, ...] = (Adaptive(),)
    """Applied in order to Δw."""
    constraints: tuple[Constraint, ...] = ()
    """What holds after every step of the synapses that learn, tonic ones excepted, beside what the circuit asks for."""
    decay: Literal["cosine", "none"] = "cosine"
    """How the step shrinks over the run."""
    horizon: int = 100
    """Trials over which running averages reach back."""
    snapshots: int = 5
    truncation: float | None = None
    """Seconds after which gradients through time are cut, again and again; None: never."""
    switch_after: int | None = None
    """Epochs after which local learning goes on by gradient, or learning by gradient goes on locally; None: never."""
    start: str | None = None
    """The folder of a finished run whose last weights this one starts with; None: all are drawn."""

    def validate(self) -> None:
        """Refuse counts from which no length of the run follows."""
        self.require(self.epochs >= 1, "epochs", "at least 1 epoch")
        self.require(self.batch >= 1, "batch", "at least 1 trial")
        within = self.switch_after is None or 1 <= self.switch_after <= self.epochs
        self.require(within, "switch_after", f"nothing, or a number of epochs from 1 to epochs = {self.epochs}")
        gradients = self.learning == "gradient" or self.switch_after is not None
        self.require(self.truncation is None or gradients, "truncation", 'nothing, or learning = "gradient"')

    def update_for(self, train_trials: int) -> Update:
        """Return the update over a training set of so many trials, until the run ends or switches."""
        return self._update(self.switch_after or self.epochs, train_trials)

    def _update(self, epochs: int, train_trials: int) -> Update:
        steps = epochs * -(-train_trials // self.batch)
        decay = (CosineDecay(steps),) if self.decay == "cosine" and steps else ()
        return chain(*self.update, *decay)

    def constrained(self, circuit: Circuit) -> Circuit:
        """Return the circuit of which the constraints hold as well."""
        return replace(circuit, projections=tuple(self._held(each) for each in circuit.projections))

    def _held(self, projection: Projection) -> Projection:
        if projection.plasticity is None or projection.from_tonic:
            return projection
        return replace(projection, constraints=(*projection.constraints, *self.constraints))

    def build(self, train_trials: int) -> Learning:
        """Return the learning for a training set of so many trials."""
        return self._way(self.learning == "local", self.update_for(train_trials))

    def switch(self, first: Learning, train_trials: int) -> Switch | None:
        """Return what follows the ``first`` way to learn, on a training set of so many trials: the other way; or None."""
        if self.switch_after is None:
            return None
        update = self._update(self.epochs - self.switch_after, train_trials)
        return Switch(self.switch_after, self._way(not isinstance(first, LocalLearning), update))

    def _way(self, local: bool, update: Update) -> Learning:
        return LocalLearning(update, self.horizon) if local else GradientLearning(update, self.truncation)
