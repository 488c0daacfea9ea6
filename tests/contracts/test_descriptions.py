"""Aims at a description that a file cannot hold, that changes after it was checked, or that states an equation or a choice
without saying where it comes from. Every final class of the library is looked at, those of tomorrow too.
"""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
from dataclasses import MISSING, FrozenInstanceError, fields

import pytest

import bio_fa
from bio_fa.analysis.run_table import FeedbackPair, FeedbackPath
from bio_fa.backends.torch_rate import TorchRate
from bio_fa.circuit import Circuit
from bio_fa.comparison import Comparison
from bio_fa.config import Config
from bio_fa.connectivity import Connectivity
from bio_fa.constraints import Bounds, Constraint, WeightNorm
from bio_fa.credit import Activity, ActivityDifference
from bio_fa.description import Description
from bio_fa.experiment import Experiment
from bio_fa.io.nodes import PopulationInfo
from bio_fa.io.weights import SnapshotInfo, SynapseInfo
from bio_fa.learning import GradientLearning, Switch
from bio_fa.neurons import LIF, AdaptiveThresholdLIF, Neuron, PoissonSource
from bio_fa.noise import NeuronNoise, SynapseNoise
from bio_fa.phase import Nudge, Phase
from bio_fa.plasticity import Hebbian, Plasticity, Sum, WeightDecay
from bio_fa.population import Area, Population
from bio_fa.projection import Projection
from bio_fa.protocol import Protocol, two_phase
from bio_fa.sections import NeuronsConfig
from bio_fa.selection import NeuronList, RandomNeurons
from bio_fa.tasks import ImageFolder, TeacherStudent
from bio_fa.tie import SignConcordant, Transposed
from bio_fa.transmission import ConductanceSynapse, CurrentSynapse, Transmission
from bio_fa.updates import Chain, CosineDecay, FrozenSigns, Scale, Sign, Update
from bio_fa.weights import Constrained, Narrow, Normalised, StartingAs, Weights
from models.mlp import mlp
from models.two_area import two_area

CIRCUIT = two_area(8, 6, 3)
PATH = FeedbackPath(("V1_FE_to_V1_E", "output_to_V1_FE"), -1.0)
EXAMPLES = [
    Activity("E", "free"),
    ActivityDifference.in_time("E"),
    Area("V1", (Population("E", 3), Population("I", 2, -1))),
    Bounds(2.0),
    Chain((Sign(), Scale(0.1))),
    CIRCUIT,
    mlp(8, (6,), 3),
    Comparison("example", base={}, rules={"backpropagation": {}}),
    Config("example", circuit={"model": "two_area"}),
    NeuronList((3, 1)),
    RandomNeurons(5),
    Constrained(Narrow(), (WeightNorm(),)),
    CosineDecay(10),
    Experiment("example", CIRCUIT, TeacherStudent(), two_phase(CIRCUIT), TorchRate()),
    FeedbackPair("V1", "V1_E_to_output", (), (PATH,)),
    FrozenSigns(10),
    PATH,
    ImageFolder("images"),
    NeuronNoise("E", 0.2, alone=True),
    Normalised(Narrow(), 2.0),
    Nudge("output", 0.5),
    Phase("noisy", ("input",), noise=(NeuronNoise("E"), SynapseNoise("input_to_E"))),
    SynapseNoise("input_to_E"),
    Phase("nudged", ("input",), (Nudge("output"),), ("E",), hold_from="free", duration=0.1, plastic=True),
    Population("E", 3, None),
    PopulationInfo("E", 3, None, "V1", "forward", "E"),
    Population("E", 3, neuron=AdaptiveThresholdLIF(refractory=2e-3)),
    Projection("a", "b", plasticity=Hebbian(), constraints=(Bounds(1.0),)),
    Projection("a", "b", transmission=ConductanceSynapse(delay=1e-3)),
    CIRCUIT.with_neurons(LIF(), CurrentSynapse(delay=2e-3), PoissonSource()),
    Protocol((Phase("free"),)),
    SignConcordant("a_to_b", redrawn=True, normalised=True),
    SnapshotInfo("000000", 0, 0),
    StartingAs("a_to_b", -1.0),
    Sum((Hebbian(), WeightDecay())),
    Switch(3, GradientLearning()),
    Transposed("a_to_b"),
    SynapseInfo("a_to_b", "a", "b", None, "basal", True, 0.5),
]
"""One of each class that has no default, and of each optional field set to nothing."""


