"""Config: a TOML file that says what an experiment is. It is understood as a whole before anything runs."""

from __future__ import annotations

import importlib.util
import inspect
import sys
import tomllib
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import tomli_w

from bio_fa import backends
from bio_fa.circuit import Circuit
from bio_fa.description import Description, annotations, conforms, expected, revive
from bio_fa.errors import BioFAError, ConfigError, nearest
from bio_fa.experiment import Experiment, load_dataset
from bio_fa.learning import GradientLearning, Learning, LocalLearning
from bio_fa.plasticity import Plasticity, Sum
from bio_fa.protocol import Protocol, one_phase, two_phase
from bio_fa.recorder import Record
from bio_fa.tasks import Digits, Task
from bio_fa.updates import Adaptive, CosineDecay, Update, chain


@dataclass(frozen=True)
class TrialConfig(Description):
    """The section ``[protocol]``: a ready-made trial."""

    trial: Literal["two_phase", "one_phase"] = "two_phase"
    strength: float = 1.0
    """β of the nudge."""
    hold: bool = True
    """Whether basal currents are held while the output is nudged."""
    duration: float | None = None
    """Seconds of each phase; None: phases settle."""
    dt: float = 1e-3
    """Seconds per time step of phases with a duration."""

    def build(self, circuit: Circuit) -> Protocol:
        """Return the protocol for a circuit."""
        if self.trial == "one_phase":
            return one_phase(circuit, self.duration, self.dt)
        return two_phase(circuit, self.strength, self.hold, self.duration, self.dt)


