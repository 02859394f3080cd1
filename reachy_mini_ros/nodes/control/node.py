# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The control node: joints and head pose out, targets and services in."""

import contextlib
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PointStamped, PoseStamped
from sensor_msgs.msg import JointState
from std_msgs.msg import String

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.connection import Connection
from reachy_mini_ros.errors import NotConnectedError, ReachyMiniRosError, RobotError
from reachy_mini_ros.nodes.common import diagnostics
from reachy_mini_ros.nodes.common.parameters import Param, declare
from reachy_mini_ros.nodes.common.qos import latched, reliable
from reachy_mini_ros.nodes.common.runtime import RobotNode, run
from reachy_mini_ros.nodes.control import conversions, limit_parameters
from reachy_mini_ros.nodes.control.actions import Actions
from reachy_mini_ros.nodes.control.look import LookAtTopics
from reachy_mini_ros.nodes.control.moves import PARAMETERS as MOVE_PARAMETERS
from reachy_mini_ros.nodes.control.moves import MoveTopics
from reachy_mini_ros.nodes.control.safety import Safety
from reachy_mini_ros.nodes.control.services import serve
from reachy_mini_ros.nodes.control.state import PARAMETERS as STATE_PARAMETERS
from reachy_mini_ros.nodes.control.state import StatePublisher
from reachy_mini_ros.robot.daemon.api import DaemonApi
from reachy_mini_ros.robot.daemon.link import RobotLink
from reachy_mini_ros.robot.motion.commander import Commander
from reachy_mini_ros.robot.motion.events import EventKind, SafetyEvent
from reachy_mini_ros.robot.motion.monitor import Monitor
from reachy_mini_ros.robot.motion.player import Player
from reachy_mini_ros.robot.motion.recorder import Recorder
from reachy_mini_ros.robot.motion.switches import DaemonSwitches
from reachy_mini_ros.robot.state import ImuSample, Interpolation, RobotInfo, RobotState, Target

PARAMETERS = (
    Param("robot_host", "reachy-mini.local", "Robot's name or address", read_only=True),
    Param("robot_port", 8000, "Port of the robot's daemon", 1, 65535, read_only=True),
    Param(
        "base_frame",
        "body_foot_3dprint",
        "The URDF's root, the frame of every head pose",
        read_only=True,
    ),
    Param("goto.duration", 1.0, "Duration of a goto, s", 0.1, 60.0),
    Param(
        "goto.method",
        "minjerk",
        "Time law of a goto",
        choices=tuple(method.value for method in Interpolation),
    ),
    *limit_parameters.PARAMETERS,
    *STATE_PARAMETERS,
    *MOVE_PARAMETERS,
)


@dataclass(frozen=True)
class _Order:
    """What to do with the messages of one topic."""

    topic: str
    convert: Callable[[Any], Target]
    act: Callable[[str, Target, int], None]


