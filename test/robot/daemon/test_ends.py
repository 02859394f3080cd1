# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The end of a task or of a move is told to whoever waits for it, and to nobody else."""

from harness.loop import on_a_loop

from reachy_mini_ros.aio import Supervisor
from reachy_mini_ros.robot.daemon.ends import Ends
from reachy_mini_ros.robot.daemon.messages import TaskEnd, UploadReport

BEGUN = UploadReport("move", started=True, cancelled=False, error="")
ENDED = UploadReport("move", started=False, cancelled=False, error="")
CANCELLED = UploadReport("move", started=False, cancelled=True, error="")


@on_a_loop
async def test_a_task_s_end_comes_to_who_waits_for_it() -> None:
    ends = Ends(Supervisor())
    assert not ends.awaited
    with ends.of_task("one") as one, ends.of_task("other") as other:
        assert ends.awaited
        ends.take(TaskEnd("a third", "lost"))
        ends.take(TaskEnd("one", "no way"))
        ends.take(TaskEnd("one", "told again"))
        assert one.result() == "no way"
        assert not other.done()
        ends.take(TaskEnd("other", ""))
        assert other.result() == ""
    assert not ends.awaited
    ends.take(TaskEnd("one", ""))


@on_a_loop
async def test_a_move_s_begin_and_end_come_to_who_waits_for_them() -> None:
    ends, begun = Ends(Supervisor()), list[str]()
    with ends.of_upload("move", lambda: begun.append("move")) as end:
        assert ends.awaited
        ends.take(UploadReport("another's", started=True, cancelled=False, error=""))
        assert begun == []
        ends.take(BEGUN)
        assert begun == ["move"]
        assert not end.done()
        ends.take(CANCELLED)
        ends.take(ENDED)
        assert end.result() == CANCELLED
    assert not ends.awaited
    ends.take(ENDED)
    assert begun == ["move"]


@on_a_loop
async def test_who_fails_to_hear_of_a_begin_hears_of_the_end() -> None:
    log = list[str]()
    ends = Ends(supervisor := Supervisor(log.append))

    def fail() -> None:
        raise ZeroDivisionError

    with ends.of_upload("move", fail) as end:
        ends.take(BEGUN)
        assert supervisor.failures == ("what hears of a move's begin: ZeroDivisionError()",)
        ends.take(ENDED)
        assert end.result() == ENDED


@on_a_loop
async def test_nobody_waits_after_an_error() -> None:
    ends = Ends(Supervisor())
    for waiting in (ends.of_task("one"), ends.of_upload("one", lambda: None)):
        try:
            with waiting:
                assert ends.awaited
                raise ZeroDivisionError
        except ZeroDivisionError:
            pass
        assert not ends.awaited
