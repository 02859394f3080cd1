# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Who commands alone, from `control_lease`, and the services that change it."""

import time

from diagnostic_msgs.msg import DiagnosticStatus
from diagnostic_msgs.srv import AddDiagnostics

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.errors import BusyError
from reachy_mini_ros.nodes.common.on_demand import Latest, reached
from reachy_mini_ros.nodes.common.qos import latched
from reachy_mini_ros.nodes.common.runtime import RobotNode
from reachy_mini_ros.nodes.dashboard.service import KEEP_S, Service
from reachy_mini_ros.robot.motion.lease import NONE_MESSAGE
from reachy_mini_ros.web.commands import Lease
from reachy_mini_ros.web.interest import Interest
from reachy_mini_ros.web.robot import LeaseHeld


class Leases:
    """The lease as the dashboard sees it; every method belongs to the loop's thread."""

    def __init__(self, node: RobotNode, io: LoopThread) -> None:
        self.topic = Latest(node, DiagnosticStatus, "control_lease", latched())
        self.interest = Interest(self.topic.want, KEEP_S)
        self._acquire = Service(node, io, AddDiagnostics, "lease/acquire")
        self._release = Service(node, io, AddDiagnostics, "lease/release")

    def held(self) -> LeaseHeld | None:
        """Return who holds it now; None for nobody, and while that is not known."""
        message = self.topic.get()
        values = {entry.key: entry.value for entry in message.values} if message else {}
        try:
            until = float(values.get("expires", ""))
        except ValueError:
            return None
        return LeaseHeld(values.get("holder", ""), until) if until > time.time() else None

    async def ask(self, command: Lease) -> str:
        """Change it; raises RobotError with the reason of a refusal."""
        if command.action == "release":
            return await self._release.call(AddDiagnostics.Request(load_namespace=command.name))
        asked = f"{command.name} {command.seconds!r} {command.action}"
        self.interest.touch()
        answer = await self._acquire.call(AddDiagnostics.Request(load_namespace=asked))
        await reached(lambda: self._is_held_by(command.name))  # the topic may be behind
        return answer

    def _is_held_by(self, name: str) -> bool:
        held = self.held()
        return held is not None and held.holder == name

    async def require(self, name: str) -> None:
        """Raise BusyError if ``name`` does not hold it."""
        self.interest.touch()
        await reached(self.topic.get)
        held = self.held()
        if held is None:
            raise BusyError(NONE_MESSAGE.format(name=name))
        if held.holder != name:
            raise BusyError(f"{held.holder} commands the robot alone: {name} holds no lease")
