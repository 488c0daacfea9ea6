"""Synapses: the text of a projection's Synapses: how it transmits, and what its rule integrates moment by moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sympy

from bio_fa.backends.brian2_group import SYNAPTIC, Group, block, mapping, named
from bio_fa.backends.brian2_plan import Plan, from_name
from bio_fa.backends.brian2_symbols import Style, TranslationError, write
from bio_fa.ops import Quantity, is_symbol
from bio_fa.plasticity import Postsynaptic, Presynaptic, Product, momentary
from bio_fa.population import TONIC
from bio_fa.projection import Projection
from bio_fa.transmission import SpikeTransmission

SENSED = ("spike_pre", "spike_post", "trace_pre", "trace_post", "signal_post", "psi_post", "w")
"""What a rule senses at a moment, as synapses call it."""


@dataclass
class Connection:
    """A projection's synapses, as they are found."""

    projection: Projection
    equations: list[str] = field(default_factory=lambda: ["w : 1"])
    on_pre: dict[str, str] = field(default_factory=dict)
    on_post: dict[str, str] = field(default_factory=dict)
    clocked: str = ""
    """What every time step adds to ``dw``."""
    delay: float = 0.0
    parameters: dict[str, float] = field(default_factory=dict)

    @property
    def learning(self) -> list[str]:
        """The expressions of the objects that act in the window of plasticity only."""
        name = self.projection.name
        paths = [f'synapses["{name}"].{path}' for path in ("learn_pre", "learn_post") if path in {**self.on_pre, **self.on_post}]
        steps = f'synapses["{name}"].run_regularly("dw += {self.clocked}", when="end", name="{name}_learn")'
        return [*paths, steps] if self.clocked else paths

    def text(self) -> str:
        """Return the program's lines."""
        pre, post = TONIC if self.projection.from_tonic else self.projection.pre, self.projection.post
        lines = [f'synapses["{self.projection.name}"] = Synapses(', f'    neurons["{pre}"], neurons["{post}"],']
        lines += [*block(self.equations, ","), *self._pathways()]
        lines += [*mapping("namespace=", named(self.parameters)), f'    clock=clock, name="{self.projection.name}",', ")"]
        paths = [path for path in {**self.on_pre, **self.on_post} if path != "transmit"]
        return "\n".join(lines + [f'synapses["{self.projection.name}"].{path}.when = "end"' for path in paths])

    def _pathways(self) -> list[str]:
        """Return what spikes do, and when: at once, but for the delay of their transmission."""
        if list(self.on_pre) == ["transmit"] and not self.on_post:
            return [f'    on_pre="{self.on_pre["transmit"]}",', f"    delay={self.delay!r}*second,"]
        delays = {path: self.delay if path == "transmit" else 0.0 for path in {**self.on_pre, **self.on_post}}
        items = {
            "on_pre=": [f'"{path}": "{code}"' for path, code in self.on_pre.items()],
            "on_post=": [f'"{path}": "{code}"' for path, code in self.on_post.items()],
            "delay=": [f'"{path}": {delay!r}*second' for path, delay in delays.items()],
        }
        return [line for head, entries in items.items() if entries for line in mapping(head, entries)]


def connect(plan: Plan, projection: Projection, groups: Mapping[str, Group]) -> Connection:
    """Return the synapses of a projection between two of the ``groups``.

    Raises:
        TranslationError: for a rule that Brian2 cannot integrate.
    """
    connection = Connection(projection)
    arrival = plan.inlet(projection)
    if arrival is not None:
        inlet, afferent = arrival
        assert isinstance(inlet.transmission, SpikeTransmission)
        connection.on_pre["transmit"] = f"{plan.synaptic[inlet]}_post += jump*w"
        connection.parameters["jump"], connection.delay = float(afferent.factor), inlet.transmission.delay
    elif not plan.given(projection.post) and not plan.steady(projection):
        minus = "-" if plan.circuit.sign(projection) == -1 else ""
        connection.equations.append(f"{from_name(projection)}_post = {minus}w*rate_pre : 1 (summed)")
        connection.parameters |= groups[projection.pre].of_rate if projection.pre in groups else {}
    if projection in plan.momentary:
        ends = [groups[name] for name in (projection.pre, projection.post) if name in groups]
        _learn(connection, plan, frozenset(name for each in ends for name in (*each.equations, *each.parameters)))
    return connection


