# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""/diagnostics: once a second, one status per node."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from reachy_mini_ros.nodes.common.qos import reliable
from reachy_mini_ros.nodes.common.runtime import RobotNode
from reachy_mini_ros.texts import shown

LONGEST_VALUE = 1000
"""Characters of one value, whatever came from outside into it."""


class Level(Enum):
    """Severity of a status, as diagnostic_msgs has it."""

    OK = DiagnosticStatus.OK
    WARN = DiagnosticStatus.WARN
    ERROR = DiagnosticStatus.ERROR
    STALE = DiagnosticStatus.STALE


@dataclass(frozen=True)
class Report:
    """A node's word on itself."""

    level: Level
    message: str
    values: Mapping[str, object] = field(default_factory=dict)


def status(name: str, hardware_id: str, report: Report) -> DiagnosticStatus:
    """Turn a report into its message; floats are rounded, None becomes a dash."""
    return DiagnosticStatus(
        level=report.level.value,
        name=name,
        message=report.message,
        hardware_id=hardware_id,
        values=[KeyValue(key=key, value=_text(value)) for key, value in report.values.items()],
    )


def publish_diagnostics(
    node: RobotNode,
    hardware_id: str,
    report: Callable[[], Report],
    more: Mapping[str, Callable[[], Report]] = MappingProxyType({}),
) -> None:
    """Publish what ``report`` returns on /diagnostics, once a second for the node's life.

    ``more`` are further statuses by name. While a part of the node does not work, that is an ERROR
    of the first which names it, whatever the report.
    """
    publisher = node.create_publisher(DiagnosticArray, "/diagnostics", reliable(10))
    name = node.get_fully_qualified_name()

    def publish() -> None:
        others = [
            status(f"{name}: {what}", hardware_id, _guarded(node, what, other))
            for what, other in more.items()
        ]
        first = status(f"{name}: status", hardware_id, _with_failures(node, report))
        message = DiagnosticArray(status=[first, *others])
        message.header.stamp = node.get_clock().now().to_msg()
        publisher.publish(message)

    node.create_timer(1.0, publish)


def _with_failures(node: RobotNode, report: Callable[[], Report]) -> Report:
    made = _guarded(node, "diagnostics", report)
    failures = node.supervisor.failures
    if not failures:
        return made
    values = {**made.values, "failures": "; ".join(failures)}
    return Report(Level.ERROR, f"internal error: {failures[0]}", values)


def _guarded(node: RobotNode, part: str, report: Callable[[], Report]) -> Report:
    made = Report(Level.ERROR, "its report fails")
    with node.supervisor.guard(part):
        made = report()
    return made


def _text(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" if isinstance(value, float) else shown(value, LONGEST_VALUE)
