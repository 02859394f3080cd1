# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The control node: joints and head pose out, targets and services in."""

import contextlib
import math
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PointStamped, PoseStamped
from rclpy.callback_groups import ReentrantCallbackGroup
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.errors import NotConnectedError, PreemptedError, ReachyMiniRosError, RobotError
from reachy_mini_ros.nodes import diagnostics, poses
from reachy_mini_ros.nodes.look import Look
from reachy_mini_ros.nodes.parameters import Param, declare
from reachy_mini_ros.nodes.qos import latched, reliable
from reachy_mini_ros.nodes.runtime import RobotNode, run
from reachy_mini_ros.nodes.state import PARAMETERS as STATE_PARAMETERS
from reachy_mini_ros.nodes.state import StatePublisher
from reachy_mini_ros.nodes.waiting import result_in_executor
from reachy_mini_ros.robot.api import DaemonApi
from reachy_mini_ros.robot.commander import Commander
from reachy_mini_ros.robot.link import RobotLink
from reachy_mini_ros.robot.state import (
    Connection,
    ImuSample,
    Interpolation,
    RobotInfo,
    RobotState,
    Target,
)

PARAMETERS = (
    Param("robot_host", "reachy-mini.local", "host of the robot's daemon", read_only=True),
    Param("robot_port", 8000, "port of the robot's daemon", 1, 65535, read_only=True),
    Param(
        "base_frame",
        "body_foot_3dprint",
        "the URDF's root, the frame of every head pose",
        read_only=True,
    ),
    Param("goto.duration", 1.0, "duration of a goto, s", 0.1, 60.0),
    Param(
        "goto.method",
        "minjerk",
        "time law of a goto",
        choices=tuple(method.value for method in Interpolation),
    ),
    Param(
        "command_timeout",
        0.5,
        "a stream of targets has ended after this long without one, s: after a stop, targets are "
        "refused until then",
        0.05,
        10.0,
    ),
    *STATE_PARAMETERS,
)
WARNING_PERIOD_S = 2.0

Response = TypeVar("Response", Trigger.Response, SetBool.Response)


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
        self._refused = 0
        self._last_refusal = ""
        self._warned_s: dict[str, float] = {}
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
            self._link, self._api, command_timeout_s=self._values["command_timeout"]
        )
        self._state = StatePublisher(
            self, self._values, self._commander.target_pose, self._on_wrong_pose
        )
        self._look = Look(self, self._values["base_frame"], self._commander.present)
        self._connection.publish(String(data=self._link.connection.value))
        self._publish_info()
        self._subscribe()
        self._serve()
        diagnostics.publish_diagnostics(self, f"{host}:{port}", self._report)
        self._running = io.submit(self._run())

    def close(self) -> None:
        """Leave the robot alone; nothing is published afterwards."""
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

    def _on_imu(self, sample: ImuSample) -> None:
        self._state.publish_imu(sample)

    def _on_wrong_pose(self, text: str) -> None:
        self.get_logger().error(text)

    def _on_info(self, info: RobotInfo) -> None:
        if info != self._info:
            self._info = info
            self._publish_info()

    def _on_connection(self, connection: Connection, reason: str) -> None:
        self._commander.connection_changed(connection)
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

    def _serve(self) -> None:
        # Reentrant: a stop must come through while a wake-up is awaited.
        group = ReentrantCallbackGroup()
        commander = self._commander
        for name, command in (
            ("wake_up", commander.wake_up),
            ("goto_sleep", commander.goto_sleep),
            ("stop", commander.stop),
        ):
            answer = partial(self._answer, command)
            self.create_service(Trigger, name, answer, callback_group=group)
        self.create_service(SetBool, "enable_motors", self._enable_motors, callback_group=group)

    def _take(self, order: _Order, message: Any) -> None:
        self._io.call(self._obey, order, message, time.monotonic_ns())

    def _take_pixel(self, message: PointStamped) -> None:
        order = _Order("look_at_pixel", self._look.pixel_target, self._goto)
        self._look.when_camera_known(partial(self._take, order, message))

    def _obey(self, order: _Order, message: Any, arrived_ns: int) -> None:
        try:
            order.act(order.topic, order.convert(message), arrived_ns)
        except ReachyMiniRosError as error:
            self._refuse(order.topic, error)

    def _pose_target(self, message: PoseStamped) -> Target:
        return poses.head_target(message, self._values["base_frame"])

    def _joint_target(self, message: JointState) -> Target:
        return poses.joint_target(message, self._commander.reference())

    def _stream(self, topic: str, target: Target, arrived_ns: int) -> None:
        self._commander.stream(target, arrived_ns)

    def _goto(self, topic: str, target: Target, arrived_ns: int) -> None:
        method = Interpolation(self._values["goto.method"])
        goto = self._commander.goto(target, self._values["goto.duration"], method)
        self._io.submit(self._watch(topic, goto))

    async def _watch(self, topic: str, goto: Coroutine[Any, Any, str]) -> None:
        try:
            self.get_logger().debug(await goto)
        except PreemptedError as error:
            self.get_logger().info(str(error))
        except ReachyMiniRosError as error:
            self._refuse(topic, error)

    def _refuse(self, topic: str, error: ReachyMiniRosError) -> None:
        self._refused += 1
        self._last_refusal = f"{topic}: {error}"
        # Per topic: a stream that is refused must not hide why a goto was.
        now_s = time.monotonic()
        if now_s - self._warned_s.get(topic, -math.inf) > WARNING_PERIOD_S:
            self._warned_s[topic] = now_s
            self.get_logger().warning(self._last_refusal)

    async def _enable_motors(
        self, request: SetBool.Request, response: SetBool.Response
    ) -> SetBool.Response:
        command = partial(self._commander.enable_motors, request.data)
        return await self._answer(command, request, response)

    async def _answer(
        self,
        command: Callable[[], Coroutine[Any, Any, str]],
        request: object,
        response: Response,
    ) -> Response:
        try:
            response.message = await result_in_executor(self, self._io.submit(command()))
            response.success = True
        except ReachyMiniRosError as error:
            response.message = str(error)
        return response

    def _on_parameters(self, changed: Mapping[str, Any]) -> None:
        self._values.update(changed)
        self._commander.motion.command_timeout_s = self._values["command_timeout"]

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
                "refused commands": self._refused,
                "last refusal": self._last_refusal,
                "last error": link.last_error,
                "move": self._commander.motion.running or "",
                "motor mode": info.motor_mode if info else "",
                "daemon version": info.daemon_version if info else "",
                "daemon state": info.daemon_state if info else "",
            },
        )


def main() -> None:
    """Run the control node."""
    sys.exit(run([ControlNode]))


if __name__ == "__main__":
    main()
