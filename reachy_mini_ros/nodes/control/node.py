# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The control node: joints and head pose out, targets and services in."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from std_msgs.msg import String

from reachy_mini_ros.aio import LoopThread, Tasks
from reachy_mini_ros.connection import Connection
from reachy_mini_ros.nodes.common import diagnostics
from reachy_mini_ros.nodes.common.network import openness
from reachy_mini_ros.nodes.common.on_demand import LatchedOnDemand
from reachy_mini_ros.nodes.common.parameters import declare
from reachy_mini_ros.nodes.common.runtime import RobotNode
from reachy_mini_ros.nodes.common.streams import Streams
from reachy_mini_ros.nodes.control import health
from reachy_mini_ros.nodes.control.actions import Actions
from reachy_mini_ros.nodes.control.admin import Admin
from reachy_mini_ros.nodes.control.election import Role
from reachy_mini_ros.nodes.control.leases import Leases
from reachy_mini_ros.nodes.control.look import LookAtTopics
from reachy_mini_ros.nodes.control.moves import MoveTopics
from reachy_mini_ros.nodes.control.orders import Orders
from reachy_mini_ros.nodes.control.parameters import PARAMETERS
from reachy_mini_ros.nodes.control.presence import ControlPresence
from reachy_mini_ros.nodes.control.safety import Safety
from reachy_mini_ros.nodes.control.services import serve
from reachy_mini_ros.nodes.control.state import StatePublisher
from reachy_mini_ros.nodes.control.stop_gate import StopGate
from reachy_mini_ros.nodes.control.targets import TargetTopics
from reachy_mini_ros.robot.driver import Driver, Listeners, Settings
from reachy_mini_ros.robot.motion.events import EventKind, SafetyEvent
from reachy_mini_ros.robot.motion.limit_values import limits_of
from reachy_mini_ros.robot.state import ImuSample, Interpolation, RobotInfo, RobotState
from reachy_mini_ros.texts import shown


