"""What a circuit is asked to learn: a task loads a dataset, whose splits hold stimuli, targets and labels."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from bio_fa.description import Description
from bio_fa.errors import DataError

HoldOut = Callable[[np.ndarray, float], tuple[np.ndarray, np.ndarray]]
"""Divides trials (trial,) into those kept and the given fraction that is held out."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Some trials of a split.

    Attributes:
        stimulus: (trial, input) float32, rates ≥ 0.
        target: (trial, output) float32, rates ≥ 0.
        label: (trial,) int64, or None for a regression.
        trial: (trial,) int64, the index of each trial in its split.
    """

    stimulus: np.ndarray
    target: np.ndarray
    label: np.ndarray | None
    trial: np.ndarray


@dataclass(frozen=True, eq=False)
class Split:
    """The trials of one purpose: training or test.

    Attributes:
        stimulus: (trial, input) float32, finite rates ≥ 0.
        target: (trial, output) float32, finite rates ≥ 0.
        label: (trial,) int64 in [0, outputs), or None for a regression.
        name: how errors call this split.

    Raises:
        DataError: when an array has another type or shape, holds no trial, or holds a value that is not allowed.
    """

    stimulus: np.ndarray
    target: np.ndarray
    label: np.ndarray | None = None
    name: str = "split"

    def __post_init__(self) -> None:
        self._require_rates("stimulus", self.stimulus, "trial, input")
        self._require_rates("target", self.target, "trial, output")
        counts = f"{len(self.stimulus)} stimuli come with {len(self.target)} targets; give one target a stimulus"
        self._require(len(self.stimulus) == len(self.target), counts)
        if self.label is not None:
            self._require_labels(self.label)

    def _require(self, holds: bool, sentence: str) -> None:
        if not holds:
            raise DataError(f"{self.name}: {sentence}.")

    def _require_array(self, what: str, values: np.ndarray, dtype: type, axes: str) -> None:
        came = f"{values.dtype} {values.shape}" if isinstance(values, np.ndarray) else type(values).__name__
        sentence = f"the {what} is {came}; give a {dtype.__name__} array ({axes})"
        self._require(isinstance(values, np.ndarray), sentence)
        self._require(values.dtype == dtype and values.ndim == len(axes.split(",")), sentence)

    def _require_rates(self, what: str, values: np.ndarray, axes: str) -> None:
        self._require_array(what, values, np.float32, axes)
        self._require(values.size > 0, f"the {what} is empty, {values.shape}; give at least one trial and one value")
        bad = ~((values >= 0) & (values < np.inf))
        if bad.any():
            trial, place = np.unravel_index(np.argmax(bad), bad.shape)
            came = f"the {what} of trial {trial} holds {values[trial, place]}"
            self._require(False, f"{came}; give finite values of at least 0")

    def _require_labels(self, label: np.ndarray) -> None:
        self._require_array("label", label, np.int64, "trial")
        counts = f"{len(self)} trials come with {len(label)} labels; give one label a trial"
        self._require(len(label) == len(self), counts)
        bad = (label < 0) | (label >= self.outputs)
        trial = int(np.argmax(bad))
        came = f"the label of trial {trial} is {label[trial]}"
        self._require(not bad[trial], f"{came}; give one from 0 to {self.outputs - 1}")

    @classmethod
    def labelled(cls, stimulus: np.ndarray, label: np.ndarray, outputs: int, name: str = "split") -> Split:
        """Return the split whose target is one-hot: 1 at the output of the label (trial,), 0 elsewhere."""
        return cls(stimulus, (label[:, None] == np.arange(outputs)).astype(np.float32), label.astype(np.int64), name)

    @property
    def inputs(self) -> int:
        """The number of values of a stimulus."""
        return int(self.stimulus.shape[1])

    @property
    def outputs(self) -> int:
        """The number of values of a target."""
        return int(self.target.shape[1])

    def __len__(self) -> int:
        return len(self.stimulus)

    def first(self, n: int) -> Split:
        """Return the first ``n`` trials, or all when there are fewer."""
        self._require(n >= 1, f"the first {n} trials were asked for; ask for at least 1")
        return Split(self.stimulus[:n], self.target[:n], None if self.label is None else self.label[:n], self.name)

    def softened(self, share: float) -> Split:
        """Return the split with targets (1 − share) · target + share · mean target of the trial: surer answers are not asked for.

        Source: Szegedy et al. (2016) CVPR, section 7, label smoothing.
        """
        mean = self.target.mean(axis=1, keepdims=True)
        target = ((1 - share) * self.target + share * mean).astype(np.float32)
        return Split(self.stimulus, target, self.label, self.name)

    def batches(self, size: int, order: np.ndarray | None = None) -> Iterator[Batch]:
        """Yield batches of ``size`` trials; the last one holds what is left.

        Args:
            size: trials a batch, at least 1.
            order: indices of trials (any number of them), or None for all in their own order.

        Raises:
            DataError: at once, for a size below 1 or an order that names a trial which is not there.
        """
        self._require(size >= 1, f"a batch of {size} trials was asked for; give a size of at least 1")
        order = np.arange(len(self)) if order is None else self._indices(order)
        return (self._batch(order[start : start + size]) for start in range(0, len(order), size))

    def _indices(self, order: np.ndarray) -> np.ndarray:
        order = np.asarray(order)
        whole = order.ndim == 1 and (order.dtype.kind in "iu" or not order.size)
        self._require(whole, f"the order is {order.dtype} {order.shape}; give whole numbers (trial,)")
        inside = not order.size or (order.min() >= 0 and order.max() < len(self))
        self._require(inside, f"the order names a trial outside 0 to {len(self) - 1}; give indices of trials")
        return order.astype(np.int64)

    def _batch(self, trial: np.ndarray) -> Batch:
        return Batch(self.stimulus[trial], self.target[trial], None if self.label is None else self.label[trial], trial)


@dataclass(frozen=True, eq=False)
class Dataset:
    """What a task loads.

    Attributes:
        train: the trials to learn from.
        test: the trials to judge by: the test set, or what the task's ``validation`` held out of the training set.
        source: one line that says where the data come from.

    Raises:
        DataError: when training and test differ in their inputs or outputs, or only one of them has labels.
    """

    train: Split
    test: Split
    source: str

    def __post_init__(self) -> None:
        train, test = ((split.inputs, split.outputs, split.label is not None) for split in (self.train, self.test))
        if train != test:
            names = f"{self.train.name} has (inputs, outputs, labels) {train} but {self.test.name} {test}"
            raise DataError(f"{names}; make them equal.")

    @property
    def inputs(self) -> int:
        """The number of values of a stimulus."""
        return self.train.inputs

    @property
    def outputs(self) -> int:
        """The number of values of a target."""
        return self.train.outputs


@dataclass(frozen=True, kw_only=True)
class Task(Description, abstract=True):
    """A task; its fields say which of its trials are used.

    Attributes:
        validation: the fraction of the training trials that is held out. When it is above 0 the held-out trials replace
            the test set, so that settings can be chosen without ever looking at the test set.
        train_trials: keep only the first so many training trials; None keeps all.
        test_trials: keep only the first so many trials of the test set, or of what replaces it; None keeps all.
        softening: how far training targets are drawn to their mean, from 0 (as they are) to below 1.
    """

    validation: float = 0.0
    train_trials: int | None = None
    test_trials: int | None = None
    softening: float = 0.0

    def validate(self) -> None:
        """Refuse a fraction outside [0, 1) and fewer than one trial."""
        self.require(0 <= self.validation < 1, "validation", "a fraction from 0 to below 1")
        self.require(0 <= self.softening < 1, "softening", "a fraction from 0 to below 1")
        self.require(self.train_trials is None or self.train_trials >= 1, "train_trials", "at least 1 or nothing")
        self.require(self.test_trials is None or self.test_trials >= 1, "test_trials", "at least 1 or nothing")

    @abstractmethod
    def load(self, seed: int) -> Dataset:
        """Return the dataset; what is random in it is fixed by ``seed``.

        Raises:
            DataError: when the data are missing or cannot be used.
        """

    def choose(self, train: np.ndarray, test: np.ndarray, hold_out: HoldOut) -> tuple[np.ndarray, np.ndarray]:
        """Return the training and test trials (trial,) that the common fields leave of those given."""
        if self.validation > 0:
            train, test = hold_out(train, self.validation)
        return train[: self.train_trials], test[: self.test_trials]
