"""Aims at a program that a person could not read or run: one that hides numbers, needs bio_fa, or differs from time to time."""

from __future__ import annotations

import ast
import re

import pytest

from bio_fa import two_phase
from bio_fa.backends.brian2_export import exported
from bio_fa.backends.brian2_plan import Plan
from bio_fa.backends.brian2_program import Program
from tests.tiny import MODELS, PLASTIC_SPIKING, SPIKING

CIRCUITS = {**SPIKING, **PLASTIC_SPIKING, "rates": MODELS["hierarchy_of_2"]}
every_circuit = pytest.mark.parametrize("name", CIRCUITS)


def program(name: str) -> Program:
    circuit = CIRCUITS[name]
    return Program(Plan(circuit, two_phase(circuit, duration=0.1, window=0.05)))


@every_circuit
def test_a_program_needs_numpy_and_brian2_only(name):
    tree = ast.parse(exported(program(name), trials=2))
    modules = {each.module for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)}
    modules |= {alias.name for each in ast.walk(tree) if isinstance(each, ast.Import) for alias in each.names}
    assert modules == {"numpy", "brian2", "pathlib"}
    assert "bio_fa" not in exported(program(name), trials=2)


@every_circuit
def test_a_program_is_the_same_each_time(name):
    assert exported(program(name), 1) == exported(program(name), 1)


@every_circuit
def test_a_program_names_every_population_and_projection(name):
    text, circuit = exported(program(name), 1), CIRCUITS[name]
    given = {circuit.input} - {each.name for each in program(name).plan.populations}
    for population in circuit.populations:
        assert population.name in given or f'neurons["{population.name}"] = NeuronGroup(' in text
    for projection in circuit.projections:
        assert f'"{projection.name}"' in text


@every_circuit
def test_no_line_is_longer_than_a_page_is_wide_and_every_function_says_what_it_does(name):
    text = exported(program(name), 1)
    assert max(map(len, text.splitlines())) <= 160
    functions = [each for each in ast.walk(ast.parse(text)) if isinstance(each, ast.FunctionDef)]
    assert functions and all(ast.get_docstring(each) for each in functions)


def test_every_variable_of_a_spiking_neuron_is_explained():
    text = program("eligibility").text
    group = text[text.index('neurons["V1_E"]') : text.index('neurons["V1_I"]')].split('"""')[1]
    lines = [line.strip() for line in group.strip().splitlines()]
    bare = [line for before, line in zip(["", *lines], lines, strict=False) if "#" not in line and not before.startswith("#")]
    assert bare == []


def test_physiology_stands_under_its_name():
    # Settings are named once a group, so that a reader can change them there.
    text = program("refractory").text
    assert '"tau": 0.02' in text and '"threshold": 1.0' in text
    assert re.search(r"dv/dt = \(.*\(rest - v\)/tau.*\)/second : 1 \(unless refractory\)", text)
    assert "refractory=0.004*second" in text
