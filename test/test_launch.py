# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The launch files, run for real where launch and launch_ros are installed."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped
from harness.fleets import example
from harness.launching import (
    BRINGUP,
    FLEET,
    arguments_of,
    command,
    environment,
    installed,
    launch,
)
from harness.pictures import Client
from harness.processes import Child, Processes, free_port
from harness.ros import RosClient
from harness.terminal import CTRL_C, Terminal
from harness.waiting import wait_for
from rcl_interfaces.srv import GetParameters

if importlib.util.find_spec("launch_ros") is None:
    pytest.skip(
        "launch and launch_ros are not installed (PyPI has none; ROS distributions do)",
        allow_module_level=True,
    )

ROOT = Path(__file__).parents[1]


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


# What each argument is started with here, for each launch file: not its default.
STARTED: Mapping[str, Mapping[str, str]] = {
    BRINGUP: {
        # By the simulated robot's test:
        "sim": "true",
        "namespace": "",
        "robot_port": "PORT",
        "signalling_port": "PORT",
        "composed": "true",
        "dashboard": "false",
        "stream": "true",
        "rviz": "true",
        "rqt": "true",
        "foxglove": "true",
        # By test_what_is_given_reaches_the_nodes:
        "robot_host": "127.0.0.1",
        "camera": "false",
        "audio": "false",
        "admin": "true",
        "frame_prefix": "given/",
        "dashboard_address": "127.0.0.2",
        "dashboard_port": "PORT",
        "dashboard_token_file": "FILE",
        "params_file": "FILE",
        "web_video_server": "false",
        "respawn": "true",
        "respawn_delay": "0.5",
    },
    FLEET: {
        "fleet": "FILE",
        "composed": "false",
        "respawn": "true",
        "respawn_delay": "0.5",
        "web_video_server": "false",
    },
    # By test_a_part_starts_by_itself, where what it needs is installed:
    "description.launch.py": {"namespace": "part", "frame_prefix": "part/"},
    "foxglove_bridge.launch.py": {
        "namespace": "part",
        "foxglove_address": "127.0.0.2",
        "foxglove_port": "PORT",
    },
    "rqt.launch.py": {"namespace": "part"},
    "rviz.launch.py": {"namespace": "part", "frame_prefix": "part/"},
    "web_video_server.launch.py": {
        "web_video_server_address": "127.0.0.2",
        "web_video_server_port": "PORT",
    },
}
NEEDS = {
    "description.launch.py": ("robot_state_publisher",),
    "foxglove_bridge.launch.py": ("foxglove_bridge",),
    "rqt.launch.py": ("rqt_gui",),
    "rviz.launch.py": ("rviz2",),
    "web_video_server.launch.py": ("web_video_server",),
}


def given(file: str, *names: str) -> list[str]:
    """Return arguments as they are started; a port is a free one."""
    values = {name: STARTED[file][name] for name in names}
    return [
        f"{name}:={free_port() if value == 'PORT' else value}" for name, value in values.items()
    ]


def test_every_argument_of_every_launch_file_is_started_with_another_value(prefix: Path) -> None:
    folder = prefix / "share/reachy_mini_ros/launch"
    assert {path.name for path in folder.iterdir()} == STARTED.keys()
    for name, started in STARTED.items():
        declared = arguments_of(prefix, name)
        assert started.keys() == declared.keys(), name
        for argument, value in started.items():
            assert value != declared[argument], f"{name}: {argument}"


# What a part needs, and the argument that asks for it.
OPTIONAL = {
    "web_video_server": "web_video_server:=true",
    "robot_state_publisher": "sim:=true",  # always asked for
    "rviz2": "rviz:=true",
    "rqt_gui": "rqt:=true",
    "foxglove_bridge": "foxglove:=true",
}


