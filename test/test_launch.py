# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The launch files, run for real where launch and launch_ros are installed."""

import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from geometry_msgs.msg import PoseStamped
from harness.processes import Child, Processes, free_port
from harness.ros import RosClient
from harness.terminal import CTRL_C, Terminal
from harness.waiting import wait_for

if importlib.util.find_spec("launch_ros") is None:
    pytest.skip(
        "launch and launch_ros are not installed (PyPI has none; ROS distributions do)",
        allow_module_level=True,
    )

ROOT = Path(__file__).parents[1]
RUN = """
import sys
from launch import LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
service = LaunchService()
service.include_launch_description(IncludeLaunchDescription(
    PythonLaunchDescriptionSource(sys.argv[1]),
    launch_arguments=[argument.split(":=", 1) for argument in sys.argv[2:]]))
sys.exit(service.run())
"""


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what colcon installs: launch finds executables in lib/<package> only."""
    folder = tmp_path_factory.mktemp("colcon")
    bases = [f"--{name}-base={folder / name}" for name in ("build", "install")]
    subprocess.run(
        [
            *(sys.executable, "-m", "colcon", f"--log-base={folder / 'log'}", "build", *bases),
            *("--base-paths", str(ROOT), "--packages-select", "reachy_mini_ros"),
        ],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return folder / "install" / "reachy_mini_ros"


def command(prefix: Path, *arguments: str) -> list[str]:
    """Return what runs the launch file, in :func:`environment`."""
    file = prefix / "share/reachy_mini_ros/launch/bringup.launch.py"
    return [sys.executable, "-c", RUN, str(file), *arguments]


def environment(prefix: Path) -> dict[str, str]:
    paths = [str(prefix), *filter(None, [os.environ.get("AMENT_PREFIX_PATH")])]
    return {
        "AMENT_PREFIX_PATH": os.pathsep.join(paths),
        "PYTHONPATH": str(next(prefix.glob("lib/python3*/site-packages"))),
    }


@contextmanager
def launch(processes: Processes, prefix: Path, *arguments: str) -> Iterator[Child]:
    """Run the launch file; what it started ends with it only if it is interrupted."""
    child = processes.start(*command(prefix, *arguments), env=environment(prefix))
    try:
        yield child
    finally:
        child.stop(timeout_s=20)


# What a part needs, and the argument that asks for it.
OPTIONAL = {
    "web_video_server": "web_video_server:=true",
    "robot_state_publisher": "sim:=true",  # always asked for
    "rviz2": "rviz:=true",
    "rqt_gui": "rqt:=true",
    "foxglove_bridge": "foxglove:=true",
}


def installed(package: str) -> bool:
    paths = os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)
    return any((Path(path) / "share" / package).is_dir() for path in paths)


@pytest.mark.parametrize("composed", ["false", "true"])
def test_bringup_with_a_simulated_robot(
    processes: Processes, prefix: Path, ros: RosClient, composed: str
) -> None:
    namespace = f"launched_{composed}"
    missing = [package for package in OPTIONAL if not installed(package)]
    with launch(
        *(processes, prefix, "sim:=true", f"composed:={composed}", f"namespace:={namespace}"),
        *(OPTIONAL[package] for package in missing),
        *(f"robot_port:={free_port()}", f"signalling_port:={free_port()}", "dashboard:=false"),
        "stream:=true",
    ) as child:
        poses = ros.subscribe(PoseStamped, f"/{namespace}/head_pose")
        poses.wait_count(20, 30)

        def nodes() -> set[str]:
            found = ros.node.get_node_names_and_namespaces()
            return {name for name, space in found if space == f"/{namespace}"}

        wait_for(
            lambda: nodes() == {"audio", "camera", "control", "stream"},
            20,
            "all nodes but the dashboard",
        )
        # None of these has wheels, so that each is left out, with one line.
        for package in missing:
            assert child.output().count(f"{package} is not installed: left out") == 1
        assert child.stop(timeout_s=20) == 0, child.output()
        assert "Traceback" not in child.output()
        wait_for(lambda: ros.node.count_publishers(f"/{namespace}/head_pose") == 0, 10)


def test_bringup_ends_with_its_simulation(processes: Processes, prefix: Path) -> None:
    port = free_port()
    arguments = ["sim:=true", f"robot_port:={port}", f"signalling_port:={port}"]
    arguments += ["dashboard:=false", "namespace:=ended"]
    with launch(processes, prefix, *arguments) as child:
        assert child.wait(30) is not None
    assert "port" in child.output()
    assert "was required: shutting down launched system" in child.output()


@pytest.mark.parametrize("pause_s", [0.0, 0.3])
@pytest.mark.parametrize("composed", ["false", "true"])
def test_two_ctrl_c_end_bringup_and_all_its_nodes_cleanly(
    prefix: Path, composed: str, pause_s: float
) -> None:
    ports = {name: free_port() for name in ("robot_port", "signalling_port", "dashboard_port")}
    arguments = [f"{name}:={port}" for name, port in ports.items()]
    arguments += [f"composed:={composed}", "namespace:=twice", "robot_host:=127.0.0.1"]
    run = command(prefix, *arguments)
    with Terminal(*run, cwd=prefix, env=environment(prefix)) as terminal:
        page = f"open http://127.0.0.1:{ports['dashboard_port']}/ in a browser"
        for line in ("control]: lost: nothing", "camera]: connecting: nothing", "audio]: ", page):
            terminal.read_until(line)
        terminal.type(CTRL_C)
        time.sleep(pause_s)
        terminal.type(CTRL_C)
        output = terminal.read_all()
        terminal.wait()
        # launch itself may be in its interpreter's end by then; its nodes' lines begin with a name.
        assert not [line for line in output.splitlines() if "] Traceback" in line], output
        assert "process has died" not in output, output
        assert output.count("process has finished cleanly") == (1 if composed == "true" else 4)
