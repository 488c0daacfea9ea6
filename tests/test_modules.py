"""Aims at a user's own Python file: run twice, half-run and kept, littered beside, or failing without a reason."""

from __future__ import annotations

import sys

import pytest

from bio_fa import backends
from bio_fa.errors import ConfigError, DescriptionError
from bio_fa.modules import build_circuit, find_model, load_model, load_module
from models.two_area import two_area

MODEL = """
from models.two_area import two_area

def own(size, gain: float = 0.1):
    return two_area(hidden=size, apical_gain=gain)
"""


def write(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_a_file_is_run_once(tmp_path):
    path = write(tmp_path, "count.py", "import sys\nsys.counted = getattr(sys, 'counted', 0) + 1\n")
    try:
        assert load_module(path) is load_module(tmp_path / "." / "count.py")
        assert sys.counted == 1
    finally:
        del sys.counted


def test_two_files_of_one_name_are_two_modules(tmp_path):
    for folder, value in (("a", 1), ("b", 2)):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder, "same.py", f"VALUE = {value}\n")
    assert [load_module(tmp_path / folder / "same.py").VALUE for folder in "ab"] == [1, 2]


def test_a_file_that_failed_is_run_again_when_it_is_mended(tmp_path):
    path = write(tmp_path, "broken.py", "VALUE = 1 / 0\n")
    with pytest.raises(ConfigError, match=r"broken\.py cannot be run \(ZeroDivisionError: division by zero\); mend it\."):
        load_module(path)
    write(tmp_path, "broken.py", "VALUE = 1 / 1\n")
    assert load_module(path).VALUE == 1


def test_a_file_leaves_nothing_beside_it(tmp_path):
    load_module(write(tmp_path, "tidy.py", "VALUE = 1\n"))
    assert [path.name for path in tmp_path.iterdir()] == ["tidy.py"]


@pytest.mark.parametrize("text", ["def (", "raise RuntimeError('no')", "import no_such_module_anywhere"])
def test_a_file_that_cannot_be_run_says_why(tmp_path, text):
    with pytest.raises(ConfigError, match=r"bad\.py cannot be run \((SyntaxError|RuntimeError|ModuleNotFoundError)"):
        load_module(write(tmp_path, "bad.py", text))


def test_a_file_that_is_no_text_says_so(tmp_path):
    (tmp_path / "bytes.py").write_bytes(b"\xff\xff")
    with pytest.raises(ConfigError, match="UnicodeDecodeError"):
        load_module(tmp_path / "bytes.py")


@pytest.mark.parametrize("name", ["absent.py", "folder.py", "rule.txt", "", "null\0.py"])
def test_what_is_no_python_file_is_refused(tmp_path, name):
    (tmp_path / "folder.py").mkdir()
    write(tmp_path, "rule.txt", "")
    with pytest.raises(ConfigError, match="is no Python file"):
        load_module(tmp_path / name)


def test_a_model_is_found_in_the_nearest_folder_of_models_above(tmp_path):
    (tmp_path / "models").mkdir()
    write(tmp_path / "models", "nearby.py", "")
    (tmp_path / "experiments").mkdir()
    assert find_model("nearby", tmp_path / "experiments") == (tmp_path / "models" / "nearby.py", "nearby")


def test_a_model_can_be_a_function_of_any_file(tmp_path):
    write(tmp_path, "mine.py", MODEL)
    assert load_model("mine.py:own", tmp_path)(5).population("V1_E").size == 5


@pytest.mark.parametrize("model", ["", "../two_area", "two area", "no_such"])
def test_a_model_that_is_nowhere_is_refused(tmp_path, model):
    with pytest.raises(ConfigError, match="no model is called"):
        find_model(model, tmp_path)


@pytest.mark.parametrize("function", ["absent", "NUMBER", "__init__"])
def test_a_file_without_the_function_is_refused(tmp_path, function):
    write(tmp_path, "mine.py", MODEL + "NUMBER = 3\n")
    with pytest.raises(ConfigError, match=f"has no function '{function}'"):
        load_model(f"mine.py:{function}", tmp_path)


def test_arguments_without_annotation_are_passed_as_they_are(tmp_path):
    write(tmp_path, "mine.py", MODEL)
    circuit = build_circuit(load_model("mine.py:own", tmp_path), {"model": "mine.py:own", "size": 5}, {"inputs": 3})
    assert circuit == two_area(hidden=5)


def test_a_size_that_the_table_gives_counts_more_than_the_tasks():
    circuit = build_circuit(two_area, {"inputs": 8}, {"inputs": 4, "outputs": 3})
    assert [circuit.population(name).size for name in ("input", "output")] == [8, 3]


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ({"hidden": "ten"}, "hidden = 'ten' came for model 'two_area'; give a whole number"),
        ({"hidden": 1.5}, "give a whole number"),
        ({"hidden": True}, "give a whole number"),
        ({"apical_gain": float("nan")}, "give a finite number"),
        ({"plasticity": "oja"}, "plasticity = 'oja' came"),
        ({"hidden_": 3}, "did you mean 'hidden'"),
    ],
)
def test_an_argument_of_another_type_or_name_is_refused(table, reason):
    with pytest.raises(ConfigError, match=reason):
        build_circuit(two_area, table, {})


def test_a_missing_argument_and_an_exception_of_the_model_become_a_sentence(tmp_path):
    write(tmp_path, "mine.py", MODEL + "\ndef fails(size: int = 0):\n    return 1 / size\n")
    with pytest.raises(ConfigError, match=r"model 'own' failed \(TypeError: .*size"):
        build_circuit(load_model("mine.py:own", tmp_path), {}, {})
    with pytest.raises(ConfigError, match=r"model 'fails' failed \(ZeroDivisionError"):
        build_circuit(load_model("mine.py:fails", tmp_path), {}, {})


@pytest.mark.parametrize("annotation", ["set[int]", "Undefined"])
def test_an_annotation_that_cannot_be_checked_becomes_a_sentence(tmp_path, annotation):
    write(tmp_path, "odd.py", f"from __future__ import annotations\ndef odd(sizes: {annotation}):\n    return sizes\n")
    with pytest.raises(ConfigError, match="model 'odd' failed"):
        build_circuit(load_model("odd.py:odd", tmp_path), {"sizes": [1]}, {})


def test_a_model_that_returns_no_circuit_is_refused(tmp_path):
    write(tmp_path, "mine.py", "def number():\n    return 3\n")
    with pytest.raises(ConfigError, match="model 'number' returned no Circuit"):
        build_circuit(load_model("mine.py:number", tmp_path), {}, {})


def test_what_the_circuit_itself_refuses_keeps_its_own_sentence():
    with pytest.raises(DescriptionError, match="size = -3 is not allowed"):
        build_circuit(two_area, {"hidden": -3}, {})


def test_a_backend_is_not_mistaken_for_a_circuit():
    with pytest.raises(ConfigError, match="returned no Circuit"):
        build_circuit(lambda: backends.get("reference"), {}, {})
