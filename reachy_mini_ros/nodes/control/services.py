# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The control node's services, as one table."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from std_srvs.srv import SetBool, Trigger

from reachy_mini_ros.nodes.control.safety import Safety
from reachy_mini_ros.robot.motion.commander import Commander
from reachy_mini_ros.robot.motion.switches import DaemonSwitches

Command = Callable[[], Coroutine[Any, Any, str]]
Switch = Callable[[bool], Coroutine[Any, Any, str]]


def serve(node: Node, safety: Safety, commander: Commander, switches: DaemonSwitches) -> None:
    """Create the services; each answers when its command is done."""
    # Reentrant: a stop must come through while a wake-up is awaited.
    group = ReentrantCallbackGroup()
    commands: dict[str, Command] = {
        "wake_up": commander.wake_up,
        "goto_sleep": commander.goto_sleep,
        "stop": commander.stop,
        "daemon/start": switches.start_daemon,
        "daemon/stop": switches.stop_daemon,
        "daemon/restart": switches.restart_daemon,
        "media/release": switches.release_media,
        "media/acquire": switches.acquire_media,
    }
    toggles: dict[str, Switch] = {
        "enable_motors": commander.enable_motors,
        "gravity_compensation": switches.gravity_compensation,
        "automatic_body_yaw": switches.automatic_body_yaw,
        "head_tracking": switches.head_tracking,
        "wobbling": switches.wobbling,
    }
    for name, command in commands.items():
        answer = partial(safety.answer, command, source=name)
        node.create_service(Trigger, name, answer, callback_group=group)
    for name, switch in toggles.items():
        node.create_service(
            SetBool, name, partial(_toggle, safety, name, switch), callback_group=group
        )


async def _toggle(
    safety: Safety, name: str, switch: Switch, request: SetBool.Request, response: SetBool.Response
) -> SetBool.Response:
    return await safety.answer(partial(switch, request.data), request, response, source=name)
