# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What every executable says of itself, and of what is wrong with its command line."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from harness.processes import Processes, free_port
from harness.ros import RosClient
from harness.waiting import patience, wait_for
from test_package import SETUP

from reachy_mini_ros.nodes import interface
from reachy_mini_ros.nodes.bringup import NODES

ROOT = Path(__file__).parents[1]
EXECUTABLES = dict(
    re.split(r"\s*=\s*", script)
    for script in SETUP["entry_points"]["console_scripts"]  # type: ignore[index]
)
RUN = """
import importlib, sys
module, function = sys.argv.pop(1).split(":")
try:
    getattr(importlib.import_module(module), function)()
finally:
    print("imported:", *sys.modules)
"""


def ask(executable: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run an executable as its script does, and print what it has imported at its end."""
    return subprocess.run(
        [sys.executable, "-c", RUN, EXECUTABLES[executable], *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=patience(60),
        check=False,
    )


@pytest.mark.parametrize("executable", EXECUTABLES)
def test_help_tells_what_it_is_and_starts_nothing(executable: str) -> None:
    answer = ask(executable, "--help")
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr == ""
    text, _, imported = answer.stdout.partition("imported: ")
    assert text.startswith(f"usage: {executable} ")
    assert not {"rclpy", "aiortc", "aiohttp"} & set(imported.split())
    for node in NODES if executable == "bringup" else {executable} & NODES.keys():
        for param in interface.parameters(node):
            assert f"  {param.name} = {interface.shown(param)}" in text
            assert not param.bounds or f"({param.bounds})" in text
        for kind in interface.KINDS:
            for offer in interface.offers(kind):
                assert not offer.is_of([node]) or f"  {offer.name}  {offer.type}" in text


def test_the_tables_of_the_readme_say_the_same() -> None:
    script = [sys.executable, str(ROOT / "docs" / "write_tables.py"), "--check"]
    result = subprocess.run(script, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("executable", EXECUTABLES)
def test_an_unknown_option_is_refused_with_one_line(executable: str) -> None:
    takes_file = executable.startswith("audio_") or executable == "fleet_page"
    required = ["file"] if takes_file else []
    answer = ask(executable, *required, "--no-such-option")
    assert answer.returncode == 2
    (line,) = answer.stderr.splitlines()
    assert line.startswith(f"{executable}: ")
    assert "--no-such-option" in line
    assert "rclpy" not in answer.stdout.split()


MIXED = "/**:\n  ros__parameters:\n    frame_rate: [1, a]\n"


@pytest.mark.parametrize(
    ("executable", "arguments", "code", "reason"),
    [
        ("control", ["robot_host:=x"], 2, "parameters are given as --ros-args -p robot_host:=x"),
        ("control", ["--ros-args", "--foo"], 2, "unknown option after --ros-args: --foo"),
        ("control", ["--ros-args", "-p", "robot_host"], 2, "write -p NAME:=VALUE"),
        ("audio_record", ["a.wav", "--ros-args", "-r", "x"], 2, "write -r NAME:=VALUE"),
        ("bringup", ["--nodes", "legs"], 2, "invalid choice: 'legs'"),
        ("reachy_mini_sim", ["--fps", "100"], 2, "100 is not a whole number from 1 to 60"),
        ("panorama_scan", ["--url", "http://127.0.0.1:9"], 1, "no dashboard at http://127.0.0.1:9"),
        ("control", ["-p", "goto.duration:=99.0"], 1, "goto.duration: 99.0 is outside 0.1 to 60"),
        ("control", ["-p", "goto.duration:=fast"], 1, "goto.duration: 'fast' is not a number"),
        ("control", ["-p", "robot_port:=0"], 1, "robot_port: 0 is outside 1 to 65535"),
        ("camera", ["-p", "width:=1.5"], 1, "width: 1.5 is not a whole number"),
        ("camera", ["-p", "flip:=[a, b]"], 1, "is not one of none, horizontal, vertical, both"),
        ("bringup", ["-p", "goto.method:=3"], 1, "control: parameter goto.method: '3' is not one"),
        ("dashboard", ["-p", "token:=1234"], 1, "token: the value is not a text"),
        ("dashboard", ["-p", "image_topic:=a-b"], 1, "'a-b' cannot be the name of a topic"),
        ("dashboard", ["--params-file", "/nowhere.yaml"], 1, "cannot read /nowhere.yaml: No such"),
        ("dashboard", ["--params-file", "{mixed}"], 1, "{mixed}'. Error: Sequence should be of"),
        ("dashboard", ["-r", "__ns:=robot"], 1, "'-r __ns:=robot'"),
        ("dashboard", ["-r", "__node:=9 lives"], 1, "'-r __node:=9 lives'"),
        ("audio_record", ["a.wav", "--ros-args", "-r", "__ns:=robot"], 1, "'-r __ns:=robot'"),
    ],
)
def test_what_is_wrong_is_one_line(
    tmp_path: Path, executable: str, arguments: list[str], code: int, reason: str
) -> None:
    mixed = tmp_path / "mixed.yaml"
    mixed.write_text(MIXED)
    first = ["--ros-args"] if arguments[0] in ("-p", "-r", "--params-file") else []
    given = [argument.replace("{mixed}", str(mixed)) for argument in (*first, *arguments)]
    answer = ask(executable, *given)
    assert answer.returncode == code, answer.stderr
    (line,) = answer.stderr.splitlines()
    assert line.startswith(f"{executable}: ")
    assert reason.replace("{mixed}", str(mixed)) in line


UNKNOWN = """
/**:
  ros__parameters:
    signalling_port: 8443
    frame_rate: 10.0
    use_sim_time: false
    qos_overrides: {/parameter_events: {publisher: {depth: 5}}}
/**/control:
  ros__parameters:
    goto: {durations: 2.0}
    colour: red
"""


def test_unknown_parameters_are_told_with_the_nearest_name(
    processes: Processes, tmp_path: Path
) -> None:
    """Those that other nodes have may stand in a file that is for all, and rclpy has its own."""
    file = tmp_path / "parameters.yaml"
    file.write_text(UNKNOWN)
    arguments = ["--params-file", str(file), "-p", "robot_hots:=127.0.0.1", "-p", "port:=8042"]
    arguments += ["-p", "camra:frame_rate:=5", "-p", "contro:goto.duration:=2.0"]
    arguments += ["-r", "__ns:=/unknown", "-p", f"robot_port:={free_port()}"]
    arguments += ["-p", "robot_host:=127.0.0.1", "-p", "use_sim_time:=false"]
    node = processes.start_module("reachy_mini_ros.nodes", "control", "--ros-args", *arguments)
    node.wait_for_output("for a node contro")
    node.stop_cleanly()
    told = [line.rpartition("]: ")[2] for line in node.output().splitlines() if "[WARN]" in line]
    assert sorted(told) == [
        "parameter frame_rate is for a node camra, which is not here",
        "parameter goto.duration is for a node contro, which is not here; the nearest is control",
        "there is no parameter colour",
        "there is no parameter goto.durations; the nearest is goto.duration",
        "there is no parameter port",
        "there is no parameter robot_hots; the nearest is robot_host",
    ]


def test_a_node_needs_no_arguments(processes: Processes, ros: RosClient) -> None:
    node = processes.start_module("reachy_mini_ros.nodes", "stream")
    there = ("stream", "/reachy_mini")
    wait_for(lambda: there in ros.node.get_node_names_and_namespaces(), 20, "the node")
    node.stop_cleanly()
    assert node.output() == ""


def test_parameters_of_one_of_several_nodes_are_known(processes: Processes) -> None:
    port = free_port()
    arguments = ["--nodes", "camera", "dashboard", "--ros-args", "-r", "__ns:=/several"]
    arguments += ["-p", "source:=synthetic", "-p", f"port:={port}", "-p", "frame_rat:=5.0"]
    node = processes.start_module("reachy_mini_ros.nodes.bringup", *arguments)
    node.wait_for_output("there is no parameter frame_rat; the nearest is frame_rate")
    node.stop_cleanly()
    assert node.output().count("there is no parameter") == 1
