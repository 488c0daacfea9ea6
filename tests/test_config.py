"""Aims at configurations that are misunderstood in silence: a key ignored, an override lost, a default that is not kept."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from bio_fa.comparison import Comparison
from bio_fa.config import Config, apply_override, load, parse
from bio_fa.constraints import WeightNorm
from bio_fa.errors import BioFAError, ConfigError
from bio_fa.guard import Liveness
from bio_fa.learning import GradientLearning, LocalLearning, Switch
from bio_fa.neurons import LIF, PoissonSource
from bio_fa.plasticity import Oja, Sum, WeightDecay
from bio_fa.protocol import one_phase, two_phase
from bio_fa.transmission import CurrentSynapse
from bio_fa.updates import Adaptive, CosineDecay, Scale, chain
from tests.rule_files import SILENCE, forgotten
from tests.small import CONFIG, write_config

RULE = '''
from collections.abc import Iterator
from dataclasses import dataclass

from bio_fa.plasticity import Plasticity


@dataclass(frozen=True)
class {name}(Plasticity):
    """Δw = r_i · r_j.

    Source: a test.
    """

    def factors(self, pre, post, w) -> Iterator:
        yield post.activity, pre.activity, 1
'''


def overridden(*overrides: str) -> dict:
    table = tomllib.loads(CONFIG)
    for override in overrides:
        apply_override(table, override)
    return table


@pytest.mark.parametrize(
    ("override", "section", "key", "value"),
    [
        ("training.epochs=5", "training", "epochs", 5),
        ("training.batch = 7", "training", "batch", 7),
        ("protocol.strength=1e-3", "protocol", "strength", 1e-3),
        ("protocol.hold=false", "protocol", "hold", False),
        ("training.learning=gradient", "training", "learning", "gradient"),
        ('training.decay="none"', "training", "decay", "none"),
        ("record.populations=['V1_E', 'output']", "record", "populations", ["V1_E", "output"]),
        ("circuit.plasticity.rate=0.5", "circuit", "plasticity", {"rate": 0.5}),
        ("circuit.model=own.py:build=odd", "circuit", "model", "own.py:build=odd"),
        ("task.path=", "task", "path", ""),
    ],
)
def test_an_override_sets_its_key_to_the_toml_value_or_to_the_text(override, section, key, value):
    found = overridden(override)[section][key]
    assert found == value
    assert type(found) is type(value)


def test_an_override_leaves_every_other_key_alone():
    table = overridden("training.epochs=5")
    table["training"]["epochs"] = 1
    assert table == tomllib.loads(CONFIG)


def test_of_two_overrides_of_one_key_the_last_counts():
    assert overridden("seed=2", "seed=3")["seed"] == 3


@pytest.mark.parametrize("override", ["training.epochs", "=5", "training.=5", ""])
def test_an_override_without_key_or_value_is_refused_with_an_example(override):
    with pytest.raises(ConfigError, match=r"write section\.key=value, such as training\.epochs=5"):
        overridden(override)


def test_an_override_inside_a_plain_value_is_refused():
    with pytest.raises(ConfigError, match="'seed' is a value, not a section"):
        overridden("seed.deep=1")


@pytest.mark.parametrize(
    ("override", "nearest"),
    [
        ("trainig.epochs=3", "training"),
        ("training.epoch=3", "epochs"),
        ("task.train_trial=3", "train_trials"),
        ("record.population=['V1_E']", "populations"),
        ("protocol.strenght=0.5", "strength"),
        ("sed=1", "seed"),
        ("backend.device_=cpu", "device"),
        ("circuit.hiden=3", "hidden"),
        ("circuit.plasticity={kind='ojja'}", "oja"),
        ("task.kind=digit", "digits"),
        ("circuit.model=two_areas", "two_area"),
        ("backend.kind=torch_rates", "torch_rate"),
    ],
)
def test_a_misspelt_key_or_kind_is_refused_with_the_nearest_known_one(override, nearest, tmp_path):
    with pytest.raises(BioFAError, match=f"did you mean '{nearest}'"):
        load(write_config(tmp_path), [override])


def test_what_is_left_out_has_the_documented_default():
    config = parse({"name": "least", "circuit": {"model": "two_area"}})
    assert (config.seed, config.rules, config.task.kind()) == (0, (), "digits")
    assert (config.training.learning, config.training.update, config.protocol.trial) == ("local", (Adaptive(),), "two_phase")


def test_the_experiment_is_what_the_file_says(tmp_path):
    _, experiment = load(write_config(tmp_path), ["protocol.strength=0.5", "record.trials=3", "training.horizon=7"])
    assert (experiment.name, experiment.seed, experiment.epochs, experiment.batch) == ("small", 1, 1, 16)
    assert experiment.circuit.population("V1_E").size == 10
    assert experiment.protocol == two_phase(experiment.circuit, strength=0.5)
    assert experiment.record.trials == 3
    assert experiment.learning == LocalLearning(chain(Adaptive(), CosineDecay(4)), horizon=7)


def test_gradient_learning_in_one_phase_is_what_the_file_says(tmp_path):
    overrides = ["training.learning=gradient", "training.decay=none", 'training.update=[{kind="scale", rate=1e-3}]']
    _, experiment = load(write_config(tmp_path), [*overrides, "protocol.trial=one_phase"])
    assert experiment.learning == GradientLearning(chain(Scale(1e-3)))
    assert experiment.protocol == one_phase(experiment.circuit)


@pytest.mark.parametrize(("trials", "batch", "epochs", "steps"), [(64, 16, 1, 4), (65, 16, 2, 10), (10, 64, 3, 3)])
def test_the_step_reaches_zero_at_the_end_of_the_run_and_not_before(trials, batch, epochs, steps):
    config = parse({"name": "a", "circuit": {}, "training": {"epochs": epochs, "batch": batch}})
    update = config.training.build(trials).update
    assert update.updates[-1] == CosineDecay(steps)


def test_a_list_of_rules_is_their_sum(tmp_path):
    rules = "circuit.plasticity=[{kind='oja', rate=0.5}, {kind='weight_decay'}]"
    _, experiment = load(write_config(tmp_path), [rules])
    assert {each.plasticity for each in experiment.circuit.plastic} == {Sum((Oja(0.5), WeightDecay()))}


def test_the_sizes_of_the_task_fill_in_what_the_circuit_leaves_open(tmp_path):
    task = "task={kind='teacher_student', inputs=7, outputs=3, trials=20, test=10}"
    _, experiment = load(write_config(tmp_path), [task])
    assert [experiment.circuit.population(name).size for name in ("input", "output")] == [7, 3]


def test_the_effective_configuration_names_every_setting_that_has_a_value(tmp_path):
    config, experiment = load(write_config(tmp_path))
    table = tomllib.loads(config.text())
    sections = {"task", "circuit", "protocol", "training", "backend", "record", "liveness", "checkpoint"}
    assert set(table) == {"name", "seed", "rules", *sections}
    assert table["circuit"] == {
        "model": "two_area",
        "hidden": 10,
        "apical_gain": 0.1,
        "plasticity": {"kind": "three_factor", "rate": 1.0, "centred": False},
    }
    assert table["backend"] == experiment.backend.to_table()
    for section in ("task", "protocol", "training", "record", "liveness", "checkpoint"):
        described = getattr(config, section)
        assert set(table[section]) | {"kind"} == set(described.to_table())


SPIKES = [
    'neurons={neuron={kind="lif", tau=0.01}, transmission={kind="current_synapse", delay=2e-3}, source={kind="poisson_source"}}',
    'neurons.others.output={kind="divisive_normalisation"}',
    "protocol.duration=0.05",
    "protocol.window=0.02",
    "backend.kind=torch_spiking",
]


def test_the_section_neurons_makes_the_models_circuit_spike(tmp_path):
    _, rates = load(write_config(tmp_path))
    _, experiment = load(write_config(tmp_path), SPIKES)
    expected = rates.circuit.with_neurons(
        LIF(tau=0.01), CurrentSynapse(delay=2e-3), PoissonSource(), {"output": rates.circuit.population("output").neuron}
    )
    assert experiment.circuit == expected and experiment.circuit.spiking


def test_a_dead_run_is_given_up_as_the_file_says_or_never(tmp_path):
    _, given_up = load(write_config(tmp_path), ["liveness.patience=3"])
    _, never = load(write_config(tmp_path), ["liveness=false"])
    assert given_up.liveness == Liveness(patience=3) and never.liveness is None


def test_gradients_are_cut_where_the_file_says_and_nothing_is_cut_where_there_are_none(tmp_path):
    _, experiment = load(write_config(tmp_path), [*SPIKES, *GRADIENT, "training.truncation=0.01"])
    assert experiment.learning.truncation == 0.01
    with pytest.raises(ConfigError, match="truncation = 0.01 is not allowed"):
        load(write_config(tmp_path), [*SPIKES, "training.truncation=0.01"])


def test_constraints_are_added_to_all_synapses_that_learn_but_the_tonic_ones(tmp_path):
    asked = ["training.constraints=[{kind='weight_norm', norm=0.8}]"]
    _, experiment = load(write_config(tmp_path), asked)
    held = {each.name for each in experiment.circuit.projections if each.constraints == (WeightNorm(0.8),)}
    assert held == {each.name for each in experiment.circuit.plastic if not each.from_tonic}


@pytest.mark.parametrize(("first", "later"), [("local", GradientLearning), ("gradient", LocalLearning)])
def test_learning_switches_to_the_other_way_and_steps_shrink_over_each_part(tmp_path, first, later):
    overrides = ["training.epochs=5", "training.switch_after=2", f"training.learning={first}"]
    _, experiment = load(write_config(tmp_path), overrides)
    assert experiment.learning.update == chain(Adaptive(), CosineDecay(2 * 4))
    assert experiment.switch == Switch(2, later(chain(Adaptive(), CosineDecay(3 * 4))))


def test_a_rule_of_the_literature_goes_on_by_gradient(tmp_path):
    study = write_config(tmp_path, 'name = "study"\nrule = { kind = "feedback_alignment" }\n[task]\nkind = "digits"\n')
    _, experiment = load(study, ["training.switch_after=3"])
    assert isinstance(experiment.switch.learning, GradientLearning) and experiment.switch.after == 3


@pytest.mark.parametrize("after", [0, 3])
def test_a_switch_outside_the_run_is_refused(tmp_path, after):
    with pytest.raises(ConfigError, match=f"switch_after = {after} is not allowed; give nothing, or .* from 1 to epochs = 2"):
        load(write_config(tmp_path), ["training.epochs=2", f"training.switch_after={after}"])


def test_a_switch_at_the_end_is_none(tmp_path):
    _, experiment = load(write_config(tmp_path), ["training.epochs=2", "training.switch_after=2"])
    assert experiment.ways == (experiment.learning,)


def test_the_run_that_a_run_starts_from_is_what_the_file_says(tmp_path):
    _, experiment = load(write_config(tmp_path), ["training.start=runs/small"])
    assert experiment.start == "runs/small"


@pytest.mark.parametrize(
    "key", ["circuit.model=two_area", "protocol.strength=0.5", "training.learning=gradient", 'neurons={neuron={kind="lif"}}']
)
def test_what_a_learning_rule_decides_is_not_decided_again(tmp_path, key):
    study = write_config(tmp_path, 'name = "study"\nrule = { kind = "feedback_alignment" }\n[task]\nkind = "digits"\n')
    load(study)
    with pytest.raises(ConfigError, match=rf"{key.split('=')[0].split('strength')[0].rstrip('.')} is given beside rule"):
        load(study, [key])


def test_a_rule_of_the_users_own_file_runs(tmp_path):
    (tmp_path / "mine.py").write_text(SILENCE, encoding="utf-8")
    text = 'name = "study"\nrules = ["mine.py"]\nrule = { kind = "silence" }\n[circuit]\nhidden = [5]\n'
    with forgotten():
        _, experiment = load(write_config(tmp_path, text))
    assert experiment.circuit.name == "silence" and {each.post for each in experiment.circuit.plastic} == {"H1", "output"}


def test_a_misspelt_population_among_other_neurons_is_refused_with_the_nearest(tmp_path):
    with pytest.raises(BioFAError, match="outptu.*output"):
        load(write_config(tmp_path), [*SPIKES, 'neurons.others.outptu={kind="lif"}'])


GRADIENT = ["training.learning=gradient", "protocol.trial=one_phase"]
MANY = ["protocol.duration=0.05", "record.every=2", "task.softening=0.1", "liveness=false", 'name="β 2"']


@pytest.mark.parametrize("overrides", [[], SPIKES, MANY])
def test_the_effective_configuration_describes_the_same_experiment(tmp_path, overrides):
    config, experiment = load(write_config(tmp_path), overrides)
    again, repeated = load(write_config(tmp_path, config.text(), "effective.toml"))
    assert (again, repeated) == (config, experiment)


def test_the_texts_of_a_run_load_where_the_files_of_the_user_are_not(tmp_path):
    (tmp_path / "a" / "deep").mkdir(parents=True)
    (tmp_path / "a" / "deep" / "moved_rule.py").write_text(RULE.format(name="MovedRule"), encoding="utf-8")
    overrides = ["rules=['deep/moved_rule.py']", "circuit.plasticity={kind='moved_rule'}"]
    config, experiment = load(write_config(tmp_path / "a"), overrides)
    (tmp_path / "b").mkdir()
    for name, text in config.texts(tmp_path / "a").items():
        (tmp_path / "b" / name).write_text(text, encoding="utf-8")
    assert {path.name for path in (tmp_path / "b").iterdir()} == {"config.toml", "moved_rule.py", "two_area.py"}
    _, repeated = load(tmp_path / "b" / "config.toml")
    assert repeated.circuit.to_table() == experiment.circuit.to_table()


def test_two_files_of_one_name_cannot_be_kept_together(tmp_path):
    for folder, name in (("a", "OneRule"), ("b", "OtherRule")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "rule.py").write_text(RULE.format(name=name), encoding="utf-8")
    config, _ = load(write_config(tmp_path), ["rules=['a/rule.py', 'b/rule.py']"])
    with pytest.raises(ConfigError, match="have one name"):
        config.texts(tmp_path)


@pytest.mark.parametrize("name", ["", "../out", "/tmp/x", "a/b", ".hidden", "a\nb"])
def test_a_name_that_would_lead_out_of_the_folder_of_runs_is_refused(name):
    with pytest.raises(BioFAError, match="name = .* is not allowed"):
        Config(name, {})


@pytest.mark.parametrize("text", ["name = ", "name = 'a'\nname = 'b'", "\x00", "[" * 5000])
def test_what_is_not_toml_is_refused(tmp_path, text):
    with pytest.raises(ConfigError, match=r"small\.toml is not TOML"):
        load(write_config(tmp_path, text))


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = write_config(tmp_path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="is not TOML"):
        load(path)


@pytest.mark.parametrize("species", ["mouse", "Mus", "mus musculus", ""])
def test_a_species_without_its_latin_name_is_refused(species):
    with pytest.raises(ConfigError, match="Mus musculus"):
        parse({"name": "a", "species": species})
    assert parse({"name": "a", "species": "Mus musculus"}).species == "Mus musculus"


@pytest.mark.parametrize("place", ["absent.toml", "."])
def test_a_configuration_that_cannot_be_read_is_refused(tmp_path, place):
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / place)


def test_loading_reads_and_writes_nothing_else(tmp_path):
    path = write_config(tmp_path)
    (tmp_path / "quiet_rule.py").write_text(RULE.format(name="QuietRule"), encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))
    load(path, ["rules=['quiet_rule.py']", "circuit.plasticity={kind='quiet_rule'}"])
    assert sorted(tmp_path.rglob("*")) == before


def test_every_experiment_of_the_project_is_understood():
    for path in sorted((Path(__file__).parents[1] / "experiments").glob("*.toml")):
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        assert (Comparison.from_table(table) if "base" in table else parse(table)).name == path.stem
