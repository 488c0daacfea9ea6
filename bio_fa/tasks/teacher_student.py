"""Teacher and student: a task whose solution is known exactly, because a random circuit made its targets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bio_fa.ops import relu
from bio_fa.randomness import stream
from bio_fa.tasks.base import Dataset, Split, Task
from bio_fa.tasks.splitting import last


@dataclass(frozen=True)
class TeacherStudent(Task):
    """A regression from random stimuli x to the responses t of a fixed random teacher.

        t = [W x + noise · ξ]₊                     without a hidden area
        t = [W [V x]₊ + noise · ξ]₊                with one

    x is uniform in [0, 1), ξ standard normal. W ≥ 0 is exponential; V is normal, hence signed, so that the hidden area
    is not linear. Without noise the outer [·]₊ changes nothing; then, and without a hidden area, a linear student can
    reach zero error.

    Attributes:
        inputs: the number of values of a stimulus.
        outputs: the number of values of a target.
        trials: training trials.
        test: test trials.
        noise: the standard deviation of what is added to a target.
        hidden: neurons of the teacher's hidden area; 0 for none.

    Source: Gardner & Derrida (1989) J. Phys. A 22:1983–1994, for learning from a teacher of known weights.

    Choice: W has the mean 1 / n and V the standard deviation 1 / √n for n presynaptic values, so that targets are
    of order 1 whatever the sizes.
    """

    inputs: int = 20
    outputs: int = 5
    trials: int = 2000
    test: int = 500
    noise: float = 0.0
    hidden: int = 0

    def validate(self) -> None:
        """Refuse an empty task and negative noise."""
        super().validate()
        for field in ("inputs", "outputs", "trials", "test"):
            self.require(getattr(self, field) >= 1, field, "at least 1")
        self.require(self.noise >= 0, "noise", "a standard deviation of at least 0")
        self.require(self.hidden >= 0, "hidden", "at least 0")

    def load(self, seed: int) -> Dataset:
        """Return the teacher's trials; ``seed`` fixes the teacher, the stimuli and the noise, each on its own."""
        parts = [self._trials(seed, "train", self.trials), self._trials(seed, "test", self.test)]
        stimulus, target = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        train, test = np.split(np.arange(len(stimulus)), [self.trials])
        train, test = self.choose(train, test, last)
        return Dataset(
            Split(stimulus[train], target[train], name="TeacherStudent training"),
            Split(stimulus[test], target[test], name="TeacherStudent test"),
            "a random teacher: after Gardner & Derrida (1989) J. Phys. A 22:1983–1994",
        )

    def _trials(self, seed: int, part: str, trials: int) -> tuple[np.ndarray, np.ndarray]:
        """Return stimuli (trial, input) and targets (trial, output), both float32."""
        stimulus = stream(seed, "teacher_student", "stimulus", part).random((trials, self.inputs), dtype=np.float32)
        noise = self.noise * stream(seed, "teacher_student", "noise", part).standard_normal((trials, self.outputs))
        return stimulus, relu(self._response(seed, stimulus) + noise).astype(np.float32)

    def _response(self, seed: int, activity: np.ndarray) -> np.ndarray:
        rng = stream(seed, "teacher_student", "teacher")
        if self.hidden > 0:
            v = rng.normal(0, self.inputs**-0.5, (self.hidden, self.inputs))
            activity = relu(activity @ v.T)
        w = rng.exponential(1 / activity.shape[1], (self.outputs, activity.shape[1]))
        return activity @ w.T
