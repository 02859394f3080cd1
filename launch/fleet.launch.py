# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Several Reachy Minis, real or simulated, out of one file, and one page for all."""

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    GroupAction,
    IncludeLaunchDescription,
    OpaqueFunction,
)
from launch.substitutions import LaunchConfiguration
from launch_ros.substitutions import ExecutableInPackage

from reachy_mini_ros.fleet.arguments import NODES, OF_A_FLEET
from reachy_mini_ros.fleet.file import Fleet, read_fleet
from reachy_mini_ros.fleet.plan import simulation_arguments, write_parameters

PACKAGE = "reachy_mini_ros"
SHARE = Path(get_package_share_directory(PACKAGE))
PARAMS_FILE = SHARE / "config" / "reachy_mini.yaml"


def generate_launch_description() -> LaunchDescription:
    """Return the arguments, and what is started for them."""
    arguments = [
        DeclareLaunchArgument(
            one.name,
            default_value=one.launch_default,
            description=one.text,
            choices=one.choices,
        )
        for one in OF_A_FLEET
    ]
    return LaunchDescription([*arguments, OpaqueFunction(function=start)])


def start(context: LaunchContext) -> list[Action]:
    """Return each robot's simulation and bringup, and the page; raises if the file is wrong."""
    given = {one.name: LaunchConfiguration(one.name).perform(context) for one in OF_A_FLEET}
    file = Path(given.pop("fleet") or SHARE / "config" / "fleet.yaml")
    fleet = read_fleet(file, PARAMS_FILE)
    folder = Path(tempfile.mkdtemp(prefix="reachy_mini_fleet_"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    parameters = write_parameters(fleet.robots, PARAMS_FILE, folder)
    # web_video_server shows the pictures of all.
    once = given.pop("web_video_server")
    shown = [once, *["false"] * (len(fleet.robots) - 1)]
    actions = list(simulations(fleet))
    for robot, web_video_server in zip(fleet.robots, shown, strict=True):
        arguments = {
            **given,
            "namespace": robot.name,
            "frame_prefix": robot.frame_prefix,
            "params_file": str(parameters[robot.name]),
            "web_video_server": web_video_server,
            **{node: str(node in robot.nodes).lower() for node in NODES if node != "control"},
        }
        bringup = IncludeLaunchDescription(
            str(SHARE / "launch" / "bringup.launch.py"), launch_arguments=arguments.items()
        )
        # What a robot was given shall not be the next one's, too.
        actions.append(GroupAction([bringup], scoped=True))
    if fleet.page is not None:
        page = [ExecutableInPackage("fleet_page", PACKAGE), str(file)]
        actions.append(ExecuteProcess(cmd=page, output="screen"))
    return actions


def simulations(fleet: Fleet) -> Iterator[Action]:
    """Return the simulated robots; the others go on without one that ends."""
    for number, robot in enumerate(fleet.robots):
        if robot.sim:
            arguments = simulation_arguments(robot, number)
            executable = ExecutableInPackage("reachy_mini_sim", PACKAGE)
            yield ExecuteProcess(cmd=[executable, *arguments], output="screen")
