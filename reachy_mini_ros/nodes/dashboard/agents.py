# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`agent_events`: what agents do."""

from diagnostic_msgs.msg import DiagnosticStatus

from reachy_mini_ros.nodes.common import diagnostics
from reachy_mini_ros.nodes.common.qos import reliable
from reachy_mini_ros.nodes.common.runtime import RobotNode
from reachy_mini_ros.web.agents import CallEntry

DEPTH = 50
LEVELS = {"begun": diagnostics.Level.OK, "done": diagnostics.Level.OK}
"""Of outcomes; the others are warnings."""


class AgentEvents:
    """Publishes each call of an agent, at its beginning and at its end."""

    def __init__(self, node: RobotNode) -> None:
        self._name = node.get_fully_qualified_name()
        self._publisher = node.create_publisher(DiagnosticStatus, "agent_events", reliable(DEPTH))

    def publish(self, call: CallEntry) -> None:
        """Publish what is told of a call."""
        values = {
            "agent": call.agent,
            "id": call.id,
            "tool": call.tool,
            "arguments": call.arguments,
            "outcome": call.outcome,
            "text": call.text,
        }
        level = LEVELS.get(call.outcome, diagnostics.Level.WARN)
        text = f"{call.outcome}: {call.text}" if call.text else call.outcome
        report = diagnostics.Report(level, text, values)
        name = f"{self._name}: {call.agent}: {call.tool}"
        self._publisher.publish(diagnostics.status(name, "", report))
