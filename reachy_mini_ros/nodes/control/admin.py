# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The robot's software over ROS: `app` and all below `admin/`; there only with `admin` on."""

import json
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.impl.rcutils_logger import RcutilsLogger
from std_msgs.msg import String
from std_srvs.srv import Trigger

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.nodes.common import diagnostics
from reachy_mini_ros.nodes.common.on_demand import LatchedOnDemand
from reachy_mini_ros.nodes.common.qos import latched, reliable
from reachy_mini_ros.nodes.common.runtime import RobotNode
from reachy_mini_ros.nodes.control.orders import Command, Orders
from reachy_mini_ros.nodes.control.stop_gate import MessageInfo
from reachy_mini_ros.robot.admin.administrator import Administrator, AppSituation
from reachy_mini_ros.robot.admin.daemon_log import LogLine
from reachy_mini_ros.robot.admin.jobs import Progress
from reachy_mini_ros.robot.driver import Driver
from reachy_mini_ros.robot.motion.receipts import Order

PREFIX = "admin"
LOGGER = "daemon"
"""Child of the node's logger: /rosout names it with the daemon's lines."""
LINES_KEPT = 50
"""Of a job, for who subscribes late."""


class Admin:
    """Topics and services; the constructor and :meth:`offer` belong to the executor's thread."""

    def __init__(
        self, node: RobotNode, io: LoopThread, driver: Driver, address: tuple[str, int]
    ) -> None:
        self._node = node
        self._name = node.get_fully_qualified_name()
        self._logger = node.get_logger().get_child(LOGGER)
        self._app = LatchedOnDemand(node, DiagnosticStatus, "app")
        self._progress = node.create_publisher(
            DiagnosticStatus, f"{PREFIX}/progress", latched(LINES_KEPT)
        )
        self._administrator = Administrator(
            *(driver, address, node.supervisor),
            *(self._on_app, self._on_progress, self._on_log),
        )
        self._tells = False
        self._on_app(self._administrator.situation)

    def want(self, wanted: bool) -> None:
        """Tell of the robot's apps from now on, or not; on the event loop's thread."""
        self._tells = wanted
        self._app.want(wanted)
        if wanted:
            self._administrator.start()

    async def close(self) -> None:
        """End what watches the robot."""
        await self._administrator.close()

    def offer(self, orders: Orders) -> None:
        """Take commands from now on."""
        administrator, group = self._administrator, ReentrantCallbackGroup()
        named: dict[str, Callable[[str, Order], Coroutine[Any, Any, str]]] = {
            "start_app": administrator.start_app,
            "startup_app": administrator.set_startup_app,
            "install_app": administrator.install_app,
            "remove_app": administrator.remove_app,
            "update_app": administrator.update_app,
            "update_robot": administrator.update_robot,
            "robot_name": administrator.set_robot_name,
        }
        plain: dict[str, Command] = {
            "stop_app": administrator.stop_app,
            "restart_app": administrator.restart_app,
            "clear_cache": administrator.clear_cache,
            "reset_apps": administrator.reset_apps,
        }
        questions: dict[str, Callable[[], Coroutine[Any, Any, Any]]] = {
            "list_apps": administrator.apps,
            "list_available_apps": administrator.available_apps,
            "check_updates": administrator.updates,
            "overview": administrator.overview,
        }
        plain |= {name: partial(_as_json, question) for name, question in questions.items()}
        for name, command in named.items():
            topic = f"{PREFIX}/{name}"
            on_message = partial(self._on_named, orders, topic, command)
            self._node.create_subscription(String, topic, on_message, reliable(10))
        for name, act in plain.items():
            service = f"{PREFIX}/{name}"
            on_request = partial(_answer, orders, service, act)
            self._node.create_service(Trigger, service, on_request, callback_group=group)

    def _on_named(
        self,
        orders: Orders,
        topic: str,
        command: Callable[[str, Order], Coroutine[Any, Any, str]],
        message: String,
        info: MessageInfo,
    ) -> None:
        order = orders.order(topic, detail=message.data)
        orders.begin(order, partial(command, message.data), info)

    def _on_app(self, situation: AppSituation) -> None:
        app = situation.app
        values = {
            "name": app.name,
            "state": app.state,
            "error": app.error,
            "lock": situation.lock,
            "startup_app": situation.startup_app,
        }
        level, text = diagnostics.Level.OK, f"{app.name} {app.state}".strip() or "no app ran yet"
        if situation.problem:
            level, text = diagnostics.Level.STALE, situation.problem
        elif app.state == "error":
            level = diagnostics.Level.ERROR
        report = diagnostics.Report(level, text, values)
        self._app.publish(diagnostics.status(f"{self._name}: app", "", report))

    def _on_progress(self, progress: Progress) -> None:
        if not self._tells:
            return
        values = {
            "job": progress.id,
            "command": progress.command,
            "what": progress.what,
            "status": progress.status,
            "percent": progress.percent if progress.percent is not None else "",
        }
        failed = progress.status == "failed"
        level = diagnostics.Level.ERROR if failed else diagnostics.Level.OK
        report = diagnostics.Report(level, progress.line, values)
        self._progress.publish(diagnostics.status(f"{self._name}: job", "", report))

    def _on_log(self, line: LogLine) -> None:
        if self._tells:
            _log(self._logger, line)


def _log(logger: RcutilsLogger, line: LogLine) -> None:
    # One call for each level: rclpy refuses another level from the same place.
    match line.level:
        case "DEBUG":
            logger.debug(line.text)
        case "WARNING":
            logger.warning(line.text)
        case "ERROR":
            logger.error(line.text)
        case "CRITICAL":
            logger.fatal(line.text)
        case _:
            logger.info(line.text)


async def _as_json(question: Callable[[], Coroutine[Any, Any, Any]], _: Order) -> str:
    return json.dumps(await question())


async def _answer(
    orders: Orders, name: str, command: Command, _: Trigger.Request, response: Trigger.Response
) -> Trigger.Response:
    return await orders.answer(name, command, response)
