"""Handwritten digits of 8 × 8 pixels: a real task that is small enough for a test and needs no file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bio_fa.randomness import stream
from bio_fa.tasks.base import Dataset, Task
from bio_fa.tasks.splitting import Pool, stratified


@dataclass(frozen=True)
class Digits(Task):
    """The 1797 digits that come with scikit-learn: 64 inputs from 0 to 1, 10 outputs.

    Source: Alpaydin & Kaynak (1998) Optical Recognition of Handwritten Digits, UCI Machine Learning Repository.

    Choice: test and validation trials are drawn in equal proportion from every class, so that small sets stay fair.
    """

    test_fraction: float = 0.2

    def validate(self) -> None:
        """Refuse a test set that is empty or everything."""
        super().validate()
        self.require(0 < self.test_fraction < 1, "test_fraction", "a fraction between 0 and 1")

    def load(self, seed: int) -> Dataset:
        """Return the digits; ``seed`` decides which are held out."""
        from sklearn.datasets import load_digits

        pixels, label = load_digits(return_X_y=True)
        every = np.arange(len(label))
        train, test = stratified(label, stream(seed, "digits", "test"))(every, self.test_fraction)
        train, test = self.choose(train, test, stratified(label, stream(seed, "digits", "validation")))
        source = "scikit-learn's digits: Alpaydin & Kaynak (1998), UCI Machine Learning Repository"
        return Pool(pixels, 16, label, 10).dataset(train, test, "Digits", source)
