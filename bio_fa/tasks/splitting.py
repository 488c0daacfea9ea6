"""Which trials are for training and which for the test: pools of trials, and how a fraction is held out of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bio_fa.tasks.base import Dataset, HoldOut, Split


@dataclass(frozen=True, eq=False)
class Pool:
    """Labelled images before they are divided.

    Attributes:
        pixels: (trial, ...) from 0 to ``white``.
        white: the brightest value of a pixel, which becomes the rate 1.
        label: (trial,) whole numbers in [0, outputs).
        outputs: the number of classes.
    """

    pixels: np.ndarray
    white: int
    label: np.ndarray
    outputs: int

    def split(self, trials: np.ndarray, name: str) -> Split:
        """Return the chosen trials with stimuli from 0 to 1 and one-hot targets."""
        stimulus = self.pixels[trials].reshape(len(trials), self.pixels[0].size).astype(np.float32)
        stimulus /= self.white
        return Split.labelled(stimulus, self.label[trials], self.outputs, name)

    def dataset(self, train: np.ndarray, test: np.ndarray, name: str, source: str) -> Dataset:
        """Return the dataset with the chosen training and test trials (trial,)."""
        return Dataset(self.split(train, f"{name} training"), self.split(test, f"{name} test"), source)


def last(trials: np.ndarray, fraction: float) -> tuple[np.ndarray, np.ndarray]:
    """Return all trials but the last ones, and these last ones: ``fraction`` of all, rounded."""
    kept = len(trials) - round(fraction * len(trials))
    return trials[:kept], trials[kept:]


def stratified(label: np.ndarray, rng: np.random.Generator) -> HoldOut:
    """Return how to hold out a random fraction of every class.

    Of a class with n trials round(fraction · n) are held out, but never all; both parts keep the order of the trials.

    Args:
        label: (trial,) of the whole pool.
        rng: decides who is held out.
    """

    def hold_out(trials: np.ndarray, fraction: float) -> tuple[np.ndarray, np.ndarray]:
        held = np.zeros(len(trials), dtype=bool)
        for each in np.unique(label[trials]):
            own = rng.permutation(np.flatnonzero(label[trials] == each))
            held[own[: min(round(fraction * len(own)), len(own) - 1)]] = True
        return trials[~held], trials[held]

    return hold_out
