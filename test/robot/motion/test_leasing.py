# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Each change of who holds the lease is told once, and its end when its time is over."""

import asyncio

from harness.loop import on_a_loop
from harness.waiting import wait_for

from reachy_mini_ros.robot.motion.lease import Ask, Lease, LeaseState
from reachy_mini_ros.robot.motion.leasing import Leasing


class Told:
    """A lease, and what was told of it."""

    def __init__(self) -> None:
        self.states: list[LeaseState] = []
        self.leasing = Leasing(Lease(), self.states.append)

    @property
    def holders(self) -> list[str]:
        return [state.holder for state in self.states]

    async def time_is_over(self) -> None:
        """Wait until nobody holds it, and for what that brings about at once."""
        await asyncio.to_thread(wait_for, lambda: self.leasing.lease.left_s() <= 0.0, 5)
        for _ in range(5):
            await asyncio.sleep(0)


@on_a_loop
async def test_its_end_is_told_once_however_often_it_was_renewed() -> None:
    told = Told()
    assert told.leasing.ask(Ask.ACQUIRE, "ann") == "granted: ann commands the robot alone for 1 s"
    assert told.leasing.ask(Ask.RENEW, "ann").startswith("renewed: ann")
    assert told.holders == ["ann", "ann"]
    await asyncio.to_thread(wait_for, lambda: not told.states[-1].holder, 5)
    await told.time_is_over()
    assert told.holders == ["ann", "ann", ""]
    assert told.states[-1].reason == "the time of ann is over"


@on_a_loop
async def test_a_holder_that_releases_it_or_goes_is_told_and_nobody_else_s_going() -> None:
    told = Told()
    told.leasing.ask(Ask.ACQUIRE, "ann")
    told.leasing.gone("bob")
    assert told.holders == ["ann"]
    told.leasing.gone("ann")
    assert told.holders == ["ann", ""]
    told.leasing.ask(Ask.ACQUIRE, "bob")
    assert told.leasing.ask(Ask.RELEASE, "bob") == "bob released the lease"
    await told.time_is_over()
    assert told.holders == ["ann", "", "bob", ""]


@on_a_loop
async def test_nothing_is_told_after_it_was_closed() -> None:
    told = Told()
    told.leasing.close()
    told.leasing.ask(Ask.ACQUIRE, "ann")
    told.leasing.close()
    await told.time_is_over()
    assert told.holders == ["ann"]
