"""Aims at draws that depend on what they must not: on other draws, on the process, on where one word ends."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from bio_fa.randomness import stream

DRAWS = 20_000


def draws(seed: int, *purpose: str) -> np.ndarray:
    return stream(seed, *purpose).standard_normal(DRAWS)


def test_the_same_seed_and_purpose_give_the_same_draws():
    assert np.array_equal(draws(1, "weights", "a_to_b"), draws(1, "weights", "a_to_b"))


@pytest.mark.parametrize("other", [(2, "a", "b"), (1, "b", "a"), (1, "ab"), (1, "a"), (1, "a", "b", ""), (1,)])
def test_another_seed_or_purpose_gives_independent_draws(other):
    correlation = np.corrcoef(draws(1, "a", "b"), draws(*other))[0, 1]
    assert abs(correlation) < 4 / DRAWS**0.5  # four standard deviations under independence


def test_the_draws_do_not_depend_on_the_hash_seed_of_the_process():
    code = "from bio_fa.randomness import stream; print(stream(1, 'weights', 'a_to_b').integers(2**62))"
    printed = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": salt}, capture_output=True, text=True, check=True
        ).stdout
        for salt in ("1", "2")
    }
    assert printed == {f"{stream(1, 'weights', 'a_to_b').integers(2**62)}\n"}
