"""Background: a thread that does, in order, what a run need not wait for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Condition, Thread
from typing import NamedTuple, final

ROOM = 1 << 27
"""Bytes that may wait to be written. Choice: as much as a segment, so that a disk that pauses does not stop a run."""


class Task(NamedTuple):
    """Something to be done, and the bytes that it holds meanwhile."""

    do: Callable[[], object]
    size: int


@final
class Background:
    """Does tasks one after the other, in a thread of its own that ``stop`` ends.

    After a task has failed, none that follows is done, and every call raises what it failed with.
    """

    def __init__(self, room: int = ROOM) -> None:
        self._room, self._held, self._open = room, 0, True
        self._tasks: deque[Task] = deque()
        self._failure: BaseException | None = None
        self._changed = Condition()
        self._thread = Thread(target=self._work, name="bio_fa-record", daemon=True)
        self._thread.start()

    def do(self, task: Callable[[], object], size: int = 0) -> None:
        """Let something be done after all before it; wait first while too much is waiting."""
        with self._changed:
            self._changed.wait_for(lambda: self._failure or not self._held or self._held + size <= self._room)
            self._raise()
            self._tasks.append(Task(task, size))
            self._held += size
            self._changed.notify_all()

    def wait(self) -> None:
        """Wait until everything is done."""
        with self._changed:
            self._changed.wait_for(lambda: self._failure or not self._tasks)
            self._raise()

    def stop(self) -> None:
        """Do what is still waiting, and end; a failure is not raised again."""
        with self._changed:
            self._open = False
            self._changed.notify_all()
        self._thread.join()

    def _raise(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._tasks or not self._open)
                if not self._tasks:
                    return
                task = self._tasks[0]
            self._try(task)
            with self._changed:
                self._tasks.popleft()
                self._held -= task.size
                self._changed.notify_all()

    def _try(self, task: Task) -> None:
        if self._failure is None:
            try:
                task.do()
            except BaseException as error:
                self._failure = error
