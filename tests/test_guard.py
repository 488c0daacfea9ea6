"""Aims at a guard that lets a dead circuit run on, stops a live one, or does not say what to do."""

from __future__ import annotations

import pytest

from bio_fa.errors import DescriptionError, LivenessError
from bio_fa.examination import Examination
from bio_fa.guard import Liveness
from tests.small import one_sentence


def examined(silent: float = 0.0, saturated: float | None = 0.0, name: str = "V1_E") -> Examination:
    return Examination(100, {"other": {"silent": 0.1, "saturated": None}, name: {"silent": silent, "saturated": saturated}}, None)


ALIVE, SILENT, FULL = examined(0.5, 0.5), examined(0.97), examined(0.0, 1.0)


@pytest.mark.parametrize("history", [[], [ALIVE], [SILENT], [SILENT, ALIVE], [ALIVE, SILENT], [SILENT, FULL], [ALIVE] * 9])
def test_a_circuit_that_is_alive_or_was_runs_on(history):
    Liveness().require_alive(history)


@pytest.mark.parametrize("history", [[SILENT, SILENT], [ALIVE, SILENT, SILENT], [FULL, FULL]])
def test_a_circuit_that_stays_dead_is_given_up(history):
    with pytest.raises(LivenessError, match=r"'V1_E' \(\d+ %\) is dead"):
        Liveness().require_alive(history)


def test_the_sentence_says_who_how_many_where_and_what_to_do():
    with pytest.raises(LivenessError) as silent:
        Liveness().require_alive([SILENT, SILENT])
    with pytest.raises(LivenessError) as full:
        Liveness().require_alive([FULL, FULL])
    sentences = [one_sentence(f"bio-fa: {each.value}\n") for each in (silent, full)]
    who = "'V1_E' (97 %) is dead: so many of its neurons stayed silent"
    assert f"{who} in all of 100 test trials, in 2 evaluations in a row" in sentences[0]
    assert "'V1_E' (100 %) is dead: so many of its neurons stayed saturated" in sentences[1]
    assert "stronger excitation" in sentences[0] and "weaker excitation" in sentences[1]
    assert all("set liveness = false" in each for each in sentences)


def test_the_sentence_names_everyone_who_is_dead():
    found = Examination(8, {name: {"silent": 1.0, "saturated": None} for name in ("V1_FE", "output")}, None)
    with pytest.raises(LivenessError, match=r"'V1_FE' \(100 %\), 'output' \(100 %\) are dead: so many of their neurons"):
        Liveness(patience=1).require_alive([found])


@pytest.mark.parametrize(("patience", "dead"), [(1, 1), (2, 2), (3, 3)])
def test_it_is_given_up_after_so_many_evaluations_in_a_row(patience, dead):
    guard = Liveness(patience=patience)
    guard.require_alive([SILENT] * (dead - 1))
    with pytest.raises(LivenessError):
        guard.require_alive([SILENT] * dead)


@pytest.mark.parametrize(("share", "given_up"), [(0.6, True), (0.5, True), (0.49, False)])
def test_a_population_is_dead_from_the_share_on_that_was_given(share, given_up):
    guard = Liveness(silent=0.5, saturated=0.5, patience=1)
    for found in (examined(share), examined(0.0, share)):
        if given_up:
            with pytest.raises(LivenessError):
                guard.require_alive([found])
        else:
            guard.require_alive([found])


def test_neurons_without_a_ceiling_are_never_saturated():
    Liveness(saturated=1e-9, patience=1).require_alive([examined(0.0, None)])


@pytest.mark.parametrize("setting", [{"silent": 0.0}, {"silent": 1.1}, {"saturated": -0.1}, {"patience": 0}])
def test_settings_that_judge_everyone_or_nobody_are_refused(setting):
    with pytest.raises(DescriptionError, match=f"{next(iter(setting))} = .* is not allowed"):
        Liveness(**setting)
