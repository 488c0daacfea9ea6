"""Aims at a neuron of tomorrow that breaks what its family promises: rate neurons whose activity turns negative unannounced, whose
slope is not that of their activity or that settle where they still drift, spiking neurons that fire for ever at once or at rest,
sources that fire at another rate than they say.
"""

from __future__ import annotations

import math
from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bio_fa.neurons import Neuron, RateNeuron, SpikeSource, SpikingNeuron
from bio_fa.population import EXCITATORY, INHIBITORY, UNSIGNED, Population
from tests.refusals import assert_refused

NEURONS = [each() for each in Neuron.kinds().values() if each.__module__.startswith("bio_fa.")]
RATE_NEURONS = [each for each in NEURONS if isinstance(each, RateNeuron)]
SPIKING_NEURONS = [each for each in NEURONS if isinstance(each, SpikingNeuron)]
SOURCES = [each for each in NEURONS if isinstance(each, SpikeSource)]
POTENTIALS = arrays(float, (2, 4), elements=st.floats(-1e6, 1e6, allow_subnormal=False))
VARIABLE = arrays(float, (2, 3), elements=st.floats(-10, 10, allow_subnormal=False))

every_rate = pytest.mark.parametrize("neuron", RATE_NEURONS, ids=lambda each: each.kind())
every_spiking = pytest.mark.parametrize("neuron", SPIKING_NEURONS, ids=lambda each: each.kind())
every_source = pytest.mark.parametrize("source", SOURCES, ids=lambda each: each.kind())


def test_every_neuron_belongs_to_one_family():
    assert sorted(map(repr, NEURONS)) == sorted(map(repr, [*RATE_NEURONS, *SPIKING_NEURONS, *SOURCES]))


@pytest.mark.parametrize("neuron", NEURONS, ids=lambda each: each.kind())
def test_its_time_constants_are_settings_of_its_own(neuron):
    for name, seconds in neuron.time_constants().items():
        assert getattr(neuron, name) == seconds > 0


@given(st.sampled_from(RATE_NEURONS), POTENTIALS)
def test_under_a_constant_current_a_settled_neuron_does_not_drift(neuron, current):
    np.testing.assert_allclose(neuron.drift(neuron.settled(current), current), 0, atol=1e-9)


@given(st.sampled_from(RATE_NEURONS), POTENTIALS)
def test_no_potential_makes_an_activity_infinite_nor_negative_unless_it_is_signed(neuron, u):
    activity = neuron.activity(u)
    assert activity.shape == u.shape and np.isfinite(activity).all()
    assert neuron.signed or (activity >= 0).all()


@pytest.mark.parametrize("neuron", [each for each in RATE_NEURONS if each.signed], ids=lambda each: each.kind())
def test_a_neuron_that_is_signed_can_show_negative_activity(neuron):
    assert (neuron.activity(np.array([-2.0, -0.5])) < 0).all()


@pytest.mark.parametrize("neuron", NEURONS, ids=lambda each: each.kind())
@pytest.mark.parametrize("sign", [EXCITATORY, INHIBITORY, UNSIGNED])
def test_only_a_population_without_sign_has_signed_neurons(neuron, sign):
    if neuron.signed and sign is not UNSIGNED:
        asked = f"Population 'E': neuron = {neuron} is not allowed", "never negative", f"sign = {sign} asks for, or sign = None."
        assert_refused(lambda: Population("E", 2, sign, neuron), *asked)
    else:
        assert Population("E", 2, sign, neuron).neuron == neuron


@given(st.sampled_from([each for each in RATE_NEURONS if each.ceiling is not None]), POTENTIALS)
def test_no_potential_drives_a_neuron_above_its_ceiling(neuron, u):
    assert (neuron.activity(u) <= neuron.ceiling).all()


@given(st.sampled_from(RATE_NEURONS), POTENTIALS, st.floats(0, 1e3, allow_subnormal=False))
def test_more_potential_never_means_less_activity(neuron, u, more):
    driven = u.copy()
    driven[:, 0] += more
    assert (neuron.activity(driven)[:, 0] >= neuron.activity(u)[:, 0] - 1e-15).all()