class ControlNode(RobotNode):
    """Publishes what the robot does and passes on what it is to do."""

    def __init__(self, io: LoopThread) -> None:
        super().__init__("control")
        self._io = io
        self._values = declare(self, PARAMETERS, self._on_parameters)
        host, port = self._values["robot_host"], self._values["robot_port"]
        self._safety = Safety(self, io)
        self._connection = self.create_publisher(String, "connection", latched())
        self._robot_info = self.create_publisher(DiagnosticStatus, "robot_info", latched())
        self._info: RobotInfo | None = None
        self._api = DaemonApi(host, port)
        self._link = RobotLink(
            host,
            port,
            on_state=self._on_state,
            on_imu=self._on_imu,
            on_info=self._on_info,
            on_connection=self._on_connection,
        )
        self._commander = Commander(
            self._link,
            self._api,
            command_timeout_s=self._values["command_timeout"],
            on_motion=self._safety.motion,
            on_event=self._safety.event,
        )
        limit_parameters.apply(self._values, self._commander)
        self._monitor = Monitor(
            self._link, self._api, self._commander, self._safety.moving, self._safety.event
        )
        self._state = StatePublisher(
            self, self._values, self._commander.target_pose, self._on_wrong_pose
        )
        self._look = LookAtTopics(self, self._values["base_frame"], self._commander.present)
        self._recorder = Recorder()
        player = Player(self._link, self._api, self._commander)
        MoveTopics(
            self, self._values, player, self._recorder, self._safety.watch, self._safety.answer
        )
        self._actions = Actions(
            self, io, self._values, self._commander, player, self._look, self._safety.fail
        )
        self._connection.publish(String(data=self._link.connection.value))
        self._publish_info()
        self._subscribe()
        switches = DaemonSwitches(self._link, self._api, self._commander)
        serve(self, self._safety, self._commander, switches)
        diagnostics.publish_diagnostics(self, f"{host}:{port}", self._report)
        self._running = io.submit(self._run())
        self._watching = io.submit(self._monitor.run())

    def close(self) -> None:
        """End what moves the robot for us, and leave it alone; nothing is published afterwards."""
        self._io.submit(self._commander.close()).result()
        self._watching.cancel()
        self._running.cancel()

    async def _run(self) -> None:
        try:
            await self._link.run()
        finally:
            await self._api.close()

    # Robot -> ROS, on the event loop's thread.

    def _on_state(self, state: RobotState) -> None:
        self._state.publish(state)
        self._look.note(state)
        self._monitor.take(state)
        if not self._state.mirrored:
            self._recorder.take(state, self._commander.streamer.ramp.at)

    def _on_imu(self, sample: ImuSample) -> None:
        self._state.publish_imu(sample)

    def _on_wrong_pose(self, text: str) -> None:
        self._safety.event(SafetyEvent(EventKind.WRONG_STATE, "head_pose", text))

    def _on_info(self, info: RobotInfo) -> None:
        self._commander.info_changed(info)
        if info != self._info:
            self._info = info
            self._publish_info()

    def _on_connection(self, connection: Connection, reason: str) -> None:
        self._commander.connection_changed(connection)
        if connection is not Connection.CONNECTED:
            self._monitor.lost()
        self.get_logger().info(f"{connection.value}: {reason}")
        self._connection.publish(String(data=connection.value))
        self._publish_info()
        if connection is Connection.STALLED:
            self._io.submit(self._ask_why())

    async def _ask_why(self) -> None:
        # A daemon that has stopped, or that misses its motors, answers over HTTP only.
        with contextlib.suppress(NotConnectedError, RobotError):
            info = await self._api.info()
            self._on_info(info)
            if info.daemon_state != "running":
                self.get_logger().error(f"the daemon is '{info.daemon_state}' {info.error}")

    def _publish_info(self) -> None:
        name = f"{self.get_fully_qualified_name()}: robot"
        info = self._info
        level, values = diagnostics.Level.STALE, {}
        if info is not None:
            values = {key: getattr(info, key) for key in info.__slots__}
            if self._link.connection is Connection.CONNECTED:
                fine = info.daemon_state == "running" and not info.error
                level = diagnostics.Level.OK if fine else diagnostics.Level.ERROR
        report = diagnostics.Report(level, self._link.connection.value, values)
        hardware_id = info.hardware_id if info is not None else ""
        self._robot_info.publish(diagnostics.status(name, hardware_id, report))

    # ROS -> robot: callbacks hand over to the event loop.

    def _subscribe(self) -> None:
        for prefix, act, depth in (("set_target", self._stream, 1), ("goto", self._goto, 10)):
            for name, kind, convert in (
                ("head_pose", PoseStamped, self._pose_target),
                ("joints", JointState, self._joint_target),
            ):
                topic = f"{prefix}/{name}"
                take = partial(self._take, _Order(topic, convert, act))
                self.create_subscription(kind, topic, take, reliable(depth))
        look_at = _Order("look_at", self._look.point_target, self._goto)
        take = partial(self._take, look_at)
        self.create_subscription(PointStamped, look_at.topic, take, reliable(10))
        self.create_subscription(PointStamped, "look_at_pixel", self._take_pixel, reliable(10))

    def _take(self, order: _Order, message: Any) -> None:
        self._io.call(self._obey, order, message, time.monotonic_ns())

    def _take_pixel(self, message: PointStamped) -> None:
        order = _Order("look_at_pixel", self._look.pixel_target, self._goto)
        self._look.when_camera_known(partial(self._take, order, message))

    def _obey(self, order: _Order, message: Any, arrived_ns: int) -> None:
        try:
            order.act(order.topic, order.convert(message), arrived_ns)
        except ReachyMiniRosError as error:
            self._safety.fail(order.topic, error)

    def _pose_target(self, message: PoseStamped) -> Target:
        return conversions.head_target(message, self._values["base_frame"])

    def _joint_target(self, message: JointState) -> Target:
        return conversions.joint_target(message, self._commander.reference())

    def _stream(self, topic: str, target: Target, arrived_ns: int) -> None:
        self._commander.stream(target, arrived_ns, topic)

    def _goto(self, topic: str, target: Target, arrived_ns: int) -> None:
        method = Interpolation(self._values["goto.method"])
        duration_s = self._values["goto.duration"]
        self._safety.watch(topic, self._commander.goto(target, duration_s, method, topic))

    def _on_parameters(self, changed: Mapping[str, Any]) -> None:
        self._values.update(changed)
        limit_parameters.apply(self._values, self._commander)

    def _report(self) -> diagnostics.Report:
        link, info = self._link, self._info
        connected = link.connection is Connection.CONNECTED
        return diagnostics.Report(
            diagnostics.Level.OK if connected else diagnostics.Level.ERROR,
            f"{link.connection.value}: {link.reason}",
            {
                "connection": link.connection.value,
                "state rate (Hz)": link.intervals_ms.rate_hz(),
                "state interval p95 (ms)": link.intervals_ms.percentile(95),
                "command to socket p95 (ms)": self._commander.streamer.latencies_ms.percentile(95),
                "head pose": "wrong" if self._state.mirrored else "right",
                "samples without head pose": self._state.withheld,
                "reconnects": link.reconnects,
                "refused commands": self._safety.refused,
                "last refusal": self._safety.last_refusal,
                "last safety event": self._safety.last_event,
                "last error": link.last_error,
                "motion owner": self._commander.motion.owner.value,
                "motor mode": self._commander.motion.motor_mode,
                "app lock": self._monitor.app_lock,
                "daemon version": info.daemon_version if info else "",
                "daemon state": info.daemon_state if info else "",
            },
        )


def main() -> None:
    """Run the control node."""
    sys.exit(run([ControlNode]))


if __name__ == "__main__":
    main()
