# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The settings of the nodes: their parameters, through their parameter services."""

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from rcl_interfaces.msg import Parameter, ParameterDescriptor, ParameterType, ParameterValue
from rcl_interfaces.srv import DescribeParameters, GetParameters, ListParameters, SetParameters
from rclpy.parameter import parameter_value_to_python

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.errors import NotConnectedError, ReachyMiniRosError, TimedOutError
from reachy_mini_ros.nodes.common.parameters import CHOICES, SECRET
from reachy_mini_ros.nodes.common.runtime import RobotNode
from reachy_mini_ros.nodes.dashboard.service import Service
from reachy_mini_ros.robot import discovery
from reachy_mini_ros.web.robot import Status
from reachy_mini_ros.web.settings import (
    KINDS,
    FoundRobot,
    Given,
    Kind,
    RefusedSettingsError,
    Setting,
    SettingsDocument,
    SettingsStore,
    Value,
    accepted,
)

NODES = ("control", "camera", "audio", "stream", "dashboard")
"""Whose parameters are shown: those of which it is known what is secret."""
KEPT = (
    "Parameters of the nodes that run now: not saved, they last until their node ends. To keep "
    "them, write them into the params_file of the launch."
)
READ_ONLY = "it is read when the node starts: give it to the launch, or in its params_file"
NO_KIND = "its type cannot be set here"
_COMMON = re.compile(r"use_sim_time|start_type_description_service|qos_overrides\..*")
_LIST = "list_parameters"
_KINDS: dict[int, Kind] = {
    ParameterType.PARAMETER_BOOL: "boolean",
    ParameterType.PARAMETER_INTEGER: "integer",
    ParameterType.PARAMETER_DOUBLE: "number",
    ParameterType.PARAMETER_STRING: "text",
    ParameterType.PARAMETER_STRING_ARRAY: "list",
}
_FIELDS = {
    "boolean": "bool_value",
    "integer": "integer_value",
    "number": "double_value",
    "text": "string_value",
    "list": "string_array_value",
}
_TYPES = {kind: number for number, kind in _KINDS.items()}


