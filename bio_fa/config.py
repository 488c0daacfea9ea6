"""Config: a TOML file that says what an experiment is. It is understood as a whole before anything runs."""

from __future__ import annotations

import inspect
import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Self

import tomli_w

from bio_fa import backends
from bio_fa.backends.base import Backend
from bio_fa.checkpointing import Checkpointing
from bio_fa.circuit import Circuit
from bio_fa.description import Description
from bio_fa.errors import BioFAError, ConfigError, DescriptionError
from bio_fa.experiment import Experiment, load_dataset
from bio_fa.guard import Liveness
from bio_fa.io.plain import LONGEST, from_toml
from bio_fa.learning import Learning
from bio_fa.modules import build_circuit, find_model, load_model, load_module
from bio_fa.protocol import Protocol
from bio_fa.recorder import Record
from bio_fa.rules import LayeredNetwork, LearningRule, Network
from bio_fa.sections import NeuronsConfig, TrainingConfig, TrialConfig
from bio_fa.standardisation import Standardisation
from bio_fa.tasks import Dataset, Digits, Task

SECTIONS = ("neurons", "protocol", "training", "standardisation", "record", "liveness", "checkpoint")
"""The sections that are of one kind, which is so not written."""
TASK_SIZES = ("inputs", "outputs")
"""The arguments of a model that the task decides where the configuration does not."""


