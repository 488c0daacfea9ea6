"""Group: a NeuronGroup in the making, and how it and its like are laid out as lines of a program."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from bio_fa.backends.brian2_library import RESERVED
from bio_fa.backends.brian2_symbols import Equations, Style, TranslationError, evaluate, names, write
from bio_fa.description import Description
from bio_fa.neurons import SpikeSource, SpikingNeuron
from bio_fa.population import Population

WIDTH = 110
SYNAPTIC = {"w", "dw", "jump"}
"""What synapses call their own."""


@dataclass
class Group:
    """A population's equations, as they are found."""

    population: Population
    equations: dict[str, str] = field(default_factory=dict)
    """The lines of the equations, by the variable that each defines."""
    comments: dict[str, str] = field(default_factory=dict)
    """What variables mean, in a few words."""
    parameters: dict[str, float] = field(default_factory=dict)
    threshold: str = ""
    reset: list[str] = field(default_factory=list)
    totals: dict[str, str] = field(default_factory=dict)
    """What is summed over the population, by the name of the sum."""

    def rate_of_change(self, name: str, text: str, comment: str = "", flags: str = "") -> None:
        """Add a differential equation."""
        self._define(name, f"d{name}/dt = ({text})/second : 1{flags}", comment)

    def value(self, name: str, text: str, comment: str) -> None:
        """Add what is computed from other variables."""
        self._define(name, f"{name} = {text} : 1", comment)

    def variable(self, name: str, comment: str, flags: str = "") -> None:
        """Add what is set from outside."""
        self._define(name, f"{name} : 1{flags}", comment)

    def _define(self, name: str, line: str, comment: str) -> None:
        """Add a line of equations; refuse a name that is taken."""
        if name in {*self.equations, *self.parameters} | RESERVED | SYNAPTIC:
            raise TranslationError(f"has a variable called {name!r}, a name that the program needs")
        self.equations[name], self.comments[name] = line, comment

    def write(
        self, part: Description, equations: Equations, *variables: str, suffix: str = "", sums: bool = False
    ) -> dict[str, str]:
        """Return equations as text, and keep the values of the settings that occur in them."""
        written = write(part, equations, variables, Style(suffix, sums))
        for name, value in written.parameters.items():
            if self.parameters.setdefault(name, value) != value or name in self.equations:
                raise TranslationError(f"has a setting called {name!r}, a name that the program needs")
        self.totals |= written.totals
        return written.texts

    def text(self) -> str:
        """Return the program's lines."""
        name, neuron = self.population.name, self.population.neuron
        equations = [text for each, line in self.equations.items() for text in commented(line, self.comments[each])]
        lines = [f'neurons["{name}"] = NeuronGroup(', f"    {self.population.size},", *block(equations, ",")]
        if any("/dt = " in line for line in self.equations.values()):
            lines.append('    method="euler",')
        if self.threshold:
            lines += [f'    threshold="{self.threshold}",', *(block(self.reset, ",", "reset=") if self.reset else [])]
        if isinstance(neuron, SpikingNeuron) and neuron.refractory > 0:
            lines.append(f"    refractory={neuron.refractory!r}*second,")
        values = named(self.parameters)
        if isinstance(neuron, SpikeSource):
            values.append(f'"spikes": spikes["{name}"]')
        return "\n".join([*lines, *mapping("namespace=", values), f'    clock=clock, name="{name}",', ")"])

    @property
    def of_rate(self) -> dict[str, float]:
        """The parameters on which the rate of rate neurons depends."""
        lines = [self.equations[each] for each in ("rate", "undisturbed") if each in self.equations]
        texts = [line.partition(" = ")[2].rpartition(" : ")[0] for line in lines]
        used = frozenset[str]().union(*(names(text) for text in texts if text))
        return {name: value for name, value in self.parameters.items() if name in used}

    def first_total(self, name: str) -> float:
        """Return a sum over the population when a trial starts, with u = 0."""
        size = self.population.size
        values: dict[str, float | np.ndarray] = {"u": np.zeros(size), **self.parameters}
        for each, text in self.totals.items():
            values[each] = float(np.sum(np.broadcast_to(evaluate(text, values), size)))
        return float(values[name])


def commented(line: str, comment: str) -> list[str]:
    """Return a line with its comment behind it, or before it where that grew too long."""
    if not comment or len(line) + len(comment) + 8 <= WIDTH:
        return [f"{line}  # {comment}" if comment else line]
    return [f"# {comment}", line]


def block(lines: Iterable[str], end: str, head: str = "") -> list[str]:
    """Return lines of text as an indented string of several lines, or of one."""
    listed = list(lines)
    if len(listed) <= 1:
        return [f'    {head}"{"".join(listed)}"{end}']
    return [f'    {head}"""', *(f"    {line}" for line in listed), f'    """{end}']


def added(terms: Iterable[str]) -> str:
    """Return a sum of terms."""
    text = " + ".join(terms) or "0"
    return text.replace(" + -", " - ")


def bracketed(text: str) -> str:
    """Return a text that can be multiplied or divided."""
    return text if text.isidentifier() else f"({text})"


def listed(names: Iterable[str]) -> str:
    """Return names as the text of a tuple."""
    quoted = [f'"{name}"' for name in names]
    return f"({', '.join(quoted)}{',' if len(quoted) == 1 else ''})"


def named(values: dict[str, float]) -> list[str]:
    """Return the items of a dictionary as text."""
    return [f'"{name}": {value!r}' for name, value in values.items()]


def mapping(head: str, items: list[str]) -> list[str]:
    """Return a dictionary as one argument, broken where a line would grow too long."""
    text = f"    {head}{{{', '.join(items)}}},"
    if len(text) <= WIDTH:
        return [text]
    lines = [f"    {head}{{"]
    for item in items:
        if len(lines) == 1 or len(lines[-1]) + len(item) + 2 > WIDTH:
            lines.append(f"        {item},")
        else:
            lines[-1] += f" {item},"
    return [*lines, "    },"]
