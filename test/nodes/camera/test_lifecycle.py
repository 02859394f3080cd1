# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The camera as a managed node, and when another program takes the robot's media."""

import re
import signal
from pathlib import Path

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from harness.processes import Child, Processes
from harness.ros import Collector, RosClient
from harness.simulation import Simulation
from harness.waiting import wait_for
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from sensor_msgs.msg import CompressedImage
from std_srvs.srv import Trigger

CAMERA = "/managed/camera"
JPEG = f"{CAMERA}/image_raw/compressed"


@pytest.fixture(scope="module")
def robot(processes: Processes, tmp_path_factory: pytest.TempPathFactory) -> Simulation:
    """Return a simulated robot that tells of its media sessions."""
    return Simulation.start(processes, tmp_path_factory.mktemp("robot"), "--verbose")


@pytest.fixture(scope="module")
def camera(processes: Processes, robot: Simulation) -> Child:
    return processes.start_node(
        "camera", namespace="/managed", autostart=False, frame_rate=10, **robot.parameters
    )


@pytest.fixture(scope="module")
def diagnostics(camera: Child, ros: RosClient) -> Collector:
    return ros.subscribe(DiagnosticArray, "/diagnostics")


def status(diagnostics: Collector) -> DiagnosticStatus:
    return diagnostics.next().status[0]


def value(diagnostics: Collector, key: str) -> str:
    return next(entry.value for entry in status(diagnostics).values if entry.key == key)


def change(ros: RosClient, transition: int) -> str:
    """Make a transition and return the state it led to."""
    request = ChangeState.Request(transition=Transition(id=transition))
    assert ros.call(ChangeState, f"{CAMERA}/change_state", request).success
    return ros.call(GetState, f"{CAMERA}/get_state").current_state.label


def sessions(robot: Simulation) -> tuple[int, int]:
    """Return how many media sessions the robot has had, and how many of them have ended."""
    told = re.findall(r"session (\S+) is (connected|closed)", robot.child.output())
    begun = {name for name, state in told if state == "connected"}
    return len(begun), len(begun & {name for name, state in told if state == "closed"})


def test_without_autostart_nothing_is_asked_of_the_robot(
    camera: Child, robot: Simulation, ros: RosClient, diagnostics: Collector
) -> None:
    assert value(diagnostics, "lifecycle") == "unconfigured"
    wait_for(lambda: ros.node.count_publishers(JPEG) == 1)
    refused = ros.call(Trigger, f"{CAMERA}/take_photo")
    assert not refused.success
    assert "unconfigured: activate it" in refused.message
    assert sessions(robot) == (0, 0)
    assert change(ros, Transition.TRANSITION_CONFIGURE) == "inactive"
    assert value(diagnostics, "connection") == "closed"
    assert sessions(robot) == (0, 0)


def test_inactive_closes_the_session_at_the_robot_and_active_opens_it_again(
    camera: Child, robot: Simulation, ros: RosClient, diagnostics: Collector
) -> None:
    pictures = ros.subscribe(CompressedImage, JPEG)
    for round_ in (1, 2):
        assert change(ros, Transition.TRANSITION_ACTIVATE) == "active"
        pictures.next(15)
        assert sessions(robot) == (round_, round_ - 1)
        wait_for(lambda: value(diagnostics, "connection") == "connected")
        assert change(ros, Transition.TRANSITION_DEACTIVATE) == "inactive"
        wait_for(lambda round_=round_: sessions(robot) == (round_, round_))
        count = pictures.count
        wait_for(lambda: value(diagnostics, "lifecycle") == "inactive")
        last = status(diagnostics)
        assert (last.level, last.message) == (
            DiagnosticStatus.OK,
            "inactive: the stream is closed",
        )
        assert pictures.count <= count + 1  # one may have been on its way
    wait_for(lambda: camera.output().count("the stream is closed") == 2)
    ros.unsubscribe(pictures)


def test_quick_changes_end_in_the_last_state(
    camera: Child, robot: Simulation, ros: RosClient
) -> None:
    pictures = ros.subscribe(CompressedImage, JPEG)
    for _ in range(4):
        change(ros, Transition.TRANSITION_ACTIVATE)
        change(ros, Transition.TRANSITION_DEACTIVATE)
    assert change(ros, Transition.TRANSITION_ACTIVATE) == "active"
    pictures.next(20)
    begun, ended = sessions(robot)
    assert begun - ended == 1
    ros.unsubscribe(pictures)
    assert "internal error" not in camera.output()


def test_changes_sent_without_waiting_end_in_the_last_state(
    camera: Child, robot: Simulation, ros: RosClient, diagnostics: Collector
) -> None:
    pictures = ros.subscribe(CompressedImage, JPEG)
    pictures.next(15)
    client = ros.node.create_client(ChangeState, f"{CAMERA}/change_state")
    assert client.wait_for_service(15)
    order = (Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_ACTIVATE)
    for _ in range(10):
        answers = [
            client.call_async(ChangeState.Request(transition=Transition(id=transition)))
            for transition in order
        ]
        wait_for(lambda answers=answers: all(answer.done() for answer in answers), 15)
        assert all(answer.result().success for answer in answers)
        pictures.next(15)
    ros.destroy(ros.node.destroy_client, client)
    wait_for(lambda: status(diagnostics).message.startswith("connected"), 15)
    begun, ended = sessions(robot)
    assert begun - ended == 1
    ros.unsubscribe(pictures)


def test_media_released_by_another_program_are_told_of_and_used_when_they_are_back(
    camera: Child, robot: Simulation, ros: RosClient, diagnostics: Collector
) -> None:
    pictures = ros.subscribe(CompressedImage, JPEG)
    pictures.next(15)
    robot.child.send_signal(signal.SIGUSR1)
    # What the real daemon of the simulation says of its media; a released one says that instead.
    wait_for(lambda: "--no-media" in status(diagnostics).message, 10)
    assert status(diagnostics).level == DiagnosticStatus.ERROR
    assert value(diagnostics, "connection") == "lost"
    refused = ros.call(Trigger, f"{CAMERA}/take_photo")
    assert not refused.success
    assert "--no-media" in refused.message
    count = pictures.count
    robot.child.send_signal(signal.SIGUSR2)
    pictures.wait_count(count + 5, 10)
    wait_for(lambda: value(diagnostics, "reason") == "-" or not value(diagnostics, "reason"))
    ros.unsubscribe(pictures)


def test_shutdown_closes_the_stream_for_good(
    camera: Child, robot: Simulation, ros: RosClient
) -> None:
    assert change(ros, Transition.TRANSITION_ACTIVE_SHUTDOWN) == "finalized"
    wait_for(lambda: (counts := sessions(robot))[0] == counts[1])
    assert camera.stop() == 0
    assert "Traceback" not in camera.output()


def test_autostart_is_the_default(
    processes: Processes, robot: Simulation, ros: RosClient, tmp_path: Path
) -> None:
    child = processes.start_node("camera", namespace="/auto", **robot.parameters)
    state = wait_for(lambda: ros.call(GetState, "/auto/camera/get_state").current_state.label)
    assert state == "active"
    assert "source webrtc: the daemon's local socket gives 10" in child.wait_for_output("source ")
    assert child.stop() == 0
