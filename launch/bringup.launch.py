# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Reachy Mini in ROS 2: camera, audio, control, dashboard, and the tools that are installed."""

import atexit
import tempfile
from collections.abc import Mapping
from pathlib import Path

import yaml
from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    IncludeLaunchDescription,
    LogInfo,
    OpaqueFunction,
    Shutdown,
)
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.substitutions import ExecutableInPackage

PACKAGE = "reachy_mini_ros"
SHARE = Path(get_package_share_directory(PACKAGE))
PARAMS_FILE = str(SHARE / "config" / "reachy_mini.yaml")
SWITCH = ["true", "false"]
# All that the perspective shows: rqt restores nothing of it where one plugin is missing.
RQT = ("rqt_gui", "rqt_image_view", "rqt_plot", "rqt_runtime_monitor", "rqt_service_caller")
ARGUMENTS = [
    ("robot_host", "", "Name or address of the robot; empty: as in params_file", None),
    ("robot_port", "", "Port of the robot's daemon; empty: as in params_file", None),
    ("signalling_port", "", "Port of the robot's WebRTC; empty: as in params_file", None),
    ("namespace", "reachy_mini", "Namespace of all nodes and topics", None),
    ("sim", "false", "Start a simulated robot and use it", SWITCH),
    ("camera", "true", "Start the camera node", SWITCH),
    ("audio", "true", "Start the audio node", SWITCH),
    ("dashboard", "true", "Start the dashboard on http://127.0.0.1:8042", SWITCH),
    ("dashboard_address", "", "Address it listens on; empty: as in params_file", None),
    ("dashboard_port", "", "Port it listens on; empty: as in params_file", None),
    ("dashboard_token_file", "", "File with its token; empty: as in params_file", None),
    ("stream", "false", "Start the node for HLS, DASH and RTMP; it streams when asked to", SWITCH),
    ("web_video_server", "true", "Start web_video_server on http://127.0.0.1:8080", SWITCH),
    ("rviz", "false", "Start RViz", SWITCH),
    ("rqt", "false", "Start rqt with pictures, plots and diagnostics", SWITCH),
    ("foxglove", "false", "Start foxglove_bridge on ws://127.0.0.1:8765", SWITCH),
    ("admin", "false", "Let the robot's apps and its software be changed from here", SWITCH),
    ("composed", "false", "Run all nodes of this package in one process", SWITCH),
    ("respawn", "false", "Start a node again that has ended by itself", SWITCH),
    ("respawn_delay", "2.0", "Time before that, s", None),
    ("params_file", PARAMS_FILE, "YAML file with the nodes' parameters", None),
]


def generate_launch_description() -> LaunchDescription:
    """Return the arguments, and what is started for them."""
    arguments = [
        DeclareLaunchArgument(name, default_value=default, description=text, choices=choices)
        for name, default, text, choices in ARGUMENTS
    ]
    return LaunchDescription([*arguments, OpaqueFunction(function=start)])


def start(context: LaunchContext) -> list[Action]:
    """Return the actions for the arguments that were given."""

    def argument(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    def wanted(name: str) -> bool:
        return argument(name) == "true"

    actions: list[Action] = []
    ports = {
        name: int(argument(name)) for name in ("robot_port", "signalling_port") if argument(name)
    }
    robot: dict[str, str | int] = dict(ports)
    if wanted("sim"):
        robot["robot_host"] = "127.0.0.1"
        actions.append(simulation(ports))
    elif argument("robot_host"):
        robot["robot_host"] = argument("robot_host")

    nodes = [
        "control",
        *(name for name in ("camera", "audio", "dashboard", "stream") if wanted(name)),
    ]
    parameters = [argument("params_file"), robot] if robot else [argument("params_file")]
    page = {
        name: kind(value)
        for name, kind in (("address", str), ("port", int), ("token_file", str))
        if (value := argument(f"dashboard_{name}"))
    }
    dashboard = [parameters_of("dashboard", page)] if page else []
    control = [parameters_of("control", {"admin": True})] if wanted("admin") else []
    for executable in ["bringup"] if wanted("composed") else nodes:
        actions.append(
            Node(
                package=PACKAGE,
                executable=executable,
                namespace=argument("namespace"),
                parameters=parameters
                + (dashboard if executable in ("bringup", "dashboard") else [])
                + (control if executable in ("bringup", "control") else []),
                arguments=["--nodes", *nodes] if executable == "bringup" else [],
                respawn=wanted("respawn"),
                respawn_delay=float(argument("respawn_delay")),
                output="screen",
            )
        )
    if wanted("web_video_server"):
        actions += optional("web_video_server.launch.py", "web_video_server")
    actions += optional("description.launch.py", "robot_state_publisher")
    if wanted("rviz"):
        actions += optional("rviz.launch.py", "rviz2")
    if wanted("rqt"):
        actions += optional("rqt.launch.py", *RQT)
    if wanted("foxglove"):
        actions += optional("foxglove_bridge.launch.py", "foxglove_bridge")
    return actions


def parameters_of(node: str, parameters: Mapping[str, str | int]) -> str:
    """Return a file with parameters of one node, which is gone when the launch ends.

    Only what names the node as params_file does counts more than what that says of it.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", delete=False) as file:
        yaml.safe_dump({f"/**/{node}": {"ros__parameters": dict(parameters)}}, file)
    atexit.register(Path(file.name).unlink, missing_ok=True)
    return file.name


def simulation(ports: dict[str, int]) -> ExecuteProcess:
    """Return the simulated robot; everything ends with it, as nothing moves without it."""
    options = {"robot_port": "--port", "signalling_port": "--signalling-port"}
    return ExecuteProcess(
        cmd=[
            ExecutableInPackage("reachy_mini_sim", PACKAGE),
            *(f"{options[name]}={port}" for name, port in ports.items()),
        ],
        output="screen",
        on_exit=Shutdown(),
    )


def optional(launch_file: str, *packages: str) -> list[Action]:
    """Return the inclusion of a part, or one line if a package that it needs is not installed."""
    for package in packages:
        try:
            get_package_share_directory(package)
        except PackageNotFoundError:
            return [LogInfo(msg=f"{package} is not installed: left out, the rest runs without it")]
    return [IncludeLaunchDescription(str(SHARE / "launch" / launch_file))]
