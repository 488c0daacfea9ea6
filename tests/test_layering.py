"""Failure aimed at: an import that points upwards, so that describing a circuit drags in the machine that computes it.

The table is that of the design: who may import whom. It is read against the syntax trees, so that no import escapes by
standing inside a function; what ``import bio_fa`` loads is asked of a fresh interpreter.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bio_fa import backends
from tests.source import ROOT, Import, imports, module_name, python_files

LAYERS = {
    0: "errors ops measures randomness",
    1: "description population hierarchy connectivity weights transmission credit tie constraints updates projection wiring "
    "circuit standardisation synapses pathways neurons plasticity",
    2: "team noise phase protocol selection reduction recorder checkpointing losses tasks draws",
    3: "backends learning rules",
    4: "beginning experiment training examination evaluation guard observation record_size record_layout record_files "
    "running following launching watching account resuming interruption config catalogue sections modules export io",
    5: "analysis formats comparison",
    6: "progress cli cli_studies",
}
"""The files and folders of bio_fa by layer; a file may import its own layer and those below."""

LAYER = {name: layer for layer, names in LAYERS.items() for name in names.split()}
SHARED = {"base", "phases", "moments", "settling", "stepping", "response", "broadcast", "changes", "lasting", "arrays"}
"""What backends may share."""
HEAVY = {"torch", "brian2", "snntorch", "h5py", "sympy"}
"""What the files of layers 0 and 1 may not load; only SymPy may be imported there, within a function."""
SLOW = {*HEAVY, "sklearn", "scipy", "matplotlib", "jinja2", "pydantic", "rich", "typer", "tomli_w", "PIL", "xarray", "pandas"}
"""What ``import bio_fa`` may not load."""

FACE = ROOT.joinpath("bio_fa/__init__.py").relative_to(ROOT)
"""The public names, which come from every layer; those that need more than NumPy are imported when they are first used."""

LIBRARY = [path for path in python_files("bio_fa") if path != FACE]
EVERYTHING = [each for path in LIBRARY for each in imports(path)]


def part(module: str) -> str:
    """Return the file or folder of bio_fa to which a module belongs: ``io`` for ``bio_fa.io.names``."""
    return module.split(".")[1]


def layer(module: str) -> int:
    return LAYER[part(module)]


def inside(each: Import) -> bool:
    return each.module.startswith("bio_fa.")


def package(each: Import) -> str:
    return each.module.split(".")[0]


def backend(each: Import) -> bool:
    """Return whether one particular machine is imported, not what all share."""
    return each.module.startswith("bio_fa.backends.") and each.module.split(".")[2] not in SHARED


def own(path: Path, imported: str) -> bool:
    """Return whether a machine's file imports a part of its own kin: ``torch_rate`` may ``torch_common``, not ``torch_spiking``."""
    name = imported.split(".")[2]
    return name.split("_")[0] == path.stem.split("_")[0] and not {name, path.stem} <= set(backends.NAMES)


def layer_of(each: Import) -> int:
    return layer(module_name(each.path))


def told(offenders: list[Import]) -> list[str]:
    return [str(each) for each in offenders]


def test_every_file_of_the_library_has_a_layer() -> None:
    assert {part(module_name(path)) for path in LIBRARY} == set(LAYER)


def test_no_import_points_upwards() -> None:
    assert told([each for each in EVERYTHING if inside(each) and layer(each.module) > layer_of(each)]) == []


def test_nothing_inside_imports_the_face() -> None:
    assert told([each for each in EVERYTHING if each.module == "bio_fa"]) == []


def test_measures_and_operations_need_numpy_and_the_errors_only() -> None:
    allowed = {"numpy", "bio_fa", *sys.stdlib_module_names}
    assert told([each for each in EVERYTHING if layer_of(each) == 0 and package(each) not in allowed]) == []


def test_describing_a_circuit_loads_nothing_heavy() -> None:
    described = [each for each in EVERYTHING if layer_of(each) <= 1 and package(each) in HEAVY]
    assert told([each for each in described if each.at_once or package(each) != "sympy"]) == []


def test_only_the_files_of_torch_import_torch() -> None:
    assert told([each for each in EVERYTHING if package(each) == "torch" and not each.path.name.startswith("torch_")]) == []


def test_no_backend_imports_another() -> None:
    machines = [each for each in EVERYTHING if part(module_name(each.path)) == "backends"]
    assert told([each for each in machines if backend(each) and not own(each.path, each.module)]) == []


def test_above_the_machines_a_backend_is_asked_for_by_name() -> None:
    above = [each for each in EVERYTHING if layer_of(each) > 3]
    assert told([each for each in above if backend(each)]) == []


def test_the_analysis_needs_a_run_folder_only() -> None:
    readers = [each for each in EVERYTHING if part(module_name(each.path)) == "analysis"]
    own = {"analysis", "io", "measures", "errors", "description", "randomness"}
    foreign = [each for each in readers if inside(each) and part(each.module) not in own]
    assert told([*foreign, *(each for each in readers if package(each) in {"torch", "brian2", "snntorch"})]) == []


def test_models_describe_and_do_not_run() -> None:
    used = [each for path in python_files("models") for each in imports(path)]
    allowed = {"bio_fa", "models", "numpy", *sys.stdlib_module_names}
    outside = [each for each in used if package(each) not in allowed]
    assert told([*outside, *(each for each in used if each.module == "bio_fa" or (inside(each) and layer(each.module) > 1))]) == []


def test_no_experiment_imports_another() -> None:
    used = [each for path in python_files("experiments") for each in imports(path)]
    assert told([each for each in used if package(each) == "experiments"]) == []


@pytest.mark.parametrize("statement", ["import bio_fa", "from models.cortical_hierarchy import cortical_hierarchy"])
def test_a_description_costs_numpy_only(statement: str) -> None:
    ask = f"{statement}\nimport json, sys\nprint(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    answer = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = set(json.loads(answer.stdout))
    assert "numpy" in loaded
    assert loaded & SLOW == set()


def test_the_reader_of_imports_sees_those_that_hide() -> None:
    hidden = [each for each in EVERYTHING if package(each) == "sympy" and not each.at_once]
    assert hidden, "plasticity.locality imports sympy within a function: if it is not seen, nothing hidden is"
