"""Failure aimed at: work that is done out of order, twice or never, that fills memory, or whose failure nobody hears of."""

from __future__ import annotations

import threading
import time

import pytest

from bio_fa.errors import RecordError
from bio_fa.io.background import Background


@pytest.fixture
def background():
    made = Background(room=100)
    yield made
    made.stop()


def test_tasks_are_done_in_order_and_in_another_thread(background):
    done = []
    for number in range(100):
        background.do(lambda number=number: done.append((number, threading.current_thread())))
    background.wait()
    assert [number for number, _ in done] == list(range(100))
    assert {thread for _, thread in done}.isdisjoint({threading.current_thread()})


def test_who_brings_more_than_there_is_room_for_waits(background):
    gate, second = threading.Event(), threading.Event()
    background.do(gate.wait, size=60)
    late = threading.Thread(target=lambda: (background.do(lambda: None, size=60), second.set()))
    late.start()
    assert not second.wait(0.05), "120 bytes are held in a room of 100"
    gate.set()
    late.join()
    assert second.is_set()


def test_a_task_larger_than_the_room_is_done_when_nothing_else_waits(background):
    done = []
    for number in range(3):
        background.do(lambda number=number: done.append(number), size=1000)
    background.wait()
    assert done == [0, 1, 2]


def test_a_failure_is_raised_at_every_later_call_and_nothing_is_done_after_it(background):
    done = []

    def fail() -> None:
        raise RecordError("the disk is full.")

    background.do(fail)
    with pytest.raises(RecordError, match="the disk is full"):
        background.wait()
    for call in (background.wait, lambda: background.do(lambda: done.append(1))):
        with pytest.raises(RecordError, match="the disk is full"):
            call()
    background.stop()
    assert done == []


def test_what_waits_when_it_is_stopped_is_still_done(background):
    done = []
    for number in range(5):
        background.do(lambda number=number: (time.sleep(0.001), done.append(number)))
    background.stop()
    assert done == [0, 1, 2, 3, 4]
