# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""/diagnostics: once a second, one status per node."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from reachy_mini_ros.nodes.common.qos import reliable


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


def publish_diagnostics(node: Node, hardware_id: str, report: Callable[[], Report]) -> None:
    """Publish what ``report`` returns on /diagnostics, once a second for the node's life."""
    publisher = node.create_publisher(DiagnosticArray, "/diagnostics", reliable(10))
    name = f"{node.get_fully_qualified_name()}: status"

    def publish() -> None:
        message = DiagnosticArray(status=[status(name, hardware_id, report())])
        message.header.stamp = node.get_clock().now().to_msg()
        publisher.publish(message)

    node.create_timer(1.0, publish)


def _text(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" if isinstance(value, float) else str(value)