def final_classes() -> list[type[Description]]:
    for module in pkgutil.walk_packages(bio_fa.__path__, "bio_fa."):
        importlib.import_module(module.name)
    return [each for each in Description.kinds().values() if each.__module__.startswith("bio_fa.")]


FINAL = final_classes()
ABSTRACT = sorted({base for each in FINAL for base in each.__mro__ if issubclass(base, Description) and base is not each}, key=str)
BY_DEFAULT = [each() for each in FINAL if all(f.default is not MISSING or f.default_factory is not MISSING for f in fields(each))]


def named(value: object) -> str:
    return value.__name__ if isinstance(value, type) else type(value).__name__


every_description = pytest.mark.parametrize("description", BY_DEFAULT + EXAMPLES, ids=named)


@pytest.mark.parametrize("kind", FINAL, ids=named)
def test_every_class_has_an_example(kind):
    assert kind in {type(each) for each in BY_DEFAULT + EXAMPLES}, f"add one {kind.__name__} to EXAMPLES"


@every_description
def test_it_comes_back_from_json_as_it_was(description):
    table = json.loads(json.dumps(description.to_table(), allow_nan=False))
    assert type(description).from_table(table) == description


@every_description
def test_its_family_knows_it_by_its_kind(description):
    table = description.to_table()
    families = [each for each in ABSTRACT if isinstance(description, each)]
    assert table["kind"] == type(description).kind() and all(each.from_table(table) == description for each in families)


@every_description
def test_it_is_frozen(description):
    for field in fields(description):
        with pytest.raises(FrozenInstanceError):
            setattr(description, field.name, getattr(description, field.name))


HASHED = [each for each in BY_DEFAULT + EXAMPLES if not isinstance(each, Comparison | Config | NeuronsConfig)]


@pytest.mark.parametrize("description", HASHED, ids=named)
def test_equal_descriptions_have_equal_hashes(description):
    """A comparison, a configuration and its neurons hold plain tables, which have no hash; nothing else does."""
    copy = type(description).from_table(description.to_table())
    assert hash(copy) == hash(description)


@pytest.mark.parametrize("kind", FINAL, ids=named)
def test_a_final_class_cannot_be_extended(kind):
    with pytest.raises(TypeError, match=f"cannot extend {kind.__name__}, which is final"):
        type("Extension", (kind,), {})


@pytest.mark.parametrize("family", ABSTRACT, ids=named)
def test_an_abstract_class_cannot_be_made(family):
    with pytest.raises(TypeError, match="abstract"):
        family()


NOTHING_TO_CITE = {
    "sum": "it is made of rules that say theirs",
    "chain": "it is made of updates that say theirs",
    "scale": "a multiplication",
    "all_to_all": "its name says all",
    "graded": "a product of a weight and a rate",
    "one_to_one": "its name says all",
    "constant": "its name says all",
    "uniform": "a textbook distribution, chosen by the user",
    "exponential": "a textbook distribution, chosen by the user",
}
FAMILIES = Neuron | Plasticity | Transmission | Update | Constraint | Connectivity | Weights
SCIENCE = [each for each in FINAL if issubclass(each, FAMILIES)]


@pytest.mark.parametrize("kind", [each for each in SCIENCE if each.kind() not in NOTHING_TO_CITE], ids=named)
def test_an_equation_has_a_source_or_a_choice_has_a_reason(kind):
    cited = [line for line in example(kind).sources() if line.startswith(f"{kind.__name__}: ")]
    assert cited and all(len(line.split()) >= 6 for line in cited)


def example(kind: type[Description]) -> Description:
    return next(each for each in BY_DEFAULT + EXAMPLES if type(each) is kind)


def test_what_needs_no_source_is_still_there():
    assert set(NOTHING_TO_CITE) <= {each.kind() for each in SCIENCE}


@pytest.mark.parametrize("kind", FINAL, ids=named)
def test_a_class_says_what_it_is_in_its_own_words(kind):
    """A dataclass without a docstring gets its signature as one."""
    assert not inspect.getdoc(kind).startswith(f"{kind.__name__}(")


@pytest.mark.parametrize("circuit", [each for each in EXAMPLES if isinstance(each, Circuit)], ids=lambda each: each.name)
def test_the_unsigned_stay_unsigned_in_a_file(circuit):
    copy = Circuit.from_table(json.loads(json.dumps(circuit.to_table())))
    assert [each.sign for each in copy.populations] == [each.sign for each in circuit.populations]
