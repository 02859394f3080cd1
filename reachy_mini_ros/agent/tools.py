# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""All tools, by name."""

from reachy_mini_ros.agent.motion_tools import (
    ExpressTool,
    LeaseTool,
    LookAtTool,
    MoveTool,
    RestTool,
    StopTool,
)
from reachy_mini_ros.agent.scan_tool import ScanTool
from reachy_mini_ros.agent.sense_tools import LookTool, StatusTool
from reachy_mini_ros.agent.sound_tools import ListenTool, PlayTool, SaySoundTool
from reachy_mini_ros.agent.tool import Tool

ALL: tuple[type[Tool], ...] = (
    StatusTool,
    LookTool,
    LookAtTool,
    MoveTool,
    ExpressTool,
    SaySoundTool,
    PlayTool,
    ListenTool,
    ScanTool,
    RestTool,
    LeaseTool,
    StopTool,
)
TOOLS: dict[str, Tool] = {kind.name: kind() for kind in ALL}