@dataclass(frozen=True)
class Config(Description):
    """A whole configuration file, with defaults for all that it leaves out."""

    name: str
    circuit: dict = field(default_factory=dict)  # type: ignore[type-arg]
    """``model``: a name in ``models/`` or ``file.py:function``; the rest are the model's arguments. With ``rule``: those of a
    ``Network``, and no model."""
    rule: LearningRule | None = None
    """A learning rule of the literature, which makes circuit, trial and learning of an unconstrained network."""
    seed: int = 0
    species: str | None = None
    """The Latin name of the species whose cortex is modelled, which NWB files then have for a subject; None: no species."""
    rules: tuple[str, ...] = ()
    """Python files, beside the configuration, that define rules, neurons or tasks of your own."""
    neurons: NeuronsConfig | None = None
    """Spiking neurons instead of the model's own."""
    task: Task = field(default_factory=Digits)
    protocol: TrialConfig = field(default_factory=TrialConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    standardisation: Standardisation | None = None
    """Hidden neurons whose currents keep mean 0 and variance 1."""
    backend: dict = field(default_factory=lambda: {"kind": "torch_rate"})  # type: ignore[type-arg]
    record: Record = field(default_factory=Record)
    liveness: Liveness | Literal[False] = field(default_factory=Liveness)
    """When a run is given up because a population is dead; false: never."""
    checkpoint: Checkpointing = field(default_factory=Checkpointing)
    """When a run leaves what it needs to go on after an interruption."""

    def validate(self) -> None:
        """Refuse a name that could not be a folder's, and a seed of no random stream."""
        legal = re.fullmatch(r"\w[\w .+-]{0,99}", self.name)
        self.require(legal is not None, "name", "letters, digits, spaces or '_.+-', at most 100, a letter or digit first")
        self.require(self.seed >= 0, "seed", "a whole number of at least 0")
        binomial = self.species is None or re.fullmatch(r"[A-Z][a-z]+ [a-z]+", self.species)
        self.require(bool(binomial), "species", "a Latin name of two words, such as 'Mus musculus'")
        self._require_one_decision()

    def _require_one_decision(self) -> None:
        """Refuse settings of what a learning rule decides."""
        decided = {
            "circuit.model": "model" in self.circuit,
            "neurons": self.neurons is not None,
            "protocol": self.protocol != TrialConfig(),
            "training.learning": self.training.learning != "local",
        }
        twice = [key for key, given in decided.items() if given]
        if self.rule is not None and twice:
            rule = f"rule = {self.rule.kind()!r}, which decides it"
            raise DescriptionError(f"{self.title()}: {twice[0]} is given beside {rule}; take one of them away.")

    def complete(self, folder: Path) -> Self:
        """Return this configuration with the defaults of its model and of its backend written out."""
        return replace(self, circuit=self._defaults(folder) | self.circuit, backend=self._machine().to_table())

    def _defaults(self, folder: Path) -> dict[str, Any]:
        if self.rule is not None:
            return {name: value for name, value in self._network().to_table().items() if name not in TASK_SIZES}
        parameters = inspect.signature(self._model(folder)).parameters.values()
        own = [each for each in parameters if each.default is not each.empty and each.name not in TASK_SIZES]
        return {each.name: _plain(each.default) for each in own if each.default is not None}

    def _model(self, folder: Path) -> Callable[..., Any]:
        return load_model(str(self.circuit.get("model", "")), folder)

    def _machine(self) -> Backend:
        return backends.get(str(self.backend.get("kind", "torch_rate"))).from_table(self.backend)

    def _network(self) -> LayeredNetwork:
        return LayeredNetwork.from_table({"kind": Network.kind(), **self.circuit})

    def experiment(self, folder: Path) -> Experiment:
        """Return the experiment; relative files are looked up beside ``folder``, the configuration's own.

        Raises:
            BioFAError: the first thing that is wrong, in one sentence.
        """
        dataset, backend = load_dataset(self.task, self.seed), self._machine()
        circuit, protocol, learning = self._parts(folder, dataset)
        circuit = self.training.constrained(circuit)
        if self.standardisation is not None:
            circuit = self.standardisation.of(circuit, protocol.phases[0].name)
        return Experiment(
            name=self.name,
            circuit=circuit,
            task=self.task,
            protocol=protocol,
            backend=backend,
            learning=learning,
            switch=self.training.switch(learning, len(dataset.train)),
            start=self.training.start,
            seed=self.seed,
            epochs=self.training.epochs,
            batch=self.training.batch,
            snapshots=self.training.snapshots,
            record=self.record,
            liveness=self.liveness or None,
            checkpoint=self.checkpoint,
        )

    def _parts(self, folder: Path, dataset: Dataset) -> tuple[Circuit, Protocol, Learning]:
        """Return the circuit, the trial and the learning, of the rule where there is one."""
        sizes, trials = {"inputs": dataset.inputs, "outputs": dataset.outputs}, len(dataset.train)
        if self.rule is not None:
            circuit = self.rule.circuit(LayeredNetwork.from_table({"kind": Network.kind(), **sizes, **self.circuit}))
            return circuit, self.rule.protocol(circuit), self.rule.learning(self.training.update_for(trials))
        circuit = build_circuit(self._model(folder), self.circuit, sizes)
        circuit = circuit if self.neurons is None else self.neurons.build(circuit)
        return circuit, self.protocol.build(circuit), self.training.build(trials)

    def texts(self, folder: Path) -> dict[str, str]:
        """Return what repeats the run, by file name: ``config.toml`` and the Python files that it names, beside it.

        Raises:
            ConfigError: when two of these files have one name.
        """
        found = None if self.rule is not None else find_model(str(self.circuit["model"]), folder)
        model = () if found is None else (found[0],)
        sources = {path.resolve() for path in (*model, *(folder / rule for rule in self.rules))}
        files = {source.name: source.read_text(encoding="utf-8") for source in sources}
        if len(files) < len(sources):
            raise ConfigError("Two Python files of the configuration have one name, but the run keeps them together; rename one.")
        names = tuple(Path(rule).name for rule in self.rules)
        named = {} if found is None else {"model": f"{found[0].name}:{found[1]}"}
        kept = replace(self, rules=names, circuit={**self.circuit, **named})
        return {"config.toml": kept.text(), **files}

    def text(self) -> str:
        """Return this configuration as TOML, defaults included."""
        table = self.to_table()
        for section in (table, *(table[name] for name in SECTIONS if table.get(name))):
            del section["kind"]
        return tomli_w.dumps(table)


def _plain(value: Any) -> Any:
    """Return a default as TOML knows it."""
    if isinstance(value, Description):
        return value.to_table()
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def load(path: Path | str, overrides: Sequence[str] = ()) -> tuple[Config, Experiment]:
    """Read a TOML file, apply ``key=value`` overrides, and return the complete configuration and its experiment.

    Raises:
        ConfigError: for a file that is missing or no TOML, and for unknown keys, with the nearest known one.
        BioFAError: for anything else that would not run.
    """
    path = Path(path)
    table = read_toml(path)
    for override in overrides:
        apply_override(table, override)
    config = understand(table, path.parent)
    return config, config.experiment(path.parent)


def understand(table: dict[str, Any], folder: Path) -> Config:
    """Return the complete configuration that a table means; relative files are looked up beside ``folder``.

    Raises:
        ConfigError: for unknown keys, with the nearest known one.
        BioFAError: for a file of your own, or a model, that is not there or cannot be run.
    """
    rules = table.get("rules")
    for file in rules if isinstance(rules, list) else []:
        load_module(folder / str(file))
    return parse(table).complete(folder)


def read_toml(path: Path) -> dict[str, Any]:
    """Return the table of a TOML file."""
    try:
        with path.open("rb") as file:
            return from_toml(file.read(LONGEST + 1))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}); give the path of a TOML file.") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not TOML ({error}); mend that line.") from error


def apply_override(table: dict[str, Any], override: str) -> None:
    """Set ``section.key=value`` in a table; the value is read as TOML, and as text where it is none."""
    key, equals, text = override.partition("=")
    *sections, last = key.strip().split(".")
    if not equals or not last:
        raise ConfigError(f"--set {override!r} is not understood; write section.key=value, such as training.epochs=5.")
    for section in sections:
        table = table.setdefault(section, {})
        if not isinstance(table, dict):
            raise ConfigError(f"--set {override!r}: {section!r} is a value, not a section; write section.key=value.")
    table[last] = _value(text.strip())


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return text


def parse(table: dict[str, Any]) -> Config:
    """Return the configuration that a table holds."""
    try:
        return Config.from_table(table)
    except BioFAError as error:
        raise ConfigError(str(error)) from error
