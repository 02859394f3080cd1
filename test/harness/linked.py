# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A link to the daemon on a loop of its own, and everything that it has told."""

from types import TracebackType
from typing import Any, Self

from harness.waiting import wait_for
from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.connection import Connection
from reachy_mini_ros.robot.daemon.link import RobotLink
from reachy_mini_ros.robot.state import ImuSample, RobotInfo, RobotState


class Linked:
    """A link that runs for as long as the context lasts; ``more`` goes to :class:`RobotLink`."""

    def __init__(self, port: int, host: str = "127.0.0.1", **more: Any) -> None:
        self.states: list[RobotState] = []
        self.samples: list[ImuSample] = []
        self.infos: list[RobotInfo] = []
        self.changes: list[tuple[Connection, str]] = []
        callbacks = {
            "on_state": self.states.append,
            "on_imu": self.samples.append,
            "on_info": self.infos.append,
            "on_connection": lambda connection, reason: self.changes.append((connection, reason)),
        }
        self.link = RobotLink(host, port, **(callbacks | more))
        self.io = LoopThread()

    def __enter__(self) -> Self:
        self.io.__enter__()
        self.running = self.io.submit(self.link.run())
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.io.close()

    def wait(self, connection: Connection, timeout_s: float = 5.0) -> str:
        """Wait until the link is as it is to be, and return why."""
        wait_for(lambda: self.link.connection is connection, timeout_s, connection.value)
        return self.link.reason
