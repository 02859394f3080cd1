# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The walls between the rooms, read from the imports."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
HARNESS = TESTS / "harness"
PACKAGE = TESTS.parent / "reachy_mini_ros"
CORE = ("robot", "media", "simulation", "web", "app", "agent", "fleet")
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
INPUT_OUTPUT = {"pathlib.Path", "os.path", "io.open", "shutil.copy", "tempfile"}


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


def loaded(path: Path) -> set[str]:
    """Return the modules that a file imports when it is imported itself, not for types alone."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    names = {node.module or "" for node in body if isinstance(node, ast.ImportFrom)}
    return names | {a.name for node in body if isinstance(node, ast.Import) for a in node.names}


def tops(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imported(path)}


@pytest.mark.parametrize("room", CORE)
def test_core_knows_no_ros(room: str) -> None:
    for path in sorted((PACKAGE / room).rglob("*.py")):
        assert not tops(path) & ROS, path
        nodes = {name for name in imported(path) if name.startswith("reachy_mini_ros.nodes")}
        assert not nodes, path


def imports_ros(path: Path) -> bool:
    """Tell whether a file imports ROS when it is imported itself, or what is below nodes/."""
    return any(
        name.partition(".")[0] in ROS or name.startswith("reachy_mini_ros.nodes.")
        for name in loaded(path)
    )


def touches_ros(path: Path, harness: set[str]) -> bool:
    """Tell whether a file of tests imports ROS, or what of the harness does, or starts a node."""
    return (
        imports_ros(path)
        or bool(loaded(path) & harness)
        or bool(re.search(r"\bros: RosClient|\bstart_node\(|\bnode_module\(", path.read_text()))
    )


def test_what_touches_ros_runs_on_each_distribution() -> None:
    """Hold that scripts/test.sh names each folder and file of tests that does, and no other."""
    script = (TESTS.parent / "scripts" / "test.sh").read_text(encoding="utf-8")
    (line,) = re.findall(r"^with_ros=\((.*)test/test_\{(.*)\}\.py\)$", script, re.MULTILINE)
    named = {name.removeprefix("test/") for name in line[0].split()}
    named |= {f"test_{name}.py" for name in line[1].split(",")}
    harness = {f"harness.{path.stem}" for path in HARNESS.glob("*.py") if imports_ros(path)}
    assert "harness.ros" in harness
    tests = TESTS.rglob("test_*.py")
    touching = {path.relative_to(TESTS).parts[0] for path in tests if touches_ros(path, harness)}
    assert named == touching - {"test_wall.py"}  # which only spells out what that is


def rooms_that_import(room: str) -> set[str]:
    """Return the folders (and files at the root) whose files import from a room."""
    return {
        path.relative_to(PACKAGE).parts[0]
        for path in PACKAGE.rglob("*.py")
        if any(f"{name}.".startswith(f"reachy_mini_ros.{room}.") for name in imported(path))
    }


def test_the_rooms_exist() -> None:
    assert {"robot", "media", "simulation", "web", "app", "agent", "nodes"} <= {
        path.parent.name for path in PACKAGE.glob("*/__init__.py")
    }


@pytest.mark.parametrize("room", ["media", "simulation", "web", "app"])
def test_the_robot_stands_alone(room: str) -> None:
    assert "robot" not in rooms_that_import(room)


def test_simulation_is_used_by_the_synthetic_source_only() -> None:
    users = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if any(name.startswith("reachy_mini_ros.simulation.") for name in imported(path))
        and path.relative_to(PACKAGE).parts[0] != "simulation"
    }
    assert users == {"media/sources/synthetic.py"}


def test_nobody_imports_the_agents_room() -> None:
    assert rooms_that_import("agent") <= {"agent"}
    for room in ("mcp", "mcp_types", "uvicorn"):
        users = {path.parent.name for path in PACKAGE.rglob("*.py") if room in tops(path)}
        assert users <= {"agent"}, room


def test_geometry_does_no_io() -> None:
    files = sorted((PACKAGE / "robot" / "geometry").rglob("*.py"))
    assert files
    for path in files:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert not imported(path) & INPUT_OUTPUT, path
        assert not tops(path) & (NETWORK | {"asyncio", "subprocess"}), path
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                assert name not in {"open", "read_text", "write_text", "read_bytes"}, path


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
    # The launcher runs the daemon, in a process of its own; the namespace and the robot that is
    # simulated have the same name.
    named = {"nodes/common/runtime.py", "fleet/arguments.py", "simulation/options.py"}
    assert users <= {"robot/sdk.py", "simulation/daemon_launcher.py", *named}
    assert "robot/sdk.py" in users


def test_launch_is_imported_by_launch_files_only() -> None:
    for path in PACKAGE.rglob("*.py"):
        assert not tops(path) & {"launch", "launch_ros"}, path


def test_nobody_forgets_the_future_of_what_he_submits() -> None:
    # What is submitted and not looked at may fail in silence: Tasks and Work see to it instead.
    forgetful = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Attribute)
        and node.value.func.attr == "submit"
    }
    # A thread of its own, which the next line waits for.
    assert forgetful <= {"media/sources/polled.py"}
