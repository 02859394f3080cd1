# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Parameters declared from one table a node: description, range, choices, read-only.

rclpy is imported only where there is a node: --help and the documentation read the tables too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reachy_mini_ros import signals
from reachy_mini_ros.errors import NotConnectedError, SetupError, StoppedError
from reachy_mini_ros.files import is_path
from reachy_mini_ros.robot import discovery
from reachy_mini_ros.texts import LONGEST_NAME, shown

if TYPE_CHECKING:
    from rcl_interfaces.msg import ParameterDescriptor
    from rclpy.node import Node
    from rclpy.parameter import Parameter

    from reachy_mini_ros.aio import LoopThread

CHOICES = "one of: "
SECRET = "secret"
"""What a descriptor's additional_constraints begin with, or are."""
Value = bool | int | float | str | tuple[str, ...]
_TOPIC = re.compile(r"|(~?/)?[A-Za-z_{][\w{}]*(/[A-Za-z_{][\w{}]*)*", re.ASCII)
_KINDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text; where it reads as something else, write it in quotes twice: \"'1234'\"",
}


@dataclass(frozen=True)
class Param:
    """One parameter; its type is its default's, ``minimum`` and ``maximum`` bound numbers.

    The value of a ``secret`` one is in no error's text. ``digits``: a text that may be a number,
    as a command line and YAML take it. ``topic``: the name of one, or nothing; ``path``: of a file
    or a folder, or nothing. A list of texts is a tuple here, and may be set as one text.
    """

    name: str
    default: Value
    description: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    read_only: bool = False
    secret: bool = False
    digits: bool = False
    topic: bool = False
    path: bool = False

    @property
    def bounds(self) -> str:
        """The range or the choices, for people, or that it is secret; empty if there are none."""
        if self.secret:
            return SECRET
        if self.minimum is None or self.maximum is None:
            return ", ".join(self.choices)
        return f"{self.minimum:g} to {self.maximum:g}"

    def descriptor(self) -> ParameterDescriptor:
        """Return the descriptor, as ``ros2 param describe`` shows it.

        Dynamically typed, so that ``frame_rate:=15`` may be written for 15.0; :meth:`accept`
        holds the type instead.
        """
        from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor

        descriptor = ParameterDescriptor(
            description=self.description,
            read_only=self.read_only,
            dynamic_typing=True,
            additional_constraints=SECRET if self.secret else self._choices(),
        )
        if self.minimum is not None and self.maximum is not None:
            if isinstance(self.default, float):
                descriptor.floating_point_range = [
                    FloatingPointRange(from_value=float(self.minimum), to_value=float(self.maximum))
                ]
            else:
                descriptor.integer_range = [
                    IntegerRange(from_value=int(self.minimum), to_value=int(self.maximum), step=1)
                ]
        return descriptor

    def _choices(self) -> str:
        return f"{CHOICES}{self.bounds}" if self.choices else ""

    def accept(self, value: object) -> Value:
        """Return ``value`` in the parameter's type.

        Raises ValueError, with the allowed range, if it is not acceptable.
        """
        if isinstance(self.default, float) and type(value) is int:
            value = float(value)
        if type(value) is bool and str(value).lower() in self.choices:
            value = str(value).lower()  # as a command line and YAML take it
        if self.digits and type(value) is int:
            value = str(value)
        if isinstance(self.default, tuple):
            return self._accept_list(value)
        if self.choices and value not in self.choices:
            raise ValueError(
                f"{self.name}: '{shown(value, LONGEST_NAME)}' is not one of {self.bounds}"
            )
        if type(value) is not type(self.default):
            given = "the value" if self.secret else shown(repr(value), LONGEST_NAME)
            raise ValueError(f"{self.name}: {given} is not {_KINDS[type(self.default)]}")
        assert isinstance(value, bool | int | float | str)
        if self.topic and not _TOPIC.fullmatch(str(value)):
            name = shown(value, LONGEST_NAME)
            raise ValueError(f"{self.name}: '{name}' cannot be the name of a topic")
        if self.path and not is_path(str(value)):
            name = shown(value, LONGEST_NAME)
            raise ValueError(f"{self.name}: '{name}' cannot be a path")
        if isinstance(value, int | float) and not self._in_range(value):
            raise ValueError(f"{self.name}: {value} is outside {self.bounds}")
        return value

    def _accept_list(self, value: object) -> tuple[str, ...]:
        if value is None or value == "":
            return ()
        texts = (value,) if isinstance(value, str) else value
        if not isinstance(texts, Sequence) or not all(isinstance(text, str) for text in texts):
            raise ValueError(f"{self.name}: the value is not a list of texts")
        return tuple(texts)

    def _in_range(self, value: float) -> bool:
        low = -math.inf if self.minimum is None else self.minimum
        high = math.inf if self.maximum is None else self.maximum
        return low <= value <= high  # which holds for no NaN


