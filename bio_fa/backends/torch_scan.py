"""The scan of a population over time steps as a symbolic program: its own equations, called on symbols.

A program says what happens to one neuron in one time step. It is printed as C++ (``torch_cpp``) and as Triton
(``torch_triton``), and differentiated into the program that runs backwards in time (``torch_adjoint``). SymPy keeps the
operations as they are written, so that in double precision a compiled step rounds as ``stepping`` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from sympy import Expr, Float, Function, Symbol, evaluate, sympify

from bio_fa.backends.stepping import decayed, euler, traced
from bio_fa.neurons import RateNeuron, SpikingNeuron
from bio_fa.ops import Quantity, relu, step
from bio_fa.population import Apical
from bio_fa.transmission import SpikeTransmission

Arrival = tuple[SpikeTransmission, int]
"""How spikes arrive at an inlet: through what, and with which sign."""


class KernelError(Exception):
    """A kernel that cannot be had: an equation is not understood, or nothing compiles it; the message says which."""


class Choose(Function):  # type: ignore[misc]
    """Choose(where, one, other): ``one`` where ``where`` ≠ 0, else ``other``; the choice itself has no derivative."""

    nargs = 3

    def fdiff(self, argindex: int = 1) -> Expr:
        """Return the derivative with respect to an argument."""
        where = self.args[0]
        return {1: sympify(0), 2: Choose(where, 1, 0), 3: Choose(where, 0, 1)}[argindex]


@dataclass(frozen=True)
class Site:
    """What decides how neurons move in a phase."""

    dt: float
    neuron: RateNeuron | SpikingNeuron | None = None
    """None: nothing moves but synaptic variables and traces."""
    basal: tuple[Arrival, ...] = ()
    apical: tuple[Arrival, ...] = ()
    feels: Apical | None = None
    """The compartment through which the soma feels apical currents; None: it does not."""
    pulled: bool = False
    """Whether a current draws the neurons to a target."""
    rest: int = 0
    """For how many steps after that of a spike a neuron is refractory."""
    trace_tau: float | None = None
    """The time constant of the trace, if some rule senses it."""
    moving: frozenset[str] = frozenset()
    """The compartments whose graded current changes from step to step."""
    emitted: tuple[str, ...] = ()
    """What is wanted of every step."""
    summed: tuple[str, ...] = ()
    """What is wanted as a sum over steps."""


@dataclass(frozen=True)
class Program:
    """One time step of one neuron. A name is that of a number of every neuron and trial."""

    statements: tuple[tuple[str, Expr], ...]
    """(name, its value), in order; ``<name>_next`` is the next value of what is kept."""
    kept: tuple[str, ...]
    """What is carried from step to step."""
    fixed: tuple[str, ...]
    """What is given once."""
    moving: tuple[str, ...]
    """What is given at every step."""
    emitted: tuple[str, ...]
    summed: tuple[str, ...]
    constants: tuple[float, ...]
    """The values of the symbols k0, k1, …"""
    backwards: bool = False
    """Whether the steps are taken from the last to the first."""

    def value(self, name: str) -> Expr:
        """Return the expression of a statement, or the symbol of what is kept or given."""
        return dict(self.statements).get(name, symbol(name))


def symbol(name: str) -> Symbol:
    """Return the symbol of a name."""
    return Symbol(name, real=True)


@lru_cache(maxsize=1024)
def scan(site: Site) -> Program:
    """Return the program of a site.

    Raises:
        KernelError: when an equation cannot be read symbolically.
    """
    writer = _Writer(site)
    try:
        with evaluate(False):
            writer.write()
    except (TypeError, AttributeError, ValueError) as error:
        kind = "a synapse" if site.neuron is None else site.neuron.kind()
        raise KernelError(f"the equations of {kind} cannot be read ({error})") from error
    return writer.program()


class _Writer:
    """Writes the statements of a site down, in the order of a time step."""

    def __init__(self, site: Site) -> None:
        self.site, self.statements = site, dict[str, Expr]()
        self.constants: dict[Symbol, float] = {}

    def let(self, name: str, value: Quantity) -> Symbol:
        """Add a statement, with its numbers lifted out, so that one compiled kernel serves all settings."""
        self.statements[name] = self._lift(sympify(value))
        return symbol(name)

    def _lift(self, value: Expr) -> Expr:
        if isinstance(value, Float):
            constant = symbol(f"k{len(self.constants)}")
            self.constants[constant] = float(value)
            return constant
        return value.func(*(self._lift(each) for each in value.args)) if value.args else value

    def write(self) -> None:
        """Write the order of a step: synapses, currents, states, spikes, traces."""
        site = self.site
        basal = self._current("basal", self._synapses(site.basal, 0))
        apical = self._current("apical", self._synapses(site.apical, len(site.basal)))
        if site.neuron is not None:
            current = self.let("current", basal + symbol("pull")) if site.pulled else basal
            change = apical - symbol("balance")
            feedback = self.let("feedback", site.feels.feedback(change)) if site.feels else 0.0
            state = {name: symbol(f"s_{name}") for name in site.neuron.variables}
            self._move(site.neuron, state, euler(site.neuron, state, current, feedback, site.dt))
        if site.trace_tau is not None:
            self.let("trace_next", traced(symbol("trace"), symbol("spike"), site.trace_tau, site.dt))

    def _synapses(self, arrivals: tuple[Arrival, ...], first: int) -> list[Quantity]:
        """Move the synaptic variables, and return their currents; the spikes are those of the step before."""
        currents = []
        for number, (transmission, sign) in enumerate(arrivals, start=first):
            x = decayed(transmission, symbol(f"x{number}"), self.site.dt) + symbol(f"arriving{number}")
            currents.append(transmission.current(self.let(f"x{number}_next", x), symbol("s_v"), sign))
        return currents

    def _current(self, compartment: str, currents: list[Quantity]) -> Symbol:
        """Sum the currents onto a compartment, graded ones first."""
        total = symbol(f"constant_{compartment}")
        if compartment in self.site.moving:
            total = total + symbol(f"graded_{compartment}")
        for current in currents:
            total = total + current
        return self.let(compartment, total)

    def _move(self, neuron: RateNeuron | SpikingNeuron, state: Mapping[str, Symbol], moved: Mapping[str, Quantity]) -> None:
        if isinstance(neuron, RateNeuron):
            self.let("s_u_next", moved["u"])
            return
        resting, rests = symbol("resting"), self.site.rest > 0
        held = {name: Choose(resting, state[name], moved[name]) for name in neuron.held} if rests else {}
        reached = {name: self.let(f"moved_{name}", value) for name, value in {**moved, **held}.items()}
        fired = step(self.let("excess", neuron.excess(reached)))
        spike = self.let("spike", Choose(resting, 0, fired) if rests else fired)
        if rests:
            self.let("resting_next", Choose(spike, float(self.site.rest), relu(resting - 1)))
        if "sensitivity" in (*self.site.emitted, *self.site.summed):
            self.let("sensitivity", neuron.sensitivity(reached))
        reset = {name: Choose(spike, value, reached[name]) for name, value in neuron.reset(reached).items()}
        for name, value in {**reached, **reset}.items():
            self.let(f"s_{name}_next", value)

    def program(self) -> Program:
        """Return what was written, without what nobody asks for."""
        kept = [name.removesuffix("_next") for name in self.statements if name.endswith("_next")]
        wanted = [f"{name}_next" for name in kept] + [*self.site.emitted, *self.site.summed]
        return assemble(self.statements, kept, wanted, self.site.emitted, self.site.summed, self.constants)


def assemble(
    statements: Mapping[str, Expr],
    kept: list[str],
    wanted: list[str],
    emitted: tuple[str, ...],
    summed: tuple[str, ...],
    constants: Mapping[Symbol, float],
    backwards: bool = False,
) -> Program:
    """Return the program that computes what is ``wanted``; names that no statement defines are given."""
    needed, pending = set[str](), list(wanted)
    while pending:
        name = pending.pop()
        if name not in needed:
            needed.add(name)
            pending += [each.name for each in sympify(statements.get(name, 0)).free_symbols]
    used = {name: value for name, value in statements.items() if name in needed}
    given = sorted(needed - set(used) - set(kept) - {each.name for each in constants})
    fixed = tuple(name for name in given if name.startswith("constant_") or name in ("pull", "balance"))
    moving = tuple(name for name in given if name not in fixed)
    return Program(tuple(used.items()), tuple(kept), fixed, moving, emitted, summed, tuple(constants.values()), backwards)
