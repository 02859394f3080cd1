# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is started for each robot of a fleet: its nodes' parameters, its simulation.

Launch files import this, in an environment that may lack everything but PyYAML.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from reachy_mini_ros.fleet.file import Robot
from reachy_mini_ros.fleet.reading import plain, read
from reachy_mini_ros.hosts import is_loopback

PHOTOS, CLIPS, MOVES = "photos", "clips", "moves"
"""Folders in a robot's directory."""


def write_parameters(robots: tuple[Robot, ...], package: Path, folder: Path) -> dict[str, Path]:
    """Write a file of parameters for each robot into ``folder``; return them by its name.

    They are those of the robot's params_file (the ``package``'s where it names none), and what is
    its own. Raises MistakesError if a params_file cannot be used.
    """
    files = {}
    for robot in robots:
        files[robot.name] = file = folder / f"{robot.name}.yaml"
        sections = _sections(robot.params_file or package)
        for section, parameters in own_parameters(robot).items():
            place = sections.setdefault(section, {}).setdefault("ros__parameters", {})
            for name, value in parameters.items():
                _put(place, name, value)
        if is_loopback(robot.host):
            _keep_off_the_local_camera(sections)
        file.touch(mode=0o600)  # a token may be among them
        file.write_text(yaml.safe_dump(sections, sort_keys=False), encoding="utf-8")
    return files


def own_parameters(robot: Robot) -> dict[str, dict[str, Any]]:
    """Return what a robot shares with no other: section of a file of parameters -> name -> value.

    That is where it is, and where it listens and writes; what its part of the file says goes
    before all.
    """
    photos, clips, moves = (str(robot.directory / name) for name in (PHOTOS, CLIPS, MOVES))
    robot_itself: dict[str, Any] = {
        "robot_host": robot.host,
        "robot_port": robot.robot_port,
        "signalling_port": robot.signalling_port,
        "frame_prefix": robot.frame_prefix,
    }
    nodes: dict[str, dict[str, Any]] = {
        "camera": {"photo_directory": photos, "record_directory": clips},
        "control": {"move_directory": moves, "admin": robot.admin},
        "dashboard": {
            "address": robot.dashboard_address,
            "port": robot.dashboard_port,
            "token_file": robot.dashboard_token_file,
            "photo_directory": photos,
            "record_directory": clips,
        },
        "stream": {"dashboard_port": robot.dashboard_port},
    }
    for node, parameters in robot.parameters.items():
        nodes[node] = {**nodes.get(node, {}), **parameters}
    sections = {f"/**/{node}": values for node, values in nodes.items()}
    return {"/**": robot_itself, **sections}


def simulation_arguments(robot: Robot, number: int) -> list[str]:
    """Return the arguments of reachy_mini_sim; each ``number`` has a room of its own."""
    return [
        f"--port={robot.robot_port}",
        f"--signalling-port={robot.signalling_port}",
        f"--seed={number}",
        f"--name={robot.name}",
    ]


def _sections(file: Path) -> dict[str, Any]:
    item, mistakes = read(file)
    sections = plain(item)
    for name, section in sections.items() if isinstance(sections, Mapping) else [("", None)]:
        if not isinstance(section, Mapping) or not isinstance(
            section.get("ros__parameters"), Mapping
        ):
            mistakes.add(item.line, f"{name or 'the file'}: ros__parameters are needed")
    mistakes.raise_any()
    return dict(sections)


def _keep_off_the_local_camera(sections: Mapping[str, Any]) -> None:
    """Have no camera node choose the local socket: one of the daemons here has it, whichever."""
    for section in ("/**", "/**/camera"):
        parameters = sections.get(section, {}).get("ros__parameters", {})
        if parameters.get("source") == "auto":
            parameters["source"] = "webrtc"


def _put(tree: dict[str, Any], name: str, value: object) -> None:
    """Set a parameter, whichever way its name is written: with dots or as a tree."""
    head, _, rest = name.partition(".")
    if rest and isinstance(tree.get(head), dict):
        _put(tree[head], rest, value)
    else:
        tree[name] = value
