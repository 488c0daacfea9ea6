"""Aims at one equation that means two things: a function that differs between arrays, tensors and symbols, or swallows
a NaN on one of them.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy

from bio_fa import ops

torch = pytest.importorskip("torch")

POSITIVE = (0.25, 1.0, 3.0)
REAL = (-3.0, -0.25, 0.0, 0.25, 3.0)

ORACLES = {
    "exp": (ops.exp, math.exp, REAL),
    "log": (ops.log, math.log, POSITIVE),
    "tanh": (ops.tanh, math.tanh, REAL),
    "sqrt": (ops.sqrt, math.sqrt, POSITIVE),
    "sign": (ops.sign, lambda x: (x > 0) - (x < 0), REAL),
    "relu": (ops.relu, lambda x: max(x, 0.0), REAL),
    "minimum": (lambda x: ops.minimum(x, 0.5), lambda x: min(x, 0.5), REAL),
    "step": (ops.step, lambda x: float(x > 0), REAL),
}
"""Our function, the same from Python's mathematics, and where to compare them."""


@pytest.fixture(params=ORACLES)
def function(request):
    return ORACLES[request.param]


def test_on_arrays_each_function_is_that_of_mathematics(function):
    ours, oracle, where = function
    np.testing.assert_allclose(ours(np.array(where)), [oracle(x) for x in where], rtol=1e-15)


def test_on_tensors_each_function_is_that_of_mathematics_and_keeps_the_precision(function):
    ours, oracle, where = function
    for precision, rtol in ((torch.float64, 1e-15), (torch.float32, 1e-6)):
        value = ours(torch.tensor(where, dtype=precision))
        assert value.dtype == precision
        np.testing.assert_allclose(value.numpy(), [oracle(x) for x in where], rtol=rtol)


def test_on_numbers_each_function_is_that_of_mathematics(function):
    ours, oracle, where = function
    assert [float(ours(x)) for x in where] == pytest.approx([oracle(x) for x in where], rel=1e-15)


def test_on_a_symbol_each_function_is_an_equation_that_evaluates_to_the_same_numbers(function):
    ours, oracle, where = function
    x = sympy.Symbol("x", real=True)
    equation = ours(x)
    assert equation.free_symbols == {x}
    assert [float(equation.subs(x, value)) for value in where] == pytest.approx([oracle(value) for value in where], rel=1e-15)


def test_an_equation_of_symbols_computes_on_arrays_what_the_functions_compute_on_them():
    def equation(x):
        return ops.tanh(ops.relu(x)) + ops.step(x) * ops.exp(-x) - ops.minimum(x, 0.5)

    x = sympy.Symbol("x", real=True)
    values = np.linspace(-2, 2, 9)
    np.testing.assert_allclose(sympy.lambdify(x, equation(x), "numpy")(values), equation(values), rtol=1e-14)


@pytest.mark.parametrize("function", [ops.relu, ops.exp, ops.tanh, ops.sqrt, lambda x: ops.minimum(x, 1.0)])
def test_a_nan_passes_through_so_that_divergence_is_seen(function):
    assert np.isnan(function(np.array([np.nan]))).all()
    assert function(torch.tensor([float("nan")])).isnan().all()


@pytest.mark.parametrize(("reduce", "expected"), [(ops.total, [[6.0], [15.0]]), (ops.peak, [[3.0], [6.0]])])
def test_total_and_peak_reduce_the_neurons_of_each_trial_and_keep_the_axis(reduce, expected):
    rows = [[1.0, 3.0, 2.0], [4.0, 6.0, 5.0]]
    assert reduce(np.array(rows)).tolist() == expected
    assert reduce(torch.tensor(rows)).tolist() == expected


@pytest.mark.parametrize("reduce", [ops.total, ops.peak])
def test_total_and_peak_of_a_symbol_stay_visible_in_the_equation(reduce):
    x = sympy.Symbol("x", real=True)
    assert reduce(x) != x and reduce(x).free_symbols == {x}


@pytest.mark.parametrize("make", [np.array, torch.tensor])
def test_rectify_writes_the_rectified_values_into_its_argument(make):
    x = make(list(REAL))
    assert ops.rectify(x) is x
    assert x.tolist() == [max(value, 0.0) for value in REAL]


@pytest.mark.parametrize("make", [np.array, torch.tensor])
@pytest.mark.parametrize(("share", "expected"), [(0.0, [0.0, 4.0]), (0.25, [0.5, 3.0]), (1.0, [2.0, 0.0])])
def test_approach_goes_a_share_of_the_way_in_place(make, share, expected):
    x, goal = make([0.0, 4.0]), make([2.0, 0.0])
    assert ops.approach(x, goal, share) is x
    assert x.tolist() == expected and goal.tolist() == [2.0, 0.0]


def test_rows_of_zeros_have_the_trials_and_the_precision_of_their_example():
    array, tensor = np.ones((3, 5), np.float32), torch.ones((3, 5), dtype=torch.float64)
    for example, zeros in ((array, ops.rows_of_zeros(array, 2)), (tensor, ops.rows_of_zeros(tensor, 2))):
        assert tuple(zeros.shape) == (3, 2) and zeros.dtype == example.dtype and not zeros.any()