class ControlNode(RobotNode):
    """The driver of one robot as topics, services and actions."""

    def __init__(self, io: LoopThread) -> None:
        super().__init__("control")
        self.streams = Streams(self)
        self._io = io
        self._values = declare(self, PARAMETERS, self._on_parameters, io)
        host, port = self._values["robot_host"], self._values["robot_port"]
        prefix = self._values["frame_prefix"]
        for frame in ("base_frame", "imu.frame_id"):
            self._values[frame] = prefix + self._values[frame]
        base_frame = self._values["base_frame"]
        self._safety = Safety(self)
        self._connection = LatchedOnDemand(self, String, "connection")
        self._robot_info = LatchedOnDemand(self, DiagnosticStatus, "robot_info")
        self._presence = ControlPresence(self, io, self._on_role)
        self._offers = False
        self._leases = Leases(self, io)
        self._admin: Admin | None = None
        self._driver = Driver(
            host,
            port,
            _settings(self._values),
            Listeners(
                on_state=self._on_state,
                on_imu=self._on_imu,
                on_info=self._on_info,
                on_connection=self._on_connection,
                on_motion=self._safety.motion,
                on_moving=self._safety.moving,
                on_event=self._safety.event,
                on_receipt=self._safety.receipt,
                on_lease=self._leases.changed,
            ),
            self.supervisor,
        )
        self._leases.leasing = self._driver.leasing
        commander = self._driver.commander
        self._state = StatePublisher(self, self._values, commander.target_pose, self._on_wrong_pose)
        self._look = LookAtTopics(self, base_frame, prefix, commander.present)
        self._connection.publish(String(data=self._driver.link.connection.value))
        self._publish_info()
        diagnostics.publish_diagnostics(
            *(self, f"{host}:{port}", self._report),
            {"daemon": lambda: health.report(self._driver)},
        )
        if self._values["admin"]:
            self._admin = Admin(self, io, self._driver, (host, port))
        self._tasks = Tasks(self.supervisor)
        if reached := openness(os.environ, sys.argv[1:]):
            self.get_logger().warning(reached)
        io.call(self._driver.start)
        self.in_executor(lambda: io.call(self._tasks.keep, "presence", self._presence.run))

    def close(self) -> None:
        """End what moves the robot for us, and leave it alone; nothing is published afterwards."""
        self._io.submit(self._end()).result()

    def _offer(self) -> None:
        """Take commands from now on.

        Not before this node commands: commands go to every node that takes them, and of two that
        answer, the sender would believe the one that refuses.
        """
        gate = StopGate()
        orders = Orders(self, self._io, self._driver, self._presence, gate)
        self._take(orders)
        self._actions = Actions(self, self._io, self._driver, orders, self._look)
        if self._admin is not None:
            self._admin.offer(orders)
        self._leases.offer(
            orders,
            lambda door: self._take(
                Orders(self, self._io, self._driver, self._presence, gate, door)
            ),
        )

    def _take(self, orders: Orders) -> None:
        """Take commands of topics and services by the door of ``orders``."""
        base_frame = self._values["base_frame"]
        TargetTopics(self._io, self._driver, orders, self._look, base_frame)
        MoveTopics(self, self._driver, orders)
        serve(orders, self._driver)

    # On the event loop's thread.

    async def _end(self) -> None:
        await self._driver.close()
        if self._admin is not None:
            await self._admin.close()
        await self._tasks.end()
        self._presence.end()

    def _on_role(self, role: Role) -> None:
        active = role is Role.ACTIVE
        self._safety.silent = not active
        for topic in (
            self._connection,
            self._robot_info,
            self._leases.topic,
            *self._safety.latched,
        ):
            topic.want(active)
        if self._admin is not None:
            self._admin.want(active)
        if active and not self._offers:
            self._offers = True
            self.in_executor(self._offer)
        elif not active:
            leasing = self._driver.leasing
            leasing.gone(leasing.lease.state.holder)
            self._tasks.start("standby", self._driver.commander.close())

    def _on_state(self, state: RobotState) -> None:
        if self._presence.tells:
            self._state.publish(state)
        self._look.note(state)

    def _on_imu(self, sample: ImuSample) -> None:
        if self._presence.tells:
            self._state.publish_imu(sample)

    def _on_wrong_pose(self, text: str) -> None:
        self._safety.event(SafetyEvent(EventKind.WRONG_STATE, "head_pose", text))

    def _on_info(self, info: RobotInfo) -> None:
        self._publish_info()
        if info.daemon_state != "running":
            self.get_logger().error(f"the daemon is '{info.daemon_state}' {shown(info.error)}")

    def _on_connection(self, connection: Connection, reason: str) -> None:
        self.get_logger().info(f"{connection.value}: {reason}")
        self._connection.publish(String(data=connection.value))
        self._publish_info()

    def _publish_info(self) -> None:
        name = f"{self.get_fully_qualified_name()}: robot"
        info, connection = self._driver.info, self._driver.link.connection
        level, values = diagnostics.Level.STALE, {}
        if info is not None:
            values = info.facts()
            if connection is Connection.CONNECTED:
                fine = info.daemon_state == "running" and not info.error
                level = diagnostics.Level.OK if fine else diagnostics.Level.ERROR
        report = diagnostics.Report(level, connection.value, values)
        hardware_id = info.hardware_id if info is not None else ""
        self._robot_info.publish(diagnostics.status(name, hardware_id, report))

    # On the executor's thread.

    def _on_parameters(self, changed: Mapping[str, Any]) -> None:
        self._values.update(changed)
        self._driver.configure(_settings(self._values))

    def _report(self) -> diagnostics.Report:
        link, info, commander = self._driver.link, self._driver.info, self._driver.commander
        counts = link.counts
        connected = link.connection is Connection.CONNECTED
        level = diagnostics.Level.OK if connected else diagnostics.Level.ERROR
        message = f"{link.connection.value}: {link.reason}"
        if connected and self._presence.role is Role.STANDBY:
            level, message = diagnostics.Level.WARN, f"standby: {self._presence.reason()}"
        return diagnostics.Report(
            level,
            message,
            {
                "role": self._presence.role.value,
                "connection": link.connection.value,
                "state rate (Hz)": link.intervals_ms.rate_hz(),
                "state interval p95 (ms)": link.intervals_ms.percentile(95),
                "command to socket p95 (ms)": commander.streamer.latencies_ms.percentile(95),
                "gaps": counts.gaps,
                "longest gap (s)": counts.longest_gap_s,
                "bursts": counts.bursts,
                "states dropped as not new": counts.dropped_states,
                "IMU samples dropped as not new": counts.dropped_samples,
                "malformed messages": counts.malformed,
                "head pose": "wrong" if self._state.mirrored else "right",
                "samples without head pose": self._state.withheld,
                "reconnects": link.reconnects,
                "refused commands": self._safety.refused,
                "last refusal": self._safety.last_refusal,
                "last safety event": self._safety.last_event,
                "last error": link.last_error,
                "motion owner": commander.motion.owner.value,
                "motor mode": commander.motion.motor_mode,
                "app lock": self._driver.monitor.app_lock,
                "moves of other clients": self._driver.monitor.problem or "seen",
                "daemon version": info.daemon_version if info else "",
                "daemon state": info.daemon_state if info else "",
            },
        )


def _settings(values: Mapping[str, Any]) -> Settings:
    """Return what the parameters say."""
    return Settings(
        limits=limits_of(values),
        goto_duration_s=values["goto.duration"],
        goto_method=Interpolation(values["goto.method"]),
        move_directory=Path(values["move_directory"]),
        move_dataset=values["move_dataset"],
        move_approach_s=values["move_approach"],
    )