@every_rate
@pytest.mark.parametrize("steps", [20, 200, 2000])
def test_after_one_time_constant_it_is_1_minus_1_over_e_of_the_way(neuron, steps):
    """Euler gives 1 − (1 − 1/n)ⁿ, which differs from 1 − 1/e by at most 1 / (2 e n) to first order; 1 / (4 n) is above it."""
    u, current, dt = np.array([1.0, -2.0]), np.array([3.0, 4.0]), neuron.tau / steps
    start = u.copy()
    for _ in range(steps):
        u = u + dt * neuron.drift(u, current)
    np.testing.assert_allclose((u - start) / (current - start), 1 - math.exp(-1), atol=1 / (4 * steps))


@every_rate
def test_arrays_tensors_and_symbols_follow_the_equations_of_a_rate_neuron(neuron):
    torch, sympy = pytest.importorskip("torch"), pytest.importorskip("sympy")
    u, current = np.random.default_rng(0).normal(size=(2, 3, 4))
    tensors = torch.tensor(u), torch.tensor(current)
    np.testing.assert_allclose(neuron.drift(*tensors).numpy(), neuron.drift(u, current), rtol=1e-14)
    np.testing.assert_allclose(neuron.activity(tensors[0]).numpy(), neuron.activity(u), rtol=1e-14)
    np.testing.assert_allclose(neuron.slope(tensors[0]).numpy(), neuron.slope(u), rtol=1e-13)
    symbols = sympy.symbols("u I", real=True)
    np.testing.assert_allclose(sympy.lambdify(symbols, neuron.drift(*symbols))(u, current), neuron.drift(u, current), rtol=1e-14)
    assert neuron.activity(symbols[0]).free_symbols == {symbols[0]}


@every_rate
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_activity_and_slope_keep_the_shape_and_a_tensors_precision_and_are_values_of_their_own(neuron, precision):
    torch = pytest.importorskip("torch")
    u = np.random.default_rng(0).normal(size=(3, 4)).astype(precision)
    for potential, share in ((u, np.shares_memory), (torch.tensor(u), lambda a, b: a.data_ptr() == b.data_ptr())):
        for value in (neuron.activity(potential), neuron.slope(potential)):
            assert value.shape == potential.shape and not share(value, potential)
            assert isinstance(value, np.ndarray) or value.dtype == potential.dtype


def away_from_kinks(u: np.ndarray) -> np.ndarray:
    """Return potentials that are at least 1e-3 from 0 and ±1, where an activity of the library may have a kink."""
    near = np.min(np.abs(u[..., None] - np.array([-1.0, 0.0, 1.0])), axis=-1) < 1e-3
    return np.where(near, u + 0.01, u)


@given(st.sampled_from(RATE_NEURONS), arrays(float, (2, 4), elements=st.floats(-6, 6, allow_subnormal=False)))
def test_the_slope_is_the_difference_that_a_little_potential_of_its_own_makes(neuron, u):
    """A central difference is off by h² r‴ / 6, below 1e-9, and by rounding, below 1e-9 too, with h = 1e-5 and |u| ≤ 6."""
    u, h = away_from_kinks(u), 1e-5
    slope = neuron.slope(u)
    for own in range(u.shape[1]):
        less, more = u.copy(), u.copy()
        less[:, own] -= h
        more[:, own] += h
        difference = (neuron.activity(more) - neuron.activity(less))[:, own] / (2 * h)
        np.testing.assert_allclose(slope[:, own], difference, atol=1e-8)


@every_rate
def test_as_symbols_the_slope_is_the_derivative_of_the_activity(neuron):
    """A sum over the population is taken apart into the neuron's own term and the rest; its peak only guards against overflow."""
    sympy = pytest.importorskip("sympy")
    u, rest = sympy.Symbol("u", real=True), sympy.Symbol("rest", positive=True)

    def explicit(equation):
        for name, meaning in (("max", lambda _: 0), ("sum", lambda own: own + rest)):
            equation = sympy.sympify(equation).replace(sympy.Function(name), meaning)
        return equation

    difference = explicit(neuron.slope(u)) - sympy.diff(explicit(neuron.activity(u)), u)
    for value in (-3, sympy.Rational(-1, 3), sympy.Rational(2, 5), sympy.Rational(6, 5), 4):
        assert abs(difference.subs({u: value, rest: 2}).evalf(30)) < 1e-25


