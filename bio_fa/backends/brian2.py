"""brian2: circuits of spiking and rate neurons on Brian2, and plain Brian2 programs of them."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bio_fa.backends.base import Backend, Simulation, not_shunting
from bio_fa.backends.brian2_data import Data, Noted, starts, weights
from bio_fa.backends.brian2_export import exported
from bio_fa.backends.brian2_group import Group
from bio_fa.backends.brian2_library import lacking
from bio_fa.backends.brian2_machine import Machine, Runtime, Standalone
from bio_fa.backends.brian2_neurons import describe
from bio_fa.backends.brian2_plan import Plan
from bio_fa.backends.brian2_program import Program
from bio_fa.backends.brian2_simulation import BrianSimulation
from bio_fa.backends.brian2_symbols import TranslationError
from bio_fa.backends.brian2_synapses import connect
from bio_fa.circuit import Circuit
from bio_fa.credit import Lateral, SignedError
from bio_fa.draws import Draws
from bio_fa.errors import BackendError
from bio_fa.learning import Learning, LocalLearning
from bio_fa.protocol import Protocol, one_phase
from bio_fa.synapses import Parameters


@dataclass(frozen=True)
class Brian2(Backend):
    """Brian2 in double precision: trials run one after the other, in phases that have a duration.

    Its equations are those of the circuit's parts, called on symbols. The same text is exported as a plain program.

    Source: Stimberg, Brette & Goodman (2019) eLife 8:e47314.
    """

    target: Literal["numpy", "cython", "standalone"] = "numpy"
    """How it computes: step by step with NumPy, step by step with compiled steps, or each trial as one compiled program, which
    pays for circuits and trials that take longer than the minute of compiling. Without a C++ compiler: NumPy."""
    threads: int | None = None
    """Threads of a standalone program (OpenMP); None: one."""

    def validate(self) -> None:
        """Refuse fewer than one thread."""
        self.require(self.threads is None or self.threads >= 1, "threads", "at least 1 thread, or nothing")

    def unsupported(self, circuit: Circuit, learning: Learning) -> tuple[str, ...]:
        """Return the reasons why it cannot run: gradient learning, and equations that Brian2 cannot have."""
        gradient = [] if isinstance(learning, LocalLearning) else ["it has no gradient; use torch_spiking or torch_rate."]
        signed = [each.name for each in circuit.plastic if isinstance(each.error, SignedError)]
        gradient += [f"{signed[0]} learns from signed errors, which it does not carry; use torch_rate."] if signed else []
        rivals = [each.name for each in circuit.plastic if isinstance(each.error, Lateral)]
        compete = "learns from a competition of potentials, which it does not keep; use torch_rate."
        gradient += [f"{rivals[0]} {compete}"] if rivals else []
        return (*gradient, *not_shunting(circuit), *_untranslatable(Plan(circuit, one_phase(circuit, 1.0, 1.0, 1.0))))

    def require_supported(self, circuit: Circuit, protocol: Protocol, learning: Learning) -> None:
        """Refuse what Brian2 cannot run, phases that settle among it."""
        super().require_supported(circuit, protocol, learning)
        self._require_program(circuit, protocol)

    def export(
        self, circuit: Circuit, protocol: Protocol, parameters: Parameters, inputs: Mapping[str, np.ndarray], seed: int
    ) -> tuple[str, Data]:
        """Return a plain Brian2 program that runs the first batch of trials that a simulation would, and the arrays that it reads.

        ``inputs``: by population, (trial, neuron); ``seed`` is that of the trials' draws.

        Raises:
            BackendError: for a circuit or a trial that Brian2 cannot run.
        """
        self._require_program(circuit, protocol)
        program = Program(Plan(circuit, protocol))
        given = {name: np.array(values, dtype=float) for name, values in inputs.items()}
        noted = [Noted(phase, given) for phase in protocol.phases]
        synapses = weights(
            program, {name: each.w for name, each in parameters.items()}, {name: each.mask for name, each in parameters.items()}
        )
        data = synapses | starts(program, noted, Draws(seed, 0))
        return exported(program, len(next(iter(given.values())))), data

    def _require_program(self, circuit: Circuit, protocol: Protocol) -> None:
        """Refuse a circuit or a trial of which there is no program."""
        settling = [phase.name for phase in protocol.phases if phase.duration is None]
        if settling:
            reason = f"phase {settling[0]!r} settles, but it integrates in time only; give it a duration, or choose torch_rate"
            raise BackendError(f"brian2 cannot run {circuit.name!r}: {reason}.")
        for reason in _untranslatable(Plan(circuit, protocol)):
            raise BackendError(f"brian2 cannot run {circuit.name!r}: {reason}")

    def compile(self, circuit: Circuit, protocol: Protocol, learning: Learning) -> Simulation:
        """Return the simulation."""
        self.require_supported(circuit, protocol, learning)
        target = self._available()

        def build(program: Program, data: Data) -> Machine:
            return Standalone(program, data, self.threads or 0) if target == "standalone" else Runtime(program, data, target)

        return BrianSimulation(Program(Plan(circuit, protocol)), learning, build)

    def _available(self) -> str:
        """Return the target, or NumPy where this computer lacks what the target needs, with a warning."""
        missing = lacking(self.target)
        if missing is None:
            return self.target
        advice = "install it, or set target = 'numpy'"
        warnings.warn(f"brian2: {self.target} needs {missing}, which is not here; it runs on NumPy: {advice}.", RuntimeWarning, 4)
        return "numpy"


def _untranslatable(plan: Plan) -> Iterable[str]:
    """Yield the reason for each part of a circuit that Brian2 cannot have."""
    remedy = "change it, or use reference or torch_spiking."
    groups: dict[str, Group] = {}
    for population in plan.circuit.populations:
        try:
            groups[population.name] = describe(plan, population)
        except TranslationError as error:
            yield f"{population.name!r}, of kind {population.neuron.kind()}, {error}; {remedy}"
    for projection in plan.projections:
        try:
            connect(plan, projection, groups)
        except TranslationError as error:
            assert projection.plasticity is not None
            yield f"the rule {projection.plasticity.kind()} of {projection.name} {error}; {remedy}"
