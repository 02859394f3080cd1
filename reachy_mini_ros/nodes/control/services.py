# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The control node's services, as one table."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup
from std_srvs.srv import SetBool, Trigger

from reachy_mini_ros.nodes.control.orders import Command, Orders
from reachy_mini_ros.robot.driver import Driver
from reachy_mini_ros.robot.motion.receipts import Order

Switch = Callable[[bool, Order], Coroutine[Any, Any, str]]


def serve(orders: Orders, driver: Driver) -> None:
    """Create the services; each answers when its command is done."""
    # Reentrant: a stop must come through while a wake-up is awaited.
    group = ReentrantCallbackGroup()
    commander, switches = driver.commander, driver.switches
    commands: dict[str, Command] = {
        "wake_up": commander.wake_up,
        "goto_sleep": commander.goto_sleep,
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
    door = orders.door
    door.serve(Trigger, "stop", partial(_stop, orders, commander.stop), callback_group=group)
    for name, command in commands.items():
        trigger = partial(_trigger, orders, name, command)
        door.serve(Trigger, name, trigger, callback_group=group)
    for name, switch in toggles.items():
        toggle = partial(_toggle, orders, name, switch)
        door.serve(SetBool, name, toggle, callback_group=group)


async def _stop(
    orders: Orders, command: Command, _: Trigger.Request, response: Trigger.Response
) -> Trigger.Response:
    return await orders.stop(command, response)


async def _trigger(
    orders: Orders, name: str, command: Command, _: Trigger.Request, response: Trigger.Response
) -> Trigger.Response:
    return await orders.answer(name, command, response)


async def _toggle(
    orders: Orders, name: str, switch: Switch, request: SetBool.Request, response: SetBool.Response
) -> SetBool.Response:
    return await orders.answer(name, partial(switch, request.data), response)
