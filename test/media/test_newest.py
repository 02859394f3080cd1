# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Of frames that wait the newest is handled, and none after the end."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest
from harness.waiting import patience, wait_for

from reachy_mini_ros.aio import Supervisor
from reachy_mini_ros.media.frames import Frame
from reachy_mini_ros.media.newest import NewestFrame


def frame(number: int) -> Frame:
    return Frame(np.zeros((2, 2, 3), np.uint8), number, number)


class Worker:
    """Handles a frame until it is let go, and keeps the numbers of those it handled."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.ended: list[int] = []
        self.let_go = threading.Semaphore(0)
        self.log: list[str] = []
        self.newest = NewestFrame(self._handle, "pictures", Supervisor(self.log.append))

    def _handle(self, given: Frame) -> None:
        self.begun.append(given.captured_ns)
        assert self.let_go.acquire(timeout=patience(10))
        self.ended.append(given.captured_ns)


@pytest.fixture
def worker() -> Iterator[Worker]:
    one = Worker()
    yield one
    one.let_go.release(100)
    one.newest.close()
    assert one.log == []


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "pictures"]


def test_the_newest_of_those_that_wait_is_handled(worker: Worker) -> None:
    worker.newest.offer(frame(1))
    wait_for(lambda: worker.begun == [1], 5)
    for number in (2, 3, 4):
        worker.newest.offer(frame(number))
    worker.let_go.release()
    wait_for(lambda: worker.begun == [1, 4], 5)
    assert worker.ended == [1]
    assert worker.newest.dropped == 2
    worker.let_go.release()
    wait_for(lambda: worker.ended == [1, 4], 5)
    assert [thread.daemon for thread in threads()] == [True]


def test_one_that_waits_can_be_taken_back(worker: Worker) -> None:
    worker.newest.offer(None)
    assert worker.newest.dropped == 0
    worker.newest.offer(frame(1))
    wait_for(lambda: worker.begun == [1], 5)
    worker.newest.offer(frame(2))
    worker.newest.offer(None)
    assert worker.newest.dropped == 1
    worker.let_go.release(2)
    wait_for(lambda: worker.ended == [1], 5)
    worker.newest.offer(frame(3))
    wait_for(lambda: worker.ended == [1, 3], 5)


def test_at_the_end_the_one_being_handled_is_finished_and_no_other_begun(worker: Worker) -> None:
    worker.newest.offer(frame(1))
    wait_for(lambda: worker.begun == [1], 5)
    worker.newest.offer(frame(2))
    closing = threading.Thread(target=worker.newest.close)
    closing.start()
    wait_for(lambda: worker.newest._ended, 5)
    assert closing.is_alive()
    worker.let_go.release(2)
    closing.join(patience(5))
    assert not closing.is_alive()
    assert worker.begun == worker.ended == [1]
    assert threads() == []


def test_one_that_has_nothing_to_do_ends(worker: Worker) -> None:
    worker.newest.close()
    assert threads() == []
    assert worker.begun == []
