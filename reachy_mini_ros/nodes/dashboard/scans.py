# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`scan`, `scan/cancel` and `scan_progress`: the dashboard's panoramas for ROS."""

from diagnostic_msgs.msg import DiagnosticStatus

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.errors import PreemptedError, RobotError
from reachy_mini_ros.nodes.common import diagnostics
from reachy_mini_ros.nodes.common.qos import latched
from reachy_mini_ros.nodes.common.runtime import RobotNode
from reachy_mini_ros.nodes.common.work import Work
from reachy_mini_ros.web.commands import Scan
from reachy_mini_ros.web.scanning import Scanner, ScanState

LEVELS = {"failed": diagnostics.Level.ERROR, "stopped": diagnostics.Level.WARN}


class ScanServices:
    """Has a scan carried out for who calls a service."""

    def __init__(self, node: RobotNode, io: LoopThread, scanner: Scanner) -> None:
        self._node = node
        self._scanner = scanner
        self._publisher = node.create_publisher(DiagnosticStatus, "scan_progress", latched())
        work = Work(node, io)
        work.serve("scan", self._scan)
        work.serve("scan/cancel", self._cancel)
        self.publish(scanner.state)

    def publish(self, state: ScanState) -> None:
        """Tell how the scan does; on the loop's thread."""
        values = {
            "state": state.state,
            "done": state.done,
            "total": state.total,
            "taken": state.taken,
            "name": state.name,
            "reason": state.reason,
            "files": " ".join(state.files),
        }
        level = LEVELS.get(state.state, diagnostics.Level.OK)
        text = f"{state.state}: {state.reason}" if state.reason else state.state
        name = f"{self._node.get_fully_qualified_name()}: scan"
        message = diagnostics.status(name, "", diagnostics.Report(level, text, values))
        self._publisher.publish(message)

    async def _scan(self) -> str:
        name = await self._scanner.begin(Scan())
        over = await self._scanner.ended()
        if over.state == "stopped":
            raise PreemptedError(over.reason)
        if over.state != "done":
            raise RobotError(over.reason or over.state)
        return str(self._scanner.folder / name)

    async def _cancel(self) -> str:
        self._scanner.cancel()
        return "cancelled: the robot goes back to where it was"