def _learn(connection: Connection, plan: Plan, taken: frozenset[str]) -> None:
    """Write what spikes and time steps add to Δw: a product with a spike train acts at that train's spikes only."""
    rule = connection.projection.plasticity
    assert rule is not None
    absent = _absent(connection.projection, plan)
    spikes = tuple(name for name in SENSED[:2] if name not in absent)
    lasting = tuple(name for name in SENSED[2:] if name not in absent)
    sign = plan.circuit.sign(connection.projection) or 1

    def change(part: Any, given: Mapping[str, Quantity]) -> Mapping[str, Quantity]:
        counts = (_products(part, momentary(rule), sign, {**given, **dict.fromkeys(spikes, count)}) for count in (0, 1, 2))
        return _by_event(*counts)

    written = write(rule, change, lasting, Style(taken=taken | SYNAPTIC))
    connection.equations.append("dw : 1")
    connection.parameters |= written.parameters
    texts = {name: text for name, text in written.texts.items() if text != "0"}
    connection.on_pre |= {name: f"dw += {text}" for name, text in texts.items() if name == "learn_pre"}
    connection.on_post |= {name: f"dw += {text}" for name, text in texts.items() if name == "learn_post"}
    connection.clocked = f"dt/second*({texts['clocked']})" if "clocked" in texts else ""


def _absent(projection: Projection, plan: Plan) -> frozenset[str]:
    """Return what neither side of a projection has: the spikes of neurons that have none, feedback that is never felt."""
    has = {
        "spike_pre": not projection.from_tonic and plan.circuit.population(projection.pre).spiking,
        "spike_post": plan.circuit.population(projection.post).spiking,
        "trace_pre": projection.pre in plan.traced,
        "trace_post": projection.post in plan.traced,
        "signal_post": bool(plan.now(projection.post, "signal")),
        "psi_post": bool(plan.now(projection.post, "psi")),
        "w": True,
    }
    return frozenset(name for name, there in has.items() if not there)


def _products(rule: Any, chosen: tuple[bool, ...], sign: int, given: Mapping[str, Quantity]) -> list[Product]:
    """Return the momentary products of a rule for what is sensed at a moment, 0 where it is absent."""
    x = {name: given.get(name, 0.0) for name in SENSED}
    pre = Presynaptic(0.0, 0.0, sign, x["spike_pre"], x["trace_pre"])
    post = Postsynaptic(0.0, 0.0, 0.0, x["spike_post"], x["trace_post"], apical=x["signal_post"], sensitivity=x["psi_post"])
    return [product for product, now in zip(rule.factors(pre, post, x["w"]), chosen, strict=True) if now]


def _by_event(silent: list[Product], once: list[Product], twice: list[Product]) -> dict[str, Quantity]:
    """Return what a presynaptic spike, a postsynaptic spike and a second add to Δw, from products with S = 0, 1 and 2.

    With S the spike train, ∫ S dt = 1 at a spike, so that a spike adds the coefficient of S.
    """
    change: dict[str, Quantity] = {"learn_pre": 0, "learn_post": 0, "clocked": 0}
    for (post, pre, synapse), (post_1, pre_1, _), (post_2, pre_2, _) in zip(silent, once, twice, strict=True):
        by_post, by_pre = _less(post_1, post), _less(pre_1, pre)
        if not any(map(is_symbol, (post, pre, post_1, pre_1))):
            _refuse_powers(by_post * by_pre, _less(post_2, post_1) - by_post, _less(pre_2, pre_1) - by_pre)
        change["learn_post"] += by_post * pre * synapse
        change["learn_pre"] += post * by_pre * synapse
        change["clocked"] += post * pre * synapse
    return change


def _less(one: Quantity, other: Quantity) -> Quantity:
    """Return the difference of two factors, simplified where they are symbols."""
    return sympy.expand(one - other) if is_symbol(one - other) else one - other


def _refuse_powers(*rests: Quantity) -> None:
    """Refuse a rule that is not linear in the spike trains, as the rest of it that must vanish shows; on numbers."""
    if not all(np.allclose(rest, 0) for rest in rests):
        raise TranslationError("is not linear in the spikes of its two sides")
