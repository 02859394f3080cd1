# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The launch arguments: bringup.launch.py declares them, and a fleet file's robots have most.

Launch files import this, in an environment that may lack everything but PyYAML.
"""

from dataclasses import dataclass, replace

SWITCH = ("true", "false")
PORTS = range(1, 65536)
NODES = ("control", "camera", "audio", "dashboard", "stream")
"""All of this package; control is always there."""


@dataclass(frozen=True)
class Argument:
    """One argument; its type is its default's, but that of a port that is empty by default."""

    name: str
    default: bool | float | str
    text: str
    port: bool = False
    """Whether it is the number of a port, or empty."""
    each: bool = True
    """Whether a robot of a fleet may have its own."""

    @property
    def is_switch(self) -> bool:
        """Whether it is true or false."""
        return isinstance(self.default, bool)

    @property
    def launch_default(self) -> str:
        """The default as launch has it."""
        return str(self.default).lower() if self.is_switch else str(self.default)

    @property
    def choices(self) -> tuple[str, ...] | None:
        """What it may be, as launch has it; None for anything."""
        return SWITCH if self.is_switch else None


ARGUMENTS = (
    Argument("robot_host", "", "Name or address of the robot; empty: as in params_file"),
    Argument("robot_port", "", "Port of the robot's daemon; empty: as in params_file", port=True),
    Argument("signalling_port", "", "Port of its WebRTC; empty: as in params_file", port=True),
    Argument("namespace", "reachy_mini", "Namespace of all nodes and topics", each=False),
    Argument(
        "frame_prefix", "", "Put before all TF frames, e.g. ann/; empty: none, or as in params_file"
    ),
    Argument("sim", False, "Start a simulated robot and use it"),
    Argument("camera", True, "Start the camera node"),
    Argument("audio", True, "Start the audio node"),
    Argument("dashboard", True, "Start the dashboard on http://127.0.0.1:8042"),
    Argument("dashboard_address", "", "Address it listens on; empty: as in params_file"),
    Argument("dashboard_port", "", "Port it listens on; empty: as in params_file", port=True),
    Argument("dashboard_token_file", "", "File with its token; empty: as in params_file"),
    Argument("stream", False, "Start the node for HLS, DASH and RTMP; it streams when asked to"),
    Argument(
        "web_video_server", True, "Start web_video_server on http://127.0.0.1:8080", each=False
    ),
    Argument("rviz", False, "Start RViz", each=False),
    Argument("rqt", False, "Start rqt with pictures, plots and diagnostics", each=False),
    Argument("foxglove", False, "Start foxglove_bridge on ws://127.0.0.1:8765", each=False),
    Argument("admin", False, "Let the robot's apps and its software be changed from here"),
    Argument("composed", False, "Run all nodes of this package in one process", each=False),
    Argument("respawn", False, "Start a node again that has ended by itself", each=False),
    Argument("respawn_delay", 2.0, "Time before that, s", each=False),
    Argument("params_file", "", "YAML file with the nodes' parameters; empty: the package's"),
)
OF_A_ROBOT = {argument.name: argument for argument in ARGUMENTS if argument.each}
_BY_NAME = {argument.name: argument for argument in ARGUMENTS}
OF_A_FLEET = (
    Argument("fleet", "", "The fleet's file; empty: the package's config/fleet.yaml"),
    replace(_BY_NAME["composed"], default=True),
    *(_BY_NAME[name] for name in ("respawn", "respawn_delay", "web_video_server")),
)
"""The arguments of fleet.launch.py; those of a robot stand in the fleet's file."""
