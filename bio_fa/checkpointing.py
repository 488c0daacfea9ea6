"""Checkpointing: when a run leaves checkpoints, to go on from after an interruption. Data only; the run does the writing."""

from __future__ import annotations

from dataclasses import dataclass

from bio_fa.description import Description


@dataclass(frozen=True)
class Checkpointing(Description):
    """The section ``[checkpoint]``: when a run leaves a checkpoint, beside before and after learning and when asked to stop."""

    every: int | None = None
    """After every so many epochs; None: time alone decides."""
    seconds: float | None = 30.0
    """After the batch by which the last one is so many seconds old; None: epochs alone decide. Choice: writing one takes a fraction
    of a second, which is then less than a hundredth of the run."""

    def validate(self) -> None:
        """Refuse times that never come or always do."""
        self.require(self.every is None or self.every >= 1, "every", "at least 1 epoch, or nothing")
        self.require(self.seconds is None or self.seconds > 0, "seconds", "a positive time, or nothing")

    def due_after(self, epoch: int) -> bool:
        """Return whether there is one after this many epochs, whenever the last one was; 0: before learning."""
        return epoch == 0 or (self.every is not None and epoch % self.every == 0)
