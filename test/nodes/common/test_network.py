# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether it is told that others in the network can move the robot."""

import sys
from pathlib import Path

import pytest
from harness.announced import NETWORK, possible
from harness.processes import Child, Processes, free_port, node_module

from reachy_mini_ros.nodes.common.distribution import knows_localhost_only
from reachy_mini_ros.nodes.common.network import RANGE, openness

SECURE = {"ROS_SECURITY_ENABLE": "true", "ROS_SECURITY_KEYSTORE": "{keys}"}
MOVED = "can move the robot"


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({}, "anybody in ROS domain 0 of this network can move"),
        ({RANGE: "SUBNET", "ROS_DOMAIN_ID": "7"}, "anybody in ROS domain 7 of this network can"),
        ({RANGE: "SYSTEM_DEFAULT"}, "of this network can move"),
        ({RANGE: "LOCALHOST"}, ""),
        ({RANGE: "OFF"}, ""),
        ({RANGE: "subnet"}, ""),  # rcl takes what it does not know for LOCALHOST
        (
            {RANGE: "LOCALHOST", "ROS_STATIC_PEERS": "192.0.2.7;192.0.2.8"},
            "domain 0 on 192.0.2.7, 192.0.2.8 can move",
        ),
        ({RANGE: "OFF", "ROS_STATIC_PEERS": "192.0.2.7"}, ""),
        (
            {"ROS_LOCALHOST_ONLY": "1"},
            "" if knows_localhost_only() else "(ROS_LOCALHOST_ONLY counts no more) can move",
        ),
        (SECURE, ""),
        (SECURE | {"ROS_SECURITY_ENCLAVE_OVERRIDE": "/other"}, "has no enclave /other: "),
        (SECURE | {"ROS_SECURITY_KEYSTORE": "/nowhere"}, "no enclave /robot/control: "),
        (SECURE | {"ROS_SECURITY_ENABLE": "1"}, "of this network can move the robot: "),
    ],
)
def test_what_the_environment_leaves_open(
    tmp_path: Path, environment: dict[str, str], told: str
) -> None:
    (tmp_path / "enclaves" / "robot" / "control").mkdir(parents=True)
    given = {name: value.replace("{keys}", str(tmp_path)) for name, value in environment.items()}
    line = openness(given, ["--ros-args", "--enclave", "/robot/control"])
    assert told in line
    assert bool(line) == bool(told)
    assert not line or f"{RANGE}=LOCALHOST keeps it to this machine" in line


def control(processes: Processes, **environment: str) -> Child:
    """Start a control node in a network of its own."""
    if not possible():
        pytest.skip("this machine allows no network of our own")
    arguments = ["--ros-args", "-p", "robot_host:=127.0.0.1", "-p", f"robot_port:={free_port()}"]
    alone = ("unshare", "-rn", "sh", "-c", NETWORK, "sh", sys.executable, "-m")
    return processes.start(*alone, *node_module("control"), *arguments, env=environment)


def test_a_node_that_others_can_reach_says_so(processes: Processes) -> None:
    node = control(processes, **{RANGE: "SUBNET"})
    line = node.wait_for_output(MOVED)
    assert "[WARN]" in line
    node.wait_for_output("lost: ")
    node.stop_cleanly()
    assert node.output().count(MOVED) == 1


def test_one_that_keeps_to_this_machine_does_not(processes: Processes) -> None:
    node = control(processes, **{RANGE: "LOCALHOST"})
    node.wait_for_output("lost: ")
    node.stop_cleanly()
    assert MOVED not in node.output()


def test_enforced_security_without_keys_is_refused_with_the_reason(processes: Processes) -> None:
    node = control(processes, ROS_SECURITY_ENABLE="true", ROS_SECURITY_STRATEGY="Enforce")
    assert node.wait_failed() == (
        "control: ROS_SECURITY_STRATEGY=Enforce needs the folder of keys in "
        "ROS_SECURITY_KEYSTORE (docs/sros2.md)"
    )
