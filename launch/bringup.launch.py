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

from reachy_mini_ros.fleet.arguments import ARGUMENTS, NODES

PACKAGE = "reachy_mini_ros"
SHARE = Path(get_package_share_directory(PACKAGE))
PARAMS_FILE = str(SHARE / "config" / "reachy_mini.yaml")
# All that the perspective shows: rqt restores nothing of it where one plugin is missing.
RQT = ("rqt_gui", "rqt_image_view", "rqt_plot", "rqt_runtime_monitor", "rqt_service_caller")


def generate_launch_description() -> LaunchDescription:
    """Return the arguments, and what is started for them."""
    arguments = [
        DeclareLaunchArgument(
            one.name,
            default_value=one.launch_default,
            description=one.text,
            choices=one.choices,
        )
        for one in ARGUMENTS
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
    if argument("frame_prefix"):
        robot["frame_prefix"] = argument("frame_prefix")
    if wanted("sim"):
        robot["robot_host"] = "127.0.0.1"
        actions.append(simulation(ports))
    elif argument("robot_host"):
        robot["robot_host"] = argument("robot_host")

    nodes = [name for name in NODES if name == "control" or wanted(name)]
    params_file = argument("params_file") or PARAMS_FILE
    parameters = [params_file, robot] if robot else [params_file]
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
                # Where its keys are, with ROS_SECURITY_ENABLE: those of config/sros2/.
                ros_arguments=["--enclave", f"/{argument('namespace').strip('/')}/{executable}"],
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
