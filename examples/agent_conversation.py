#!/usr/bin/env python3
# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a language model does with the robot, with its calls written down; needs the package mcp.

examples/agent_conversation.py http://127.0.0.1:8042      (a dashboard, or the app's page)

The words are those of a script, the calls and answers are the robot's. Prints Markdown.
"""

import asyncio
import json
import sys
from typing import Any

from mcp import Client, StdioServerParameters

ALLOWED = ("--allow", "motion,camera,microphone", "--name", "example")
LONGEST = 330
"""Characters of an answer that are shown."""
PIXEL = {"u": 60, "v": 90, "width": 320, "height": 180}
HELLO = {"right": 40, "left": -40}
TALK: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("Is the robot there, and awake?", "status", {}),
    ("Wake it up, please.", "rest", {"state": "awake"}),
    ("What does it see?", "look", {"max_edge": 320}),
    ("Look at what is on the left there.", "look_at", PIXEL),
    ("Look down as far as it can: 60 degrees.", "move", {"head": {"pitch": 60}}),
    ("Then as far as it may.", "move", {"head": {"pitch": 35}}),
    ("And say hello with the antennas.", "move", {"head": {}, "antennas": HELLO}),
    ("Look around: what is there?", "scan", {"yaw_steps": [-40, 0, 40]}),
    ("Does it hear anything?", "listen", {"seconds": 2.0}),
    ("Play me that song on the speaker.", "play", {"name": "song.wav"}),
    ("Thank you, that is all: stop.", "stop", {}),
)


async def converse(url: str) -> list[str]:
    """Return the conversation as lines of Markdown."""
    arguments = ["-m", "reachy_mini_ros.agent.main", "--url", url, *ALLOWED]
    lines = []
    server = StdioServerParameters(command=sys.executable, args=arguments)
    async with Client(server) as client:
        for words, tool, given in TALK:
            result = await client.call_tool(tool, given)
            lines += [f"> **{words}**", "", *told(tool, given, result), ""]
    return lines


def told(tool: str, given: dict[str, Any], result: Any) -> list[str]:
    """Return a call and its answer."""
    lines = ["```", f"{tool} {json.dumps(given)}"]
    for content in result.content:
        if content.type == "text":
            text = content.text if len(content.text) <= LONGEST else f"{content.text[:LONGEST]}..."
            lines += [f"{'!' if result.is_error else '<'} {line}" for line in text.splitlines()]
        else:
            lines.append(f"< ({content.mime_type}, {len(content.data) * 3 // 4} bytes)")
    return [*lines, "```"]


if __name__ == "__main__":
    address = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8042"
    print("\n".join(asyncio.run(converse(address))))
