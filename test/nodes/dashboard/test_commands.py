# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What HTTP answers of a command is what became of that command, whatever else goes on."""

import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from harness.control import ControlledRobot, joints
from harness.daemon import Daemon
from harness.moves import nod
from harness.pictures import Client
from harness.processes import Child, Processes, free_port
from harness.relay import Relay
from harness.ros import RosClient
from harness.waiting import Awaited, patience, too_slow, wait_for
from std_msgs.msg import String

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.nodes.common.qos import latched
from reachy_mini_ros.web.receipts import FIRST_RECEIPT_S

NS = "/commands"
Answer = tuple[int, dict[str, str]]


@pytest.fixture(scope="module")
def relay(processes: Processes) -> Iterator[tuple[Relay, int]]:
    daemon = Daemon.start(processes, free_port())
    with LoopThread() as io:
        relay, port = Relay(daemon.port), free_port()
        Awaited(io.submit(relay.start(port))).result(5)
        yield relay, port
        Awaited(io.submit(relay.stop())).result(5)


@pytest.fixture(scope="module")
def started(
    processes: Processes,
    ros: RosClient,
    relay: tuple[Relay, int],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ControlledRobot]:
    directory = tmp_path_factory.mktemp("recorded")
    (directory / "nod.json").write_bytes(nod(1.0).to_json())
    daemon = Daemon(child=None, port=relay[1])  # type: ignore[arg-type]
    with ControlledRobot.started(
        processes, ros, daemon, NS, move_directory=directory, move_approach=0.2
    ) as robot:
        yield robot


@pytest.fixture(scope="module")
def port(processes: Processes, started: ControlledRobot) -> int:
    chosen = free_port()
    child = processes.start_node("dashboard", namespace=NS, port=chosen)
    child.wait_for_output("in a browser")
    # On a busy machine the processes find each other late.
    wait_for(lambda: command(chosen, "antennas", left=0)[0] != 503, 30, "the control node")
    wait_for(lambda: command(chosen, "head")[0] != 503, 30, "the control node")
    return chosen


@pytest.fixture
def robot(started: ControlledRobot) -> ControlledRobot:
    started.neutral()
    return started


def command(port: int, path: str, **body: object) -> Answer:
    return Client(port, patience(30.0)).post(f"/api/command/{path}", body)


class Another:
    """Another client, which sends gotos again and again."""

    def __init__(self, robot: ControlledRobot) -> None:
        self._robot = robot
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(0.05):
            self._robot.goto_joints.publish(joints(left_antenna=0.1, right_antenna=0.1))


def test_a_goto_that_is_refused_is_never_answered_as_one_that_another_client_sent(
    robot: ControlledRobot, port: int
) -> None:
    with Another(robot):
        robot.wait_owner("goto")
        for _ in range(8):
            status, answer = command(port, "head", pitch=80)
            if status == 504:
                too_slow(answer["error"])
            assert status == 409, answer
            assert "pitch 80.0 deg" in answer["error"]
            status, answer = command(port, "body", yaw=5)
            assert (status, answer["message"]) == (200, "goto/joints accepted: preempts goto")


def test_the_end_is_waited_for_if_that_is_wanted(robot: ControlledRobot, port: int) -> None:
    status, answer = command(port, "antennas?wait=done", left=30)
    assert status == 200, answer
    assert answer["message"].startswith("goto/joints done: goto done in ")
    robot.wait_position("left_antenna", 0.5236, 0.03)
    status, answer = command(port, "play_move?wait=done", name="nod")
    assert status == 200, answer
    assert answer["message"].startswith("play_move done: move done in ")
    robot.wait_position("left_antenna", 0.6, 0.03)
    status, answer = command(port, "head?wait=done", mode="stream")
    assert answer == {"message": "sent to set_target/head_pose"}
    assert command(port, "head?wait=soon")[0] == 422


def started_goto(port: int, pool: ThreadPoolExecutor, robot: ControlledRobot) -> Any:
    robot.set(goto__duration=2.0)
    pending = pool.submit(command, port, "body?wait=done", yaw=40)
    robot.wait_owner("goto")
    wait_for(lambda: robot.positions["yaw_body"] > 0.05, 5, "motion")
    return pending


def test_who_waits_learns_what_ended_the_goto(robot: ControlledRobot, port: int) -> None:
    with ThreadPoolExecutor() as pool:
        pending = started_goto(port, pool, robot)
        assert robot.call("stop")[0]
        assert pending.result(patience(10)) == (409, {"error": "goto was ended by stop"})
        robot.neutral()
        pending = started_goto(port, pool, robot)
        assert command(port, "antennas", left=3)[0] == 200
        assert pending.result(patience(10)) == (409, {"error": "goto was ended by a new goto"})


def test_an_end_that_the_daemon_does_not_report_is_a_504(
    robot: ControlledRobot, port: int, relay: tuple[Relay, int]
) -> None:
    with ThreadPoolExecutor() as pool:
        pending = started_goto(port, pool, robot)
        relay[0].loses = lambda message: "task_progress" in message[:60]
        status, answer = pending.result(patience(20))
        relay[0].loses = lambda message: False
        assert status == 504
        assert "did not report the goto's end" in answer["error"]


def test_the_same_move_played_twice_is_told_apart_by_its_order(
    robot: ControlledRobot, port: int
) -> None:
    with ThreadPoolExecutor() as pool:
        first = pool.submit(command, port, "play_move?wait=done", name="nod")
        robot.wait_owner("move")
        second = pool.submit(command, port, "play_move?wait=done", name="nod")
        assert first.result(patience(20)) == (409, {"error": "move was ended by a new move"})
        assert second.result(patience(20))[0] == 200


def test_without_a_control_node_that_answers_the_reason_is_told(
    processes: Processes, ros: RosClient, robot: ControlledRobot, port: int
) -> None:
    robot.node.send_signal(signal.SIGSTOP)
    began_s = time.monotonic()
    try:
        status, answer = command(port, "body", yaw=1)
    finally:
        robot.node.send_signal(signal.SIGCONT)
    assert status == 504
    assert answer["error"] == f"within {FIRST_RECEIPT_S:g} s it was not told what became of it"
    assert time.monotonic() - began_s < FIRST_RECEIPT_S + patience(3.0)
    wait_for(lambda: command(port, "body", yaw=0)[0] == 200, 10, "the control node, back again")


def test_who_waits_learns_that_the_control_node_left(
    processes: Processes, ros: RosClient, relay: tuple[Relay, int]
) -> None:
    def start(node: str, **parameters: object) -> Child:
        return processes.start_node(node, namespace=f"{NS}/left", **parameters)

    node = start("control", robot_host="127.0.0.1", robot_port=relay[1], goto__duration=5.0)
    port = free_port()
    start("dashboard", port=port).wait_for_output("in a browser")
    wait_for(lambda: command(port, "wake_up")[0] == 200, 30, "a robot that is awake")
    owners = ros.subscribe(String, f"{NS}/left/motion_owner", latched())
    with ThreadPoolExecutor() as pool:
        pending = pool.submit(command, port, "body?wait=done", yaw=10)
        wait_for(lambda: owners.count and owners.last.data == "goto", 10, "the goto")
        node.stop_cleanly()
        assert pending.result(patience(10)) == (
            409,
            {"error": "goto was ended by the end of the driver"},
        )
    status, answer = command(port, "body", yaw=10)
    assert status == 503
    assert "start the control node" in answer["error"]
