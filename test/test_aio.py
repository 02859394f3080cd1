# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Nothing that runs for long ends in silence, and a switch follows its newest wish."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from harness.loop import on_a_loop
from harness.waiting import Awaited, wait_for

from reachy_mini_ros import aio
from reachy_mini_ros.aio import LoopThread, Supervisor, Switch, Tasks
from reachy_mini_ros.errors import BusyError


class Program:
    """What a program hears of its parts."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.given_up: list[str] = []
        self.supervisor = Supervisor(self.log.append, self.given_up.append)


@pytest.fixture
def program() -> Program:
    return Program()


@pytest.fixture
def io() -> Iterator[LoopThread]:
    with LoopThread() as io_thread:
        yield io_thread


def failing(times: int, then: Callable[[], Coroutine[Any, Any, None]]) -> Any:
    """Return work that fails so often, and then is ``then()``."""
    left = [times]

    async def work() -> None:
        if left[0]:
            left[0] -= 1
            raise ValueError("no such thing")
        await then()

    return work


@on_a_loop
async def test_a_part_that_fails_is_begun_anew_until_it_works(program: Program) -> None:
    seen: list[tuple[str, ...]] = []

    async def works() -> None:
        seen.append(program.supervisor.failures)

    await program.supervisor.keep("source", failing(3, works))
    assert seen == [("source: ValueError('no such thing')",)], "an ERROR until it is mended"
    assert program.supervisor.failures == ()
    assert not program.given_up


@on_a_loop
async def test_a_trace_is_logged_once_for_the_same_failure(program: Program) -> None:
    async def works() -> None:
        pass

    await program.supervisor.keep("source", failing(4, works))
    (text,) = program.log
    assert "source: ValueError('no such thing')" in text.splitlines()[0]
    assert "Traceback" in text
    assert __file__ in text, "the trace leads to where it happened"


def test_a_part_that_runs_on_counts_as_mended(
    program: Program, io: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aio, "MENDED_AFTER_S", 0.05)
    begun = threading.Event()

    async def work() -> None:
        begun.set()
        await asyncio.Event().wait()

    running = io.submit(program.supervisor.keep("link", failing(1, work)))
    wait_for(lambda: program.supervisor.failures or begun.is_set(), 10, "the failure")
    wait_for(begun.is_set, 10, "the second begin")
    wait_for(lambda: not program.supervisor.failures, 10, "the part to be mended")
    running.cancel()
    assert len(program.log) == 1


@on_a_loop
async def test_what_fails_again_and_again_is_given_up(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aio, "MOST_IN_A_ROW", 3)
    await program.supervisor.keep("link", failing(99, asyncio.Event().wait))
    assert program.given_up == ["link failed 3 times in a row: ValueError('no such thing')"]
    assert program.supervisor.failures


@on_a_loop
async def test_a_part_that_is_cancelled_stays_so(program: Program) -> None:
    task = asyncio.create_task(program.supervisor.keep("link", asyncio.Event().wait))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not program.log


def test_a_callback_s_failure_ends_nothing(program: Program) -> None:
    with program.supervisor.guard("topic look_at"):
        raise ZeroDivisionError
    assert program.supervisor.failures == ("topic look_at: ZeroDivisionError()",)
    with program.supervisor.guard("topic look_at"):
        pass
    assert program.supervisor.failures == ()


@on_a_loop
async def test_a_group_of_one_error_is_told_as_that_error(program: Program) -> None:
    async def fail() -> None:
        raise ValueError("inner")

    async def group() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fail())

    tasks = Tasks(program.supervisor)
    await tasks.start("source", group())
    assert program.supervisor.failures == ("source: ValueError('inner')",)


def test_what_comes_from_outside_is_cut_and_escaped(program: Program) -> None:
    program.supervisor.failed("parser", ValueError("a\nb" + "x" * 10_000))
    (line,) = program.supervisor.failures
    assert len(line) < 300
    assert "\n" not in line


@on_a_loop
async def test_a_refusal_is_told_in_its_own_words(program: Program) -> None:
    async def refuse() -> None:
        raise BusyError("the robot sleeps")

    await Tasks(program.supervisor).start("autostart", refuse())
    assert program.supervisor.failures == ("autostart: the robot sleeps",)


def test_the_loop_tells_of_functions_that_fail(program: Program) -> None:
    with LoopThread(on_failure=program.supervisor.failed) as io:
        io.call(int, "none")
        wait_for(lambda: program.supervisor.failures, 10, "the failure to be told")
    assert "invalid literal" in program.supervisor.failures[0]


async def turns(count: int) -> None:
    """Let the event loop turn so often."""
    for _ in range(count):
        await asyncio.sleep(0)


class Stream:
    """Something that is on or off."""

    def __init__(self) -> None:
        self.running = 0

    async def run(self) -> None:
        self.running += 1
        try:
            await asyncio.Event().wait()
        finally:
            await turns(5)  # to close takes a moment
            self.running -= 1


@pytest.mark.parametrize("wishes", [[True], [True, False, True], [False, True] * 10 + [True]])
def test_a_switch_ends_as_it_was_wished_last(io: LoopThread, wishes: list[bool]) -> None:
    stream = Stream()
    switch = io.submit(made(stream)).result()
    for wish in wishes:
        io.call(switch.want, wish)
    wait_for(lambda: stream.running == 1, 10, "the stream to run")
    io.call(switch.want, False)
    wait_for(lambda: stream.running == 0, 10, "the stream to end")
    io.call(switch.want, True)
    io.call(switch.want, False)
    io.call(switch.want, True)
    wait_for(lambda: stream.running == 1, 10, "the stream to run again")
    Awaited(io.submit(switch.close())).result(10)
    assert stream.running == 0


async def made(stream: Stream) -> Switch:
    return Switch(stream.run)


@on_a_loop
async def test_a_switch_never_runs_two_at_once() -> None:
    stream = Stream()
    switch = Switch(stream.run)
    most = 0
    for wish in (True, False, True, True, False, True):
        switch.want(wish)
        for _ in range(3):
            await turns(2)
            most = max(most, stream.running)
    await switch.close()
    assert most == 1


@on_a_loop
async def test_a_switch_tells_why_it_went_off_by_itself() -> None:
    failed: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
    switch = Switch(failing(1, asyncio.Event().wait), failed.set_result)
    switch.want(True)
    assert isinstance(await failed, ValueError)
    await switch.close()
