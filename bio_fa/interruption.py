"""Interruption: a run that is asked to stop does so between two batches, once it has left a checkpoint.

Ctrl-C asks (a second time it stops at once), and so do SIGTERM and SIGUSR1, which batch systems send before they end a job.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from bio_fa.errors import PreemptionError

PREEMPTING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGUSR1") if hasattr(signal, name))
"""What asks for a checkpoint and an end, beside Ctrl-C; of those that the system has."""


class Interruption:
    """Remembers that the run was asked to stop, and by what."""

    def __init__(self) -> None:
        self.asked: signal.Signals | None = None

    def ask(self, number: int, frame: FrameType | None) -> None:
        """Remember a signal; at the second Ctrl-C raise KeyboardInterrupt."""
        again = self.asked == signal.SIGINT == number
        self.asked = signal.Signals(number)
        if again:
            raise KeyboardInterrupt

    def obey(self) -> None:
        """Stop where that was asked for.

        Raises:
            KeyboardInterrupt: after Ctrl-C.
            PreemptionError: after another signal.
        """
        if self.asked == signal.SIGINT:
            raise KeyboardInterrupt
        if self.asked is not None:
            raise PreemptionError(f"stopped by {self.asked.name} after a checkpoint; go on with --resume.")


@contextmanager
def heeded() -> Iterator[Interruption]:
    """Remember signals instead of dying of them; in a thread, which gets none, there are none to remember."""
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    before = {number: signal.signal(number, interruption.ask) for number in (signal.SIGINT, *PREEMPTING)}
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
