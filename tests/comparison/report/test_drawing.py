"""Failure aimed at: a drawing that leaves out a population or a projection, draws one twice, or hides one behind another."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter

import pytest

from bio_fa.circuit import Circuit
from bio_fa.comparison.report.drawing import alike, draw, learning
from bio_fa.comparison.report.layout import HEIGHT, WIDTH, layout
from bio_fa.errors import BioFAError
from bio_fa.rules import CorticalNetwork, LearningRule, Network
from models.cortical_hierarchy import cortical_hierarchy
from models.two_area import two_area
from tests.comparison.report.markup import Element, read


def circuits() -> dict[str, Circuit]:
    """Return the circuit of every rule on both networks, where it has one, and of two models."""
    found = {"two_area": two_area(4, 3, 2), "cortical_hierarchy": cortical_hierarchy(4, (3, 3), 2)}
    for (name, rule), network in itertools.product(LearningRule.kinds().items(), (Network, CorticalNetwork)):
        try:
            found[f"{name}, {network.kind()}"] = rule().circuit(network(4, (3, 3, 3), 2))
        except BioFAError:
            continue
    return found


CIRCUITS = circuits()


def drawn(circuit: Circuit) -> Element:
    return read(draw(circuit, "a circuit"))


@pytest.mark.parametrize("circuit", CIRCUITS.values(), ids=CIRCUITS)
def test_every_population_and_every_projection_is_drawn_once(circuit):
    seen = drawn(circuit)
    for kind, expected in (("population", circuit.populations), ("projection", circuit.projections)):
        assert Counter(each.attributes["data-name"] for each in seen.classed(kind)) == Counter(each.name for each in expected)


@pytest.mark.parametrize("circuit", CIRCUITS.values(), ids=CIRCUITS)
def test_signs_and_learning_are_those_of_the_description(circuit):
    seen = {each.attributes["data-name"]: each.attributes["class"].split() for each in drawn(circuit).classed("projection")}
    signs = {1: "excitatory", -1: "inhibitory", None: "unsigned"}
    for each in circuit.projections:
        assert seen[each.name] == ["projection", signs[circuit.sign(each)], learning(each), each.compartment]
    plastic = {name for name, classes in seen.items() if "plastic" in classes}
    assert plastic == {each.name for each in circuit.plastic}
    assert {name for name, classes in seen.items() if "tied" in classes} == {each.name for each in circuit.tied}


@pytest.mark.parametrize("circuit", CIRCUITS.values(), ids=CIRCUITS)
def test_populations_stand_apart_and_everything_is_inside_the_picture(circuit):
    placed = layout(circuit)
    for one, other in itertools.combinations(placed.places.values(), 2):
        assert abs(one.x - other.x) > WIDTH or abs(one.y - other.y) > HEIGHT
    numbers = (re.findall(r"-?\d+\.\d+ -?\d+\.\d+", placed.path(each)) for each in circuit.projections)
    points = [tuple(map(float, pair.split())) for pairs in numbers for pair in pairs]
    assert all(0 <= x <= placed.width and 0 <= y <= placed.height for x, y in points)


def test_what_leads_down_is_feedback_and_what_leads_up_is_not():
    seen = drawn(CIRCUITS["direct_feedback_alignment, network"])
    (back,), (up,) = seen.classed("feedback"), seen.classed("forward")
    assert {each.attributes["data-name"] for each in back.classed("projection")} == {f"output_to_H{k}" for k in (1, 2, 3)}
    assert {each.attributes["data-name"] for each in up.classed("projection")} >= {"input_to_H1", "H3_to_output", "tonic_to_H1"}


def test_a_path_arrives_where_its_projection_does():
    circuit = CIRCUITS["feedback_alignment, cortical_network"]
    placed = layout(circuit)
    for each in circuit.projections:
        x, y = map(float, re.findall(r"-?\d+\.\d+", placed.path(each))[-2:])
        post = placed.places[each.post]
        assert abs(x - post.x) <= WIDTH / 2 + 4 and abs(y - post.y) <= HEIGHT / 2 + 4


def test_long_names_are_cut_in_the_box_and_whole_in_its_title():
    name = "a_population_with_a_long_name"
    circuit = two_area(4, 3, 2)
    renamed = Circuit.from_table(json.loads(json.dumps(circuit.to_table()).replace('"V1_I"', f'"{name}"')))
    (box,) = [each for each in drawn(renamed).classed("population") if each.attributes["data-name"] == name]
    assert name in box.all("title")[0].text and len(box.classed("name")[0].text) == 10


def test_circuits_look_alike_that_differ_in_sizes_alone():
    fa, kp = (LearningRule.kinds()[kind]() for kind in ("feedback_alignment", "kolen_pollack"))
    assert alike(fa.circuit(Network(4, (3,), 2))) == alike(fa.circuit(Network(8, (5,), 2)))
    assert alike(fa.circuit(Network(4, (3,), 2))) != alike(kp.circuit(Network(4, (3,), 2)))
