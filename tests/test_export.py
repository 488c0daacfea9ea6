"""Aims at an exported program that needs bio_fa, or that simulates something else than bio_fa does; and at exports that would
overwrite something or should have been refused.

Programs run in processes in which bio_fa cannot be imported.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bio_fa import (
    LIF,
    Circuit,
    CurrentSynapse,
    LocalLearning,
    PoissonSource,
    Record,
    TwoCompartmentLIF,
    backends,
    two_phase,
)
from bio_fa.errors import BackendError, RecordError
from bio_fa.experiment import Experiment
from bio_fa.export import export
from bio_fa.neurons import DivisiveNormalisation
from bio_fa.plasticity import Eligibility
from bio_fa.tasks import TeacherStudent
from tests.refusals import assert_refused
from tests.small import CONFIG, cli, refusal, small_experiment, write_config
from tests.tiny import MODELS, TWO_AREA

HIDDEN = "import sys, runpy; sys.modules['bio_fa'] = None; runpy.run_path(sys.argv[1], run_name='__main__')"
"""Runs a program in which ``import bio_fa`` fails."""

OTHERS = {"V1_FE": LIF(), "output": DivisiveNormalisation()}
LIVELY = TWO_AREA.with_neurons(TwoCompartmentLIF(refractory=2e-3), CurrentSynapse(delay=3e-3), PoissonSource(), OTHERS)
CIRCUITS: dict[str, tuple[Circuit, float | None]] = {
    "spikes": (LIVELY.with_plasticity({"input_to_V1_E": Eligibility()}, reads="nudged"), 0.1),
    "rates": (MODELS["hierarchy_of_1"], None),
}


def experiment(name: str) -> Experiment:
    """Return an experiment that could run, on another backend than the one that is exported to."""
    circuit, window = CIRCUITS[name]
    sizes = [circuit.population(each).size for each in (circuit.input, circuit.output)]
    task = TeacherStudent(inputs=sizes[0], outputs=sizes[1], train_trials=8, test_trials=8)
    protocol = two_phase(circuit, 0.5, True, 0.2, 1e-3, window)
    return Experiment(name, circuit, task, protocol, backends.get("torch_spiking"), seed=5, record=Record(trials=0))


def results(program: Path, cwd: Path) -> dict[str, np.ndarray]:
    """Return what a program leaves, run without bio_fa from elsewhere."""
    command = [sys.executable, "-I", "-c", HIDDEN, str(program)]
    ran = subprocess.run(command, cwd=cwd, capture_output=True, text=True, env={"PATH": ""}, timeout=600)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == ""
    with np.load(program.parent / "results.npz") as file:
        return dict(file)


def simulated(study: Experiment, backend: str, trials: int) -> tuple[dict[str, np.ndarray], ...]:
    """Return spikes by population, their steps counted from the start of the trial, activities by phase and population, and Δw."""
    simulation = backends.get(backend).compile(study.circuit, study.protocol, LocalLearning())
    state, split = simulation.init(study.circuit.sample(study.seed), study.seed), study.dataset().test.first(trials)
    spikes: dict[str, list[np.ndarray]] = {each.name: [] for each in study.circuit.populations if each.spiking}
    activity, first = {}, 0
    for phase in study.protocol.phases:
        state, _ = simulation.run(state, phase, {"input": split.stimulus, study.circuit.output: split.target}, every=1)
        for name, found in spikes.items():
            found.append(simulation.spikes(state, name) + np.array([first, 0, 0]))
        for each in study.circuit.populations:
            activity[f"activity.{phase.name}.{each.name}"] = simulation.activity(state, each.name, phase.name)
        first += study.protocol.steps(phase.duration)
    return {name: np.concatenate(found) for name, found in spikes.items()}, activity, simulation.deltas(state)


@pytest.mark.parametrize("name", CIRCUITS)
def test_an_exported_program_does_what_every_backend_does_without_bio_fa(name, tmp_path):
    study = experiment(name)
    program = export(study, tmp_path / "program", trials=2)
    found = results(program, tmp_path)
    for backend in ("brian2", "reference"):
        spikes, activity, deltas = simulated(study, backend, trials=2)
        for population, expected in spikes.items():
            events = found[f"spikes.{population}"]
            assert np.array_equal(events[np.lexsort(events.T[[2, 1, 0]])], expected), (backend, population)
            assert len(expected) > 10, population
        kept = [each for each in found if each.startswith("activity.")]
        assert len(kept) == len(activity) - 2, "all but those of the input in both phases"
        for each in kept:
            np.testing.assert_allclose(found[each], activity[each], rtol=0, atol=1e-12, err_msg=f"{backend} {each}")
    if name == "spikes":
        mask = study.circuit.sample(5)["input_to_V1_E"].mask
        np.testing.assert_allclose(found["dw.input_to_V1_E"].mean(axis=0), deltas["input_to_V1_E"][mask], rtol=0, atol=1e-12)
        assert np.abs(found["dw.input_to_V1_E"]).max() > 1e-4
    else:
        assert found["rates.V1_E"].shape == (2, 400, 6)


def test_an_exported_program_keeps_other_weights_where_they_are_given(tmp_path):
    study = experiment("rates")
    other = study.circuit.sample(77)
    export(study, tmp_path, parameters=other)
    with np.load(tmp_path / "data.npz") as file:
        assert np.array_equal(file["V1_E_to_output_E.w"], other["V1_E_to_output_E"].w[other["V1_E_to_output_E"].mask])


def test_an_export_is_not_overwritten_unasked(tmp_path):
    study = experiment("rates")
    export(study, tmp_path)
    assert_refused(lambda: export(study, tmp_path), "program.py", "overwrite", error=RecordError)
    export(study, tmp_path, overwrite=True)


def test_what_writes_no_programs_is_refused(tmp_path):
    assert_refused(lambda: export(experiment("rates"), tmp_path, to="reference"), "reference", "brian2", error=BackendError)
    assert not list(tmp_path.iterdir())


def test_a_trial_that_settles_is_refused(tmp_path):
    assert_refused(lambda: export(small_experiment(), tmp_path), "'free' settles", "duration", error=BackendError)
    assert not list(tmp_path.iterdir())


LASTING = CONFIG + "\n[protocol]\nduration = 0.05\n"


def test_the_command_line_exports(tmp_path):
    result = cli("export", write_config(tmp_path, LASTING), "--to", "brian2", "--output", tmp_path / "out", "--trials", 3)
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == str(tmp_path / "out" / "program.py")
    with np.load(tmp_path / "out" / "data.npz") as file:
        assert file["trial.input.rate"].shape == (3, 64)


@pytest.mark.parametrize(("words", "sentence"), [
    (("--to", "nest"), "no backend is called 'nest'"),
    (("--trials", "0"), "at least 1"),
    (("--set", "protocol.duration=-1"), "duration"),
])
def test_the_command_line_refuses_in_one_sentence(words, sentence, tmp_path):
    result = cli("export", write_config(tmp_path, LASTING), "--output", tmp_path / "out", *words)
    assert sentence in refusal(result)
    assert not (tmp_path / "out").exists()
