# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The wall between the core and ROS, read from the imports."""

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "reachy_mini_ros"
CORE = ("robot", "media", "simulation", "web")
ROS = {
    *("rclpy", "launch", "launch_ros", "cv_bridge", "rcl_interfaces", "ament_index_python"),
    *("sensor_msgs", "std_msgs", "std_srvs", "geometry_msgs", "diagnostic_msgs"),
    *("builtin_interfaces", "control_msgs", "trajectory_msgs", "audio_common_msgs"),
    *("lifecycle_msgs",),
}
NETWORK = {
    "websockets",
    "aiortc",
    "aioice",
    "av",
    "requests",
    "httpx",
    "urllib.request",
    "socket",
    "aiohttp",
}


def imported(path: Path) -> set[str]:
    """Return the full dotted names that a file imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def tops(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imported(path)}


@pytest.mark.parametrize("room", CORE)
def test_core_knows_no_ros(room: str) -> None:
    files = sorted((PACKAGE / room).rglob("*.py"))
    assert files
    for path in files:
        assert not tops(path) & ROS, path
        nodes = {name for name in imported(path) if name.startswith("reachy_mini_ros.nodes")}
        assert not nodes, path


def test_nodes_do_no_network_io() -> None:
    for path in sorted((PACKAGE / "nodes").rglob("*.py")):
        names = imported(path)
        assert not {name for name in names for top in NETWORK if f"{name}.".startswith(f"{top}.")}


def test_sdk_is_imported_in_one_module() -> None:
    def uses_sdk(path: Path) -> bool:
        texts = {
            node.value
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        by_name = any(
            re.fullmatch(r"reachy_mini(\.(?!yaml|rviz)[a-z_.]+)?", text) for text in texts
        )
        return by_name or "reachy_mini" in tops(path)

    users = {str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py") if uses_sdk(path)}
    # The launcher runs the daemon, in a process of its own, and the namespace has the same name.
    assert users <= {"robot/sdk.py", "simulation/daemon_launcher.py", "nodes/runtime.py"}
    assert "robot/sdk.py" in users


def test_launch_is_imported_by_launch_files_only() -> None:
    for path in PACKAGE.rglob("*.py"):
        assert not tops(path) & {"launch", "launch_ros"}, path