class NodeSettings(SettingsStore):
    """Asks the nodes of the dashboard's namespace; their clients are there while they are used."""

    def __init__(self, node: RobotNode, io: LoopThread, status: Callable[[], Status]) -> None:
        """``status`` tells what is known of the robot."""
        self._node = node
        self._status = status
        self._services = {
            (name, kind): Service(node, io, kind, f"{name}/{service}")
            for name in NODES
            for kind, service in (
                (ListParameters, _LIST),
                (DescribeParameters, "describe_parameters"),
                (GetParameters, "get_parameters"),
                (SetParameters, "set_parameters"),
            )
        }

    async def read(self) -> SettingsDocument:
        """Return the parameters of all nodes that answer."""
        found, problem = await self._read_all()
        return SettingsDocument(settings=found, kept=KEPT, problem=problem)

    async def check(self, changes: Mapping[str, Given]) -> dict[str, str]:
        """Return what the descriptors refuse; a node itself may refuse more when it is set."""
        return (await self._accepted(changes))[1]

    async def change(self, changes: Mapping[str, Given]) -> str:
        """Set them if no descriptor refuses one; each is accepted by its node or refused."""
        values, refused = await self._accepted(changes)
        if refused:
            raise RefusedSettingsError(refused)
        nodes = {name.partition("/")[0] for name in values}
        for node in sorted(nodes):
            of_node = {name: values[name] for name in values if name.startswith(f"{node}/")}
            refused |= await self._set(node, of_node)
        done = f"{len(values) - len(refused)} set"
        if refused:
            raise RefusedSettingsError(refused, f"{done}, {len(refused)} refused: ")
        return done if values else "nothing is changed"

    async def test(self, changes: Mapping[str, Given]) -> str:
        """Return what the control node tells of the robot; its address is the launch's matter."""
        refused = {name: READ_ONLY for name in changes}
        if refused:
            raise RefusedSettingsError(refused)
        status = self._status()
        robot = status.robot
        if status.connection != "connected":
            raise NotConnectedError(
                f"the robot is not connected: {status.connection or 'no control node runs'}"
            )
        name, model = robot.get("robot_name") or "a robot", robot.get("model", "")
        return f"{name} ({model}, daemon {robot.get('daemon_version', '')}) is connected"

    async def robots(self) -> tuple[FoundRobot, ...]:
        """Return who announces itself; takes some seconds."""
        return tuple(
            FoundRobot(one.name, one.host, one.port, one.model, one.version)
            for one in await asyncio.to_thread(discovery.find)
        )

    async def _accepted(
        self, changes: Mapping[str, Given]
    ) -> tuple[dict[str, Value], dict[str, str]]:
        if not changes:
            return {}, {}
        known, problem = await self._read_all({name.partition("/")[0] for name in changes})
        values, refused = accepted(known, changes)
        if problem:  # what is not known may be there
            refused |= dict.fromkeys(changes.keys() - {one.name for one in known}, problem)
        return {name: value for name, value in values.items() if value is not None}, refused

    async def _read_all(self, named: Iterable[str] = NODES) -> tuple[tuple[Setting, ...], str]:
        """Return the parameters of those nodes that are there, and who of them does not answer."""
        base = self._node.get_namespace().rstrip("/")
        nodes = [
            name
            for name in NODES
            if name in named and self._node.count_services(f"{base}/{name}/{_LIST}")
        ]
        answers = await asyncio.gather(*map(self._read, nodes), return_exceptions=True)
        settings: list[Setting] = []
        problems: list[str] = []
        for answer in answers:
            if isinstance(answer, NotConnectedError | TimedOutError):
                problems.append(str(answer))
            elif isinstance(answer, BaseException):
                raise answer
            else:
                settings += answer
        return tuple(settings), "; ".join(problems)

    async def _read(self, node: str) -> list[Setting]:
        answer = await self._services[node, ListParameters].ask(ListParameters.Request())
        names = sorted(name for name in answer.result.names if not _COMMON.fullmatch(name))
        descriptors, values = await asyncio.gather(
            self._services[node, DescribeParameters].ask(DescribeParameters.Request(names=names)),
            self._services[node, GetParameters].ask(GetParameters.Request(names=names)),
        )
        return [
            setting_of(node, name, descriptor, value)
            # Neither has what was undeclared meanwhile.
            for name, descriptor, value in zip(
                names, descriptors.descriptors, values.values, strict=False
            )
        ]

    async def _set(self, node: str, values: Mapping[str, Value]) -> dict[str, str]:
        """Set parameters of one node, and return why which was refused."""
        parameters = [
            Parameter(name=name.partition("/")[2], value=value_of(value))
            for name, value in values.items()
        ]
        service = self._services[node, SetParameters]
        try:
            answer = await service.ask(SetParameters.Request(parameters=parameters))
        except ReachyMiniRosError as error:
            return dict.fromkeys(values, str(error))
        return {
            name: result.reason.removeprefix(f"{name.partition('/')[2]}: ") or "refused"
            for name, result in zip(values, answer.results, strict=False)
            if not result.successful
        }


def setting_of(
    node: str, name: str, descriptor: ParameterDescriptor, value: ParameterValue
) -> Setting:
    """Return a parameter as the page shows it."""
    held: Any = parameter_value_to_python(value)
    empty_list = value.type == ParameterType.PARAMETER_BYTE_ARRAY and not held  # as rclpy takes ()
    kind = "list" if empty_list else _KINDS.get(value.type)
    ranges = [*descriptor.integer_range, *descriptor.floating_point_range]
    constraints = descriptor.additional_constraints
    choices = constraints.removeprefix(CHOICES) if constraints.startswith(CHOICES) else ""
    secret = constraints == SECRET
    fixed = READ_ONLY if descriptor.read_only else "" if kind else NO_KIND
    shown = tuple(held or ()) if kind == "list" else held if kind else str(held)
    setting = Setting(
        name=f"{node}/{name}",
        section=node,
        kind=kind or "text",
        description=descriptor.description,
        value=shown,
        minimum=float(ranges[0].from_value) if ranges else None,
        maximum=float(ranges[0].to_value) if ranges else None,
        choices=tuple(choices.split(", ")) if choices else (),
        fixed=fixed,
    )
    return replace(setting, value=None, secret=True, is_set=bool(held)) if secret else setting


def value_of(value: Value) -> ParameterValue:
    """Return a value as parameter services take it."""
    kind = KINDS[type(value)]
    content: Any = list(value) if isinstance(value, tuple) else value
    return ParameterValue(type=_TYPES[kind], **{_FIELDS[kind]: content})
