# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page believes what living control nodes say, and forgets the last words of others."""

from typing import Any

import pytest
from harness.daemon import Daemon
from harness.pictures import Client
from harness.processes import Child, Processes, free_port
from harness.ros import RosClient
from harness.waiting import wait_for
from std_msgs.msg import String

from reachy_mini_ros.nodes.common.qos import latched


def dashboard(processes: Processes, namespace: str) -> int:
    port = free_port()
    node = processes.start_node("dashboard", namespace=namespace, port=port)
    node.wait_for_output("in a browser")
    return port


def status(port: int) -> dict[str, Any]:
    answer: dict[str, Any] = Client(port).json("/api/status")[1]
    return answer


def control(processes: Processes, namespace: str, robot_port: int) -> Child:
    return processes.start_node(
        "control", namespace=namespace, robot_host="127.0.0.1", robot_port=robot_port
    )


def connection_is(port: int, expected: str | None, within_s: float = 10.0) -> None:
    wait_for(
        lambda: status(port)["connection"] == expected,
        within_s,
        lambda: f"{expected}, is {status(port)['connection']}",
    )


def test_the_last_word_of_one_that_has_ended_is_forgotten(
    processes: Processes, ros: RosClient
) -> None:
    port = dashboard(processes, "/last_word")
    topic = "/last_word/connection"
    living = ros.publisher(String, topic, latched())
    living.publish(String(data="connected"))
    connection_is(port, "connected")
    ended = ros.publisher(String, topic, latched())
    ended.publish(String(data="lost"))
    connection_is(port, "lost")
    ros.destroy(ros.node.destroy_publisher, ended)
    connection_is(port, "connected")


@pytest.mark.parametrize("kill", [False, True])
def test_the_page_follows_the_node_that_takes_over(processes: Processes, kill: bool) -> None:
    namespace = f"/takes_over_{kill}".lower()
    port = dashboard(processes, namespace)
    daemon = Daemon.start(processes, free_port())
    away = control(processes, namespace, free_port())
    away.wait_for_output("lost: nothing listens")
    connection_is(port, "lost", 20)
    second = control(processes, namespace, daemon.port)
    second.wait_for_output("connected")
    second.wait_for_output("does not command the robot")
    connection_is(port, "lost")
    wait_for(lambda: status(port)["joints"] is None, 5, "no joints of the one that waits")
    if kill:
        away.process.kill()
    else:
        away.stop_cleanly()
    connection_is(port, "connected")
    wait_for(lambda: status(port)["joints"], 5, "joints")
    wait_for(lambda: status(port)["motion"]["owner"] == "idle", 5, "the owner")
    second.stop_cleanly()
    connection_is(port, None)


def test_one_that_was_killed_is_away_within_seconds(processes: Processes) -> None:
    """Its endpoints are known to ROS for some 20 s more."""
    port = dashboard(processes, "/killed")
    daemon = Daemon.start(processes, free_port())
    node = control(processes, "/killed", daemon.port)
    connection_is(port, "connected", 20)
    node.process.kill()
    connection_is(port, None, 6)