@every_rate
def test_gradient_learning_sees_the_slope_of_the_neuron(neuron):
    torch = pytest.importorskip("torch")
    u = torch.tensor(away_from_kinks(np.random.default_rng(1).normal(size=6)))
    jacobian = torch.autograd.functional.jacobian(neuron.activity, u)
    np.testing.assert_allclose(neuron.slope(u).numpy(), jacobian.diagonal().numpy(), rtol=1e-12, atol=1e-15)


@given(st.sampled_from(RATE_NEURONS), POTENTIALS)
def test_no_slope_is_negative_or_infinite(neuron, u):
    slope = neuron.slope(u)
    assert slope.shape == u.shape and (slope >= 0).all() and np.isfinite(slope).all()


@every_rate
def test_activity_and_slope_can_be_written_for_brian2(neuron):
    """What is written gives, evaluated as Brian2's functions are documented, the numbers of the equations."""
    pytest.importorskip("brian2")
    from bio_fa.backends.brian2_symbols import Style, evaluate, write

    u = np.linspace(-2.1, 2.4, 7)
    equations = {"rate": neuron.activity, "slope": neuron.slope}
    both = lambda part, potential: {"rate": part.activity(potential["u"]), "slope": part.slope(potential["u"])}  # noqa: E731
    found = write(neuron, both, ("u",), Style(sums=True))
    values = {"u": u, **found.parameters}
    for name, term in found.totals.items():
        values[name] = np.sum(evaluate(term, values))
    for name, text in found.texts.items():
        np.testing.assert_allclose(np.broadcast_to(evaluate(text, values), 7), equations[name](u), rtol=1e-12, atol=1e-15)


def state_of(neuron: SpikingNeuron, values: np.ndarray) -> dict[str, np.ndarray]:
    """Return a state whose variables take their values in turn."""
    return {name: np.roll(values, number, axis=-1) for number, name in enumerate(neuron.variables)}


@every_spiking
def test_every_variable_has_a_start_and_a_derivative_and_no_other_is_reset_or_held(neuron):
    state = neuron.initial((4, 5), np.random.default_rng(0))
    assert list(state) and set(state) == set(neuron.variables) == set(neuron.derivatives(state, 0.0, 0.0))
    assert set(neuron.reset(state)) <= set(neuron.variables) and set(neuron.held) <= set(neuron.variables)
    assert all(values.shape == (4, 5) and values.dtype == float for values in state.values())


@every_spiking
def test_no_neuron_starts_above_its_threshold_and_neurons_start_apart(neuron):
    state = neuron.initial((20, 50), np.random.default_rng(0))
    assert (neuron.excess(state) <= 0).all()
    assert len(np.unique(state["v"])) == 1000


@every_spiking
def test_the_start_of_a_neuron_is_drawn_from_the_stream_that_is_given(neuron):
    one, same, other = (neuron.initial((2, 3), np.random.default_rng(seed))["v"] for seed in (1, 1, 2))
    assert np.array_equal(one, same) and not np.array_equal(one, other)


@every_spiking
def test_a_reset_leaves_a_neuron_that_just_fired_below_its_threshold(neuron):
    state = state_of(neuron, np.zeros((1, 3)))
    for overshoot in (1e-9, 0.2, 0.9):
        fired = {**state, "v": neuron.threshold + overshoot + 0 * state["v"]}
        assert (neuron.excess(fired) > 0).all()
        assert (neuron.excess({**fired, **neuron.reset(fired)}) <= 0).all()


@given(st.sampled_from(SPIKING_NEURONS), VARIABLE, st.floats(0, 10, allow_subnormal=False))
def test_more_current_never_means_less_depolarisation(neuron, values, more):
    state = state_of(neuron, values)
    weak, strong = (neuron.derivatives(state, current, 0.0)["v"] for current in (0.5, 0.5 + more))
    assert (strong >= weak).all()


@every_spiking
def test_apical_current_depolarises_sooner_or_later(neuron):
    state = state_of(neuron, np.zeros((1, 2)))
    for _ in range(2):
        moved = neuron.derivatives(state, 0.0, 1.0)
        state = {name: value + 1e-3 * moved[name] for name, value in state.items()}
    assert (state["v"] > 0).all()