@pytest.mark.parametrize("composed", ["false", "true"])
def test_bringup_with_a_simulated_robot(
    processes: Processes, prefix: Path, ros: RosClient, composed: str
) -> None:
    namespace = f"launched_{composed}"
    missing = [package for package in OPTIONAL if not installed(package)]
    with launch(
        *(processes, prefix, "sim:=true", f"composed:={composed}", f"namespace:={namespace}"),
        *(OPTIONAL[package] for package in missing),
        *given(BRINGUP, "robot_port", "signalling_port", "dashboard", "stream"),
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


def test_what_is_given_reaches_the_nodes(
    processes: Processes, prefix: Path, ros: RosClient, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("correct-horse-battery")
    token.chmod(0o600)
    parameters = tmp_path / "parameters.yaml"
    parameters.write_text("/**/control: {ros__parameters: {command_timeout: 0.75}}\n")
    port, page = free_port(), free_port()
    names = ("robot_host", "camera", "audio", "admin", "frame_prefix", "dashboard_address")
    with launch(
        *(processes, prefix, "namespace:=given", f"robot_port:={port}"),
        *given(BRINGUP, *names, "web_video_server", "respawn", "respawn_delay"),
        *(f"dashboard_port:={page}", f"dashboard_token_file:={token}"),
        f"params_file:={parameters}",
    ) as child:

        def here() -> set[str]:
            found = ros.node.get_node_names_and_namespaces()
            return {name for name, space in found if space == "/given"}

        wait_for(lambda: here() == {"control", "dashboard"}, 20, lambda: f"{here()}")
        request = GetParameters.Request(
            names=["robot_host", "robot_port", "frame_prefix", "admin", "command_timeout"]
        )
        answer = ros.call(GetParameters, "/given/control/get_parameters", request)
        host, number, frames, admin, timeout = answer.values
        assert (host.string_value, number.integer_value) == ("127.0.0.1", port)
        assert (frames.string_value, admin.bool_value) == ("given/", True)
        assert timeout.double_value == 0.75
        child.wait_for_output(f"open http://127.0.0.2:{page}/ with ?token=...")
        dashboard = Client(page)
        dashboard.connection.host = "127.0.0.2"
        assert dashboard.json("/api/status")[0] == 401
        bearer = f"Bearer {token.read_text()}"
        assert dashboard.json("/api/status", Authorization=bearer)[0] == 200
        assert "web_video_server" not in child.output()
        # Of a process that ends by itself another one comes.
        pid = int(line_with(child, "[dashboard-", "process started with pid").split("[")[-1][:-1])
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: child.output().count("open http://127.0.0.2") == 2, 20, child.output)
        assert child.stop(timeout_s=20) == 0, child.output()


def line_with(child: Child, *parts: str) -> str:
    """Return the first line of a launch with all of these in it."""
    return next(line for line in child.output().splitlines() if all(part in line for part in parts))


def test_a_fleet_of_two_each_by_its_name(
    processes: Processes, prefix: Path, ros: RosClient, tmp_path: Path
) -> None:
    file, ports = example(tmp_path)
    fleet = yaml.safe_load(file.read_text())
    fleet["defaults"] = {"camera": False, "audio": False}
    file.write_text(yaml.safe_dump(fleet))
    diagnostics = ros.subscribe(DiagnosticArray, "/diagnostics", 50)
    names = ("composed", "respawn", "respawn_delay", "web_video_server")
    with launch(*(processes, prefix, f"fleet:={file}", *given(FLEET, *names)), file=FLEET) as child:
        for name in ("ann", "bob"):
            poses = ros.subscribe(PoseStamped, f"/{name}/head_pose")
            poses.wait_count(5, 40)
            assert poses.last.header.frame_id == f"{name}/body_foot_3dprint"

        def cards() -> Mapping[str, str]:
            answer = Client(ports["page"]).json("/api/robots")[1]
            return {card["name"]: card["connection"] for card in answer["robots"]}

        connected = dict.fromkeys(("ann", "bob"), "connected")
        child.wait_for_output("fleet page: open")
        wait_for(lambda: cards() == connected, 20, lambda: str(cards()))
        # composed:=false: each node is a process, which comes again.
        processes_of_nodes = ("[control-", "[dashboard-")
        for process in processes_of_nodes:
            lines = [one for one in child.output().splitlines() if process in one]
            assert sum("process started with pid" in line for line in lines) == 2
        pid = line_with(child, "[dashboard-", "process started with pid").split("[")[-1][:-1]
        os.kill(int(pid), signal.SIGKILL)
        wait_for(lambda: cards() != connected, 20, "one dashboard is away")
        wait_for(lambda: cards() == connected, 30, lambda: str(cards()))
        told = {one.name for message in diagnostics.messages for one in message.status}
        assert {name.split(":")[0] for name in told} == {
            f"/{name}/{node}" for name in ("ann", "bob") for node in ("control", "dashboard")
        }
        assert "web_video_server" not in child.output()
        assert child.stop(timeout_s=30) == 0, child.output()
        assert "Traceback" not in child.output()


def test_a_wrong_fleet_is_told_before_anything_starts(
    processes: Processes, prefix: Path, tmp_path: Path
) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_text("robots:\n- {name: ann, simm: true}\n- {name: ann, sim: true}\n")
    with launch(processes, prefix, f"fleet:={file}", file=FLEET) as child:
        assert child.wait(30) == 1
    assert f"{file}, line 2: there is no key of robot ann simm; the nearest is sim" in (
        child.output()
    )
    assert "process started" not in child.output()


@pytest.mark.parametrize("file", NEEDS)
def test_a_part_starts_by_itself(
    processes: Processes, prefix: Path, ros: RosClient, file: str
) -> None:
    for package in NEEDS[file]:
        if not installed(package):
            pytest.skip(f"{package} is not installed")
    before = set(ros.node.get_node_names_and_namespaces())
    with launch(processes, prefix, *given(file, *STARTED[file]), file=file) as child:
        seen = ros.node.get_node_names_and_namespaces
        wait_for(lambda: set(seen()) - before, 30, child.output)
        assert "process has died" not in child.output(), child.output()
