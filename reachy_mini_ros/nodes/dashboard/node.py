# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Node ``dashboard``: the browser's view of the robot over HTTP."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from builtin_interfaces.msg import Time as Stamp
from rclpy.time import Time
from sensor_msgs.msg import CompressedImage

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.errors import SetupError
from reachy_mini_ros.files import live_directory
from reachy_mini_ros.hosts import is_loopback
from reachy_mini_ros.nodes.common.diagnostics import Level, Report, publish_diagnostics
from reachy_mini_ros.nodes.common.on_demand import OnDemand
from reachy_mini_ros.nodes.common.parameters import declare
from reachy_mini_ros.nodes.common.runtime import RobotNode
from reachy_mini_ros.nodes.common.secrets import secret_lines
from reachy_mini_ros.nodes.dashboard.commands import DashboardCommands
from reachy_mini_ros.nodes.dashboard.parameters import PARAMETERS
from reachy_mini_ros.nodes.dashboard.state import DashboardState
from reachy_mini_ros.statistics import Window
from reachy_mini_ros.web.application import Dashboard, Settings
from reachy_mini_ros.web.commands import Command, Done, Moves
from reachy_mini_ros.web.pictures import Pictures
from reachy_mini_ros.web.robot import Latency, Percentiles, Robot, Status

LATENCY_MAX_MS = 10_000.0
"""A larger one, or one below zero, tells of clocks that differ."""


class DashboardNode(RobotNode):
    """Feeds the dashboard from topics; the image and the head's pose only while looked at."""

    def __init__(self, io: LoopThread) -> None:
        super().__init__("dashboard")
        self._io = io
        values = declare(self, PARAMETERS)
        token = values["token"] or _token(secret_lines(self, values, "token"))
        self._latencies_ms = Window()
        self._stamp: Stamp | None = None
        self._image = OnDemand(self, CompressedImage, values["image_topic"], self._on_image)
        self.pictures = Pictures(self._image.want)
        state = DashboardState(self, io, values["image_topic"], self._on_safety)
        commands = DashboardCommands(self, io, self._picture_stamp)
        self._dashboard = Dashboard(
            self.pictures,
            _RobotOfRos(state, commands, self._latencies_ms),
            Settings(
                Path(values["photo_directory"]).expanduser(),
                live_directory(values["live_directory"], self.get_namespace()),
                token,
                _read_only(values["read_only"], values["address"]),
            ),
            self.supervisor,
            address=values["address"],
            port=values["port"],
        )
        try:
            io.submit(self._dashboard.start()).result()
        except SetupError:
            self.destroy_node()  # others of this process may go on
            raise
        publish_diagnostics(self, "", self._report)
        how = "with ?token=... " if token else ""
        self.get_logger().info(f"open {self._dashboard.url} {how}in a browser")

    def close(self) -> None:
        """End all streams and stop listening."""
        self._io.submit(self._dashboard.stop()).result()

    def _on_image(self, message: CompressedImage) -> None:
        self._stamp = message.header.stamp
        stamp = Time.from_msg(message.header.stamp, self.get_clock().clock_type)
        age_ms = (self.get_clock().now() - stamp).nanoseconds / 1e6
        if 0 <= age_ms < LATENCY_MAX_MS:
            self._latencies_ms.add(age_ms)
        self._io.call(self.pictures.publish, message.data.tobytes())

    def _picture_stamp(self) -> Stamp | None:
        return self._stamp if self.pictures.state().age_s is not None else None

    def _on_safety(self, event: dict[str, str]) -> None:
        self._dashboard.events.publish("safety", event)

    def _report(self) -> Report:
        pictures = self._dashboard.streams.state()
        values = {
            "url": self._dashboard.url,
            **asdict(pictures),
            "encoded pictures": self._dashboard.streams.encoded.encoded,
            "listeners": self._dashboard.events.listeners,
            "latency p50 (ms)": self._latencies_ms.percentile(50),
            "latency p95 (ms)": self._latencies_ms.percentile(95),
        }
        if not pictures.viewers:
            return Report(Level.OK, "nobody looks", values)
        if pictures.age_s is None:
            return Report(Level.WARN, "somebody looks, but the camera sends no pictures", values)
        return Report(Level.OK, "somebody looks", values)


def _token(lines: Sequence[str]) -> str:
    """Return the token out of its file; raises SetupError if there is more in it."""
    if len(lines) > 1:
        raise SetupError("parameter token_file: the file has more than one line")
    return "".join(lines)


def _read_only(setting: str, address: str) -> bool:
    return setting == "true" or (setting == "auto" and not is_loopback(address))


class _RobotOfRos(Robot):
    """The robot behind the topics."""

    def __init__(
        self, state: DashboardState, commands: DashboardCommands, latencies_ms: Window
    ) -> None:
        self._state = state
        self._commands = commands
        self._latencies_ms = latencies_ms

    def status(self, *, sound: bool = False) -> Status:
        p50, p95 = (self._latencies_ms.percentile(percent) for percent in (50, 95))
        latency = Latency(
            None if p50 is None or p95 is None else Percentiles(round(p50, 1), round(p95, 1))
        )
        return replace(self._state.status(sound=sound), latency=latency)

    async def obey(self, command: Command, *, to_its_end: bool = False) -> Done:
        return await self._commands.obey(command, to_its_end=to_its_end)

    async def moves(self) -> Moves:
        return await self._commands.moves()
