"""Aims at a text that means something else than the equation it was read from, and at one that should have been refused.

Meaning is checked on numbers: a text is evaluated by Python, with the meaning that Brian2's documentation gives its functions,
and compared with the equation on NumPy arrays; and against closed forms, so that both cannot be wrong alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from bio_fa import LIF, AdaptiveThresholdLIF, ConductanceSynapse, DivisiveNormalisation, Nudge, PairSTDP, SaturatingRate
from bio_fa.backends.brian2_symbols import Style, TranslationError, evaluate, write
from bio_fa.description import Description
from bio_fa.ops import exp, log, minimum, peak, relu, sign, sqrt, step, tanh, total
from bio_fa.population import Apical

V, X = np.linspace(-1.5, 2.5, 9), np.linspace(3.0, -1.0, 9)


def written(part, equations, *variables, **style):
    return write(part, equations, variables, Style(**style))


def test_a_leaky_neuron_keeps_the_names_of_its_settings():
    # Gerstner et al. (2014) eq. 1.5: dv/dt = (v_rest − v) / τ + (θ − v_reset) ν₁ I
    neuron = LIF(tau=0.03, rest=-0.2, threshold=1.5, reset_to=-0.1, unit_rate=70.0)
    found = written(neuron, lambda part, x: part.derivatives({"v": x["v"]}, x["current"]), "v", "current")
    assert found.parameters == {"tau": 0.03, "rest": -0.2, "threshold": 1.5, "reset_to": -0.1, "unit_rate": 70.0}
    expected = (-0.2 - V) / 0.03 + 1.6 * 70 * X
    np.testing.assert_allclose(evaluate(found.texts["v"], {"v": V, "current": X, **found.parameters}), expected, rtol=1e-12)


def test_only_settings_that_occur_are_parameters():
    found = written(AdaptiveThresholdLIF(), lambda part, x: {"x": part.excess({"v": x["v"], "a": x["a"]})}, "v", "a")
    assert set(found.parameters) == {"threshold", "adaptation"}


def test_numbers_are_written_in_full():
    third = 1 / 3
    found = written(Nudge("output", 0.5), lambda part, x: {"y": third * x["v"]}, "v")
    assert repr(third) in found.texts["y"]


@pytest.mark.parametrize(("sign_", "reversal"), [(1, 3.5), (-1, -0.5)])
def test_a_conductance_knows_its_sign(sign_, reversal):
    found = written(ConductanceSynapse(), lambda part, x: {"i": part.current(x["x"], x["v"], sign_)}, "x", "v", suffix="_E")
    assert all(name.endswith("_E") for name in found.parameters)
    expected = X * (reversal - V) / abs(reversal - 0.5)
    np.testing.assert_allclose(evaluate(found.texts["i"], {"x": X, "v": V, **found.parameters}), expected, rtol=1e-12)


def test_a_divided_activity_loses_its_guard_against_overflow_and_nothing_else():
    found = written(DivisiveNormalisation(), lambda part, x: {"r": part.activity(x["u"])}, "u", sums=True)
    (name, term), = found.totals.items()
    assert "max" not in found.texts["r"] + term
    rates = evaluate(found.texts["r"], {"u": V, name: np.sum(evaluate(term, {"u": V}))})
    np.testing.assert_allclose(rates, np.exp(V) / np.exp(V).sum(), rtol=1e-12)


def test_sums_within_sums_are_summed_in_order():
    def activity(part, x):
        share = exp(x["u"]) / total(exp(x["u"]))
        return {"r": share**2 / total(share**2)}

    found = written(DivisiveNormalisation(), activity, "u", sums=True)
    values = {"u": V}
    for name, term in found.totals.items():
        values[name] = np.sum(evaluate(term, values))
    assert len(found.totals) == 2
    share = np.exp(V) / np.exp(V).sum()
    np.testing.assert_allclose(evaluate(found.texts["r"], values), share**2 / (share**2).sum(), rtol=1e-12)


FORMS = {
    "relu": (lambda v, i: relu(v - i), np.maximum(V - X, 0)),
    "minimum": (lambda v, i: minimum(v, 0.7), np.minimum(V, 0.7)),
    "step": (lambda v, i: step(v - 1), (V > 1).astype(float)),
    "sign": (lambda v, i: sign(v), np.sign(V)),
    "abs": (lambda v, i: abs(v) * i, np.abs(V) * X),
    "transcendental": (lambda v, i: exp(-v) + tanh(i) + sqrt(v**2 + 1) + log(v**2 + 2),
                       np.exp(-V) + np.tanh(X) + np.sqrt(V**2 + 1) + np.log(V**2 + 2)),
    "larger of two": (lambda v, i: relu(v - i) + i, np.maximum(V, X)),
    "powers": (lambda v, i: v**3 / (1 + i**2) - 1 / 7, V**3 / (1 + X**2) - 1 / 7),
    "a constant": (lambda v, i: 2.5, np.full(9, 2.5)),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_operation_means_what_it_means_on_arrays(form):
    equation, expected = FORMS[form]
    found = written(LIF(), lambda part, x: {"y": equation(x["v"], x["i"])}, "v", "i")
    assert evaluate(found.texts["y"], {"v": V, "i": X}) == pytest.approx(expected, rel=1e-12)


def test_settings_do_not_take_the_names_of_variables_or_of_brian2():
    found = written(SaturatingRate(), lambda part, x: {"y": part.drift(x["tau"], x["u"])}, "tau", "u")
    assert set(found.parameters) == {"tau_value"}
    rule = written(PairSTDP(), lambda part, x: {"y": part.potentiation * x["x"]}, "x", taken=frozenset({"potentiation"}))
    assert set(rule.parameters) == {"potentiation_value"}


@dataclass(frozen=True)
class Gated(Description):
    """Decides by a setting, which is no equation in it, but one for each of its values."""

    gain: float = 2.0

    def response(self, v):
        """Return gain · v, or v²."""
        return self.gain * v if float(self.gain) > 1 else v**2


def test_a_part_that_decides_by_its_settings_is_written_with_their_numbers():
    found = written(Gated(), lambda part, x: {"y": part.response(x["v"])}, "v")
    assert (found.texts["y"], found.parameters) == ("2.0*v", {})


REFUSED = {
    "branches": lambda part, x: {"y": np.where(np.asarray(x["v"] > 0), x["v"], 0)},
    "unknown functions": lambda part, x: {"y": np.sinc(np.asarray(x["v"], dtype=float))},
    "no expression": lambda part, x: {"y": [x["v"]]},
    "other numbers on symbols": lambda part, x: {"y": x["v"] * (2 if isinstance(x["v"], np.ndarray) else 3)},
    "sums where none may be": lambda part, x: {"y": x["v"] / total(x["v"])},
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_is_no_equation_is_refused(reason):
    with pytest.raises(TranslationError):
        written(LIF(), REFUSED[reason], "v")


def test_a_peak_that_matters_is_refused():
    with pytest.raises(TranslationError, match="other numbers"):
        written(LIF(), lambda part, x: {"y": x["v"] / (3 + peak(x["v"]))}, "v", sums=True)


def test_an_apical_compartment_scales_its_change():
    found = written(Apical(0.3), lambda part, x: {"f": part.feedback(x["change"])}, "change", suffix="_apical")
    assert (found.texts["f"], found.parameters) == ("change*gain_apical", {"gain_apical": 0.3})