@given(st.sampled_from(SPIKING_NEURONS), VARIABLE)
def test_sensitivity_is_largest_at_the_threshold_and_never_negative(neuron, values):
    state = state_of(neuron, values)
    sensitivity = neuron.sensitivity(state)
    assert ((sensitivity >= 0) & (sensitivity <= 1)).all()
    at_threshold = {**state, "v": state["v"] - neuron.excess(state)}
    np.testing.assert_allclose(neuron.sensitivity(at_threshold), 1, atol=1e-12)


@every_spiking
@pytest.mark.parametrize("current", [0.0, 0.7, 3.0])
def test_smaller_time_steps_converge(neuron, current):
    """Euler's method is of first order: below threshold, a tenth of the step leaves about a tenth of the error."""
    ends = []
    for steps in (10, 100, 1000):
        state = {name: np.zeros((1, 1)) for name in neuron.variables}
        for _ in range(steps):
            moved = neuron.derivatives(state, current, 0.2)
            state = {name: value + 2e-3 / steps * moved[name] for name, value in state.items()}
        ends.append(state["v"].item())
    coarse, fine = abs(ends[0] - ends[2]), abs(ends[1] - ends[2])
    assert fine < 0.2 * coarse and coarse > 0


@every_spiking
def test_arrays_tensors_and_symbols_follow_the_equations_of_a_spiking_neuron(neuron):
    torch, sympy = pytest.importorskip("torch"), pytest.importorskip("sympy")
    values = np.random.default_rng(0).normal(size=(3, 4))
    state, names = state_of(neuron, values), list(neuron.variables)
    symbols = {name: sympy.Symbol(name, real=True) for name in names}
    current, apical = sympy.symbols("I A", real=True)

    def everything(variables, soma, dendrite):
        derivatives, reset = neuron.derivatives(variables, soma, dendrite), neuron.reset(variables)
        return [*derivatives.values(), neuron.excess(variables), *reset.values(), neuron.sensitivity(variables)]

    numbers = everything(state, 0.3, 0.4)
    tensors = everything({name: torch.tensor(value) for name, value in state.items()}, 0.3, 0.4)
    for number, tensor in zip(numbers, tensors, strict=True):
        np.testing.assert_allclose(tensor.numpy(), number, rtol=1e-13, atol=1e-14)
    equations = sympy.lambdify([*symbols.values(), current, apical], everything(symbols, current, apical))
    for place in np.ndindex(3, 4):
        found = equations(*(float(state[name][place]) for name in names), 0.3, 0.4)
        np.testing.assert_allclose([float(each) for each in found], [number[place] for number in numbers], rtol=1e-12, atol=1e-14)


def counted(source: SpikeSource, activity: np.ndarray, seconds: float, dt: float = 1e-3, seed: int = 0) -> np.ndarray:
    """Return how often each neuron of each trial fires."""
    return sum(islice(source.spikes(activity, dt, np.random.default_rng(seed)), round(seconds / dt)))


@every_source
def test_a_source_fires_at_the_rate_that_it_encodes(source):
    """The mean over 4000 neurons of counts whose variance is at most their mean, 20, is within 5 standard errors of it."""
    activity = np.full((40, 100), 0.2)
    assert counted(source, activity, 1.0).mean() == pytest.approx(20, abs=5 * math.sqrt(20 / 4000))


@every_source
def test_a_source_of_activity_0_is_silent_and_one_of_the_highest_fires_in_every_step(source):
    activity = np.array([[0.0, 1 / (source.unit_rate * 1e-3), 1e6]])
    assert counted(source, activity, 0.5).tolist() == [[0, 500, 500]]


@every_source
def test_the_neurons_and_trials_of_a_source_fire_apart(source):
    spikes = np.array(list(islice(source.spikes(np.full((2, 3), 0.3), 1e-3, np.random.default_rng(0)), 300)))
    trains = spikes.reshape(300, 6).T
    assert len({train.tobytes() for train in trains}) == 6
    assert spikes.dtype == bool


@every_source
def test_the_spikes_of_a_source_are_those_of_its_stream(source):
    activity = np.full((2, 5), 0.5)
    first, same, other = (counted(source, activity, 0.05, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, same) and not np.array_equal(first, other)
