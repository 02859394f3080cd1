# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the page asks and tells of the robot's software, over the control node's `admin/*`."""

import json
from collections import defaultdict, deque
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from rcl_interfaces.msg import Log
from std_srvs.srv import Trigger

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.errors import NotConnectedError
from reachy_mini_ros.nodes.common.diagnostics import Level
from reachy_mini_ros.nodes.common.on_demand import Latest, OnDemand
from reachy_mini_ros.nodes.common.qos import latched, reliable
from reachy_mini_ros.nodes.common.runtime import RobotNode
from reachy_mini_ros.nodes.dashboard.commands import DashboardCommands
from reachy_mini_ros.nodes.dashboard.service import Service
from reachy_mini_ros.web import admin
from reachy_mini_ros.web.admin import AdminState, AppState, JobState, LogLine, LogLines
from reachy_mini_ros.web.commands import Done
from reachy_mini_ros.web.interest import Interest

LINGER_S = 5.0
LINES_KEPT = 300
_LEVELS = {10: "debug", 20: "info", 30: "warn", 40: "error", 50: "fatal"}
OFF = "the robot's software cannot be changed here: start the control node with admin:=true"


class RosAdmin(admin.Admin):
    """Every method but the constructor belongs to the loop's thread."""

    def __init__(self, node: RobotNode, io: LoopThread, commands: DashboardCommands) -> None:
        self._node = node
        self._io = io
        self._commands = commands
        names = [question for question, _ in admin.QUESTIONS.values()]
        names += [name for name in admin.COMMANDS if name not in admin.NAMED]
        self._services = {name: Service(node, io, Trigger, f"admin/{name}") for name in names}
        self._offered = node.resolve_service_name("admin/overview")
        self._app = Latest(node, DiagnosticStatus, "app", latched())
        self._progress = Latest(node, DiagnosticStatus, "admin/progress", latched())
        self._interest = Interest(self._want, LINGER_S)
        self._lines: deque[LogLine] = deque(maxlen=LINES_KEPT)
        self._count = 0
        self._logger = f"{node.get_namespace().strip('/').replace('/', '.')}.control.daemon"
        self._log = OnDemand(node, Log, "/rosout", self._on_log, reliable(100))
        self._log_interest = Interest(self._log.want, LINGER_S)

    def there(self) -> bool:
        """Tell whether the control node offers it."""
        return bool(self._node.count_services(self._offered))

    def require(self) -> "RosAdmin":
        """Return this; raises NotConnectedError if the control node does not offer it."""
        if not self.there():
            raise NotConnectedError(OFF)
        return self

    def state(self) -> AdminState:
        """Return what is known now."""
        self._interest.touch()
        app, job = self._app.get(), self._progress.get()
        return AdminState(_app_state(app) if app else None, _job_state(job) if job else None)

    def log(self, after: int) -> LogLines:
        """Return the daemon's lines after a number."""
        self._log_interest.touch()
        news = min(max(0, self._count - after), len(self._lines))
        lines = tuple(self._lines)
        return LogLines(self._count, lines[len(lines) - news :])

    async def ask(self, question: str) -> dict[str, Any]:
        """Return the answer to a question."""
        answer = json.loads(await self._services[question].call(Trigger.Request()))
        return answer if isinstance(answer, dict) else {"apps": answer}

    async def obey(self, name: str, argument: str | None) -> Done:
        """Carry out a command."""
        if argument is None:
            return Done(await self._services[name].call(Trigger.Request()))
        ends = name not in admin.LASTING
        return await self._commands.send_text(f"admin/{name}", argument, ends)

    def _want(self, wanted: bool) -> None:
        for topic in (self._app, self._progress):
            topic.want(wanted)

    def _on_log(self, message: Log) -> None:
        if message.name == self._logger:
            self._io.call(self._keep, LogLine(_LEVELS.get(message.level, "info"), message.msg))

    def _keep(self, line: LogLine) -> None:
        self._lines.append(line)
        self._count += 1


def _app_state(status: DiagnosticStatus) -> AppState:
    values = _values(status)
    stale = status.level == Level.STALE.value
    return AppState(
        name=values["name"],
        state=values["state"],
        lock=values["lock"],
        startup_app=values["startup_app"],
        problem=status.message if stale else values["error"],
    )


def _job_state(status: DiagnosticStatus) -> JobState:
    values = _values(status)
    percent = values["percent"]
    return JobState(
        command=values["command"],
        what=values["what"],
        status=values["status"],
        percent=int(percent) if percent.isdecimal() else None,
        line=status.message,
    )


def _values(status: DiagnosticStatus) -> dict[str, str]:
    return defaultdict(str, {entry.key: entry.value for entry in status.values})