@dataclass(frozen=True)
class TrainingConfig(Description):
    """The section ``[training]``."""

    learning: Literal["local", "gradient"] = "local"
    epochs: int = 10
    batch: int = 64
    update: tuple[Update, ...] = (Adaptive(),)
    """Applied in order to Δw."""
    decay: Literal["cosine", "none"] = "cosine"
    """How the step shrinks over the run."""
    horizon: int = 100
    """Trials over which running averages reach back."""
    snapshots: int = 5

    def build(self, train_trials: int) -> Learning:
        """Return the learning for a training set of so many trials."""
        steps = self.epochs * -(-train_trials // self.batch)
        decay = (CosineDecay(steps),) if self.decay == "cosine" else ()
        update = chain(*self.update, *decay)
        return LocalLearning(update, self.horizon) if self.learning == "local" else GradientLearning(update)


@dataclass(frozen=True)
class Config(Description):
    """A whole configuration file, with defaults for all that it leaves out."""

    name: str
    circuit: dict  # type: ignore[type-arg]
    """``model``: a name in ``models/`` or ``file.py:function``; the rest are the model's arguments."""
    seed: int = 0
    rules: tuple[str, ...] = ()
    """Python files, beside the configuration, that define rules, neurons or tasks of your own."""
    task: Task = field(default_factory=Digits)
    protocol: TrialConfig = field(default_factory=TrialConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    backend: dict = field(default_factory=lambda: {"kind": "torch_rate"})  # type: ignore[type-arg]
    record: Record = field(default_factory=Record)

    def experiment(self, folder: Path) -> Experiment:
        """Return the experiment; relative files are looked up beside ``folder``, the configuration's own.

        Raises:
            BioFAError: the first thing that is wrong, in one sentence.
        """
        dataset = load_dataset(self.task, self.seed)
        circuit = build_circuit(self.circuit, folder, {"inputs": dataset.inputs, "outputs": dataset.outputs})
        settings = dict(self.backend)
        return Experiment(
            name=self.name,
            circuit=circuit,
            task=self.task,
            protocol=self.protocol.build(circuit),
            backend=backends.get(str(settings.pop("kind", "torch_rate")), **settings),
            learning=self.training.build(len(dataset.train)),
            seed=self.seed,
            epochs=self.training.epochs,
            batch=self.training.batch,
            snapshots=self.training.snapshots,
            record=self.record,
        )

    def text(self) -> str:
        """Return the effective configuration as TOML, defaults included."""
        return tomli_w.dumps(_without_kind(self.to_table(), Config))


def load(path: Path | str, overrides: Sequence[str] = ()) -> tuple[Config, Experiment]:
    """Read a TOML file, apply ``key=value`` overrides, and return the configuration and its experiment.

    Raises:
        ConfigError: for a file that is missing or no TOML, and for unknown keys, with the nearest known one.
        BioFAError: for anything else that would not run.
    """
    path = Path(path)
    table = read_toml(path)
    for override in overrides:
        apply_override(table, override)
    for file in table.get("rules", []) if isinstance(table.get("rules"), list) else []:
        load_module(path.parent / str(file))
    config = parse(table)
    return config, config.experiment(path.parent)


def read_toml(path: Path) -> dict[str, Any]:
    """Return the table of a TOML file."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}); give the path of a TOML file.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
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
    except tomllib.TOMLDecodeError:
        return text


def parse(table: dict[str, Any]) -> Config:
    """Return the configuration that a table holds."""
    try:
        return Config.from_table(table)
    except BioFAError as error:
        raise ConfigError(str(error)) from error


def _without_kind(table: dict[str, Any], holder: type[Description]) -> dict[str, Any]:
    """Return a table whose sections name their kind only where there is a choice."""
    hints = annotations(holder)
    cleaned = {}
    for key, value in table.items():
        hint = hints.get(key)
        section = isinstance(value, dict) and isinstance(hint, type) and issubclass(hint, Description)
        cleaned[key] = _without_kind(value, hint) if section and len(hint.kinds()) == 1 else value  # type: ignore[arg-type, union-attr]
    if len(holder.kinds()) == 1:
        cleaned.pop("kind", None)
    return cleaned


def build_circuit(table: dict[str, Any], folder: Path, sizes: dict[str, int]) -> Circuit:
    """Return the circuit of a section ``[circuit]``; ``sizes`` fills in what the model takes and the table leaves out."""
    arguments = dict(table)
    function = find_model(str(arguments.pop("model", "")), folder)
    hints = typing.get_type_hints(function)
    known = inspect.signature(function).parameters
    for name in arguments:
        if name not in known:
            raise ConfigError(f"[circuit]: model {function.__name__!r} has no setting {name!r}; {nearest(name, known)}")
    given = {name: size for name, size in sizes.items() if name in known} | arguments
    circuit = function(**{name: _argument(function, name, value, hints[name]) for name, value in given.items()})
    if not isinstance(circuit, Circuit):
        raise ConfigError(f"[circuit]: model {function.__name__!r} returned no Circuit; return one.")
    return circuit


def _argument(function: Callable[..., Any], name: str, value: Any, hint: Any) -> Any:
    if hint is Plasticity and isinstance(value, list):
        value = Sum(tuple(Plasticity.from_table(each) for each in value))
    value = revive(value, hint)
    if not conforms(value, hint):
        raise ConfigError(f"[circuit]: {name} = {value!r} came for model {function.__name__!r}; give {expected(hint)}.")
    return value


def find_model(model: str, folder: Path) -> Callable[..., Circuit]:
    """Return a model's function: ``name`` of ``models/name.py`` in or above ``folder``, or ``file.py:function``."""
    file, _, function = model.partition(":")
    if function:
        return _function(load_module(folder / file), function)
    places = [each / "models" for each in (folder.resolve(), *folder.resolve().parents, Path.cwd())]
    found = next((place / f"{model}.py" for place in places if model.isidentifier() and (place / f"{model}.py").is_file()), None)
    if found is None:
        known = {file.stem for place in places if place.is_dir() for file in place.glob("[a-z]*.py")}
        raise ConfigError(f"[circuit]: no model is called {model!r}; {nearest(model, known)}")
    return _function(load_module(found), model)


def _function(module: ModuleType, name: str) -> Callable[..., Circuit]:
    if not callable(getattr(module, name, None)):
        raise ConfigError(f"{Path(str(module.__file__)).name} has no function {name!r}; define one that returns a Circuit.")
    return getattr(module, name)  # type: ignore[no-any-return]


def load_module(path: Path) -> ModuleType:
    """Run a Python file as a module of its own and return it; the same file is run once."""
    path = path.resolve()
    name = f"bio_fa_user.{path.stem}_{abs(hash(str(path)))}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise ConfigError(f"{path.name} is no Python file; give the path of one, relative to the configuration.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BioFAError:
        raise
    except Exception as error:
        raise ConfigError(f"{path.name} cannot be run ({type(error).__name__}: {error}); mend it.") from error
    return module