ROBOT_HOST = Param(
    "robot_host",
    "reachy-mini.local",
    "Robot's name or address; auto: the one that announces itself in the network, with its port",
    read_only=True,
)
ROBOT_PORT = Param("robot_port", 8000, "Port of the robot's daemon", 1, 65535, read_only=True)
SIGNALLING_PORT = Param(
    "signalling_port", 8443, "Port of the robot's media", 1, 65535, read_only=True
)
FRAME_PREFIX = Param(
    "frame_prefix",
    "",
    "Put before the names of all frames, for several robots in one TF tree; as it is, like "
    "robot_state_publisher's: ann/",
    read_only=True,
)
AUTOSTART = Param(
    "autostart", True, "Be active from the start; else a transition asks for it", read_only=True
)
"""Of the managed nodes."""


def _the_one(node: Node) -> discovery.Found:
    told = False
    while not signals.ended.is_set():
        try:
            return discovery.the_one()
        except NotConnectedError as error:
            if not told:
                node.get_logger().warning(f"{error}; it is looked for until it does")
            told = True
    raise StoppedError("no robot was found")


def declare(
    node: Node,
    params: Sequence[Param],
    apply: Callable[[Mapping[str, Any]], None] | None = None,
    io: LoopThread | None = None,
    check: Callable[[Mapping[str, Any]], object] | None = None,
) -> dict[str, Any]:
    """Declare ``params`` on ``node`` and return their values.

    ``apply`` gets the new values of each later set call, in the parameters' types, on the thread of
    ``io`` and when all of them were accepted. ``check`` gets them before; a ValueError from it
    refuses the call with its text, and it must change nothing.

    A robot_host of "auto" is looked for until there is one, and its address returned.

    Raises SetupError, which names parameter, value and range, if a value given at start is not
    acceptable; StoppedError if Ctrl-C or SIGTERM comes before the robot.
    """
    from rcl_interfaces.msg import SetParametersResult

    table = {param.name: param for param in params}

    def ours(changed: list[Parameter[Any]]) -> dict[str, Any]:
        return {
            parameter.name: table[parameter.name].accept(parameter.value)
            for parameter in changed
            if parameter.name in table
        }

    def accept(changed: list[Parameter[Any]]) -> Any:
        try:
            values = ours(changed)
            if values and check is not None:
                check(values)
        except ValueError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    values = {}
    for param in params:
        try:
            if param.name in given(node):  # before rclpy, whose text on it is not one line
                param.accept(given(node)[param.name].value)
            declared: Parameter[Any] = node.declare_parameter(
                param.name, param.default, param.descriptor()
            )
            values[param.name] = param.accept(declared.value)
        except ValueError as error:
            raise SetupError(f"parameter {error}") from None
    if values.get(ROBOT_HOST.name) == discovery.AUTO:
        robot = _the_one(node)
        values |= {ROBOT_HOST.name: robot.host, ROBOT_PORT.name: robot.port}
        node.get_logger().info(f"robot {robot.name} at {robot.address}")
    node.add_on_set_parameters_callback(accept)
    if apply is not None and io is not None:
        take, loop = apply, io

        def on_set(changed: list[Parameter[Any]]) -> None:
            if values := ours(changed):  # those that rclpy declares itself come here too
                loop.call(take, values)

        node.add_post_set_parameters_callback(on_set)
    return values


def given(node: Node) -> Mapping[str, Parameter[Any]]:
    """Return what the command line and parameter files give to ``node``, declared or not.

    rclpy keeps it, and has no public way to it but to declare all of it.
    """
    return node._parameter_overrides
