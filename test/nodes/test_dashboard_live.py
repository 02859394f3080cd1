# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From the simulated robot to the browser: every part of the way is the real one."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped
from harness.browser import Browser
from harness.pictures import Client, Stream
from harness.processes import Child, Processes, free_port
from harness.ros import RosClient
from harness.simulation import Simulation
from harness.waiting import wait_for
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState

from reachy_mini_ros.nodes.qos import reliable
from reachy_mini_ros.simulation import overlay

SPACE = "/dashboard_live"
STATE = "document.getElementById('stage')?.dataset.state"


@pytest.fixture(scope="module")
def port(processes: Processes, simulation: Simulation) -> int:
    chosen = free_port()
    robot = simulation.parameters
    children: list[Child] = [
        processes.start_node("camera", namespace=SPACE, **robot),
        processes.start_node("control", namespace=SPACE, **robot),
        processes.start_node("dashboard", namespace=SPACE, port=chosen),
    ]
    children[-1].wait_for_output("in a browser")
    wait_for(
        lambda: Client(chosen).get("/api/snapshot")[0] == 200, 20, "a first picture of the camera"
    )
    return chosen


def counter(jpeg: bytes) -> int:
    """Return the simulated camera's frame counter, read from the picture itself."""
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    seen = overlay.read(image)
    assert seen is not None
    return seen.frame


def test_stream_shows_the_robots_own_pictures_in_order(port: int) -> None:
    stream = Stream.of_topic(port)
    frames = [counter(stream.read() or b"") for _ in range(20)]
    stream.close()
    assert frames == sorted(set(frames))
    later = counter(Client(port).get("/api/snapshot")[2])
    assert later > frames[-1]


def test_page_shows_the_robot_and_how_its_head_turns(
    port: int, ros: RosClient, processes: Processes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    goto = ros.publisher(PoseStamped, f"{SPACE}/goto/head_pose", reliable(1))
    pose = PoseStamped()
    pose.pose.position.z = 0.177
    pose.pose.orientation.z = float(np.sin(np.radians(10)))
    pose.pose.orientation.w = float(np.cos(np.radians(10)))
    profile: Path = tmp_path_factory.mktemp("profile")
    with Browser(processes, profile) as browser:
        browser.look(1280, 800)
        browser.open(f"http://127.0.0.1:{port}/")
        browser.wait_until(f"{STATE} === 'live'")
        browser.wait_until("document.getElementById('connection-text').textContent === 'Connected'")
        assert browser.evaluate("document.getElementById('model').textContent") == "mockup"
        goto.publish(pose)
        browser.wait_until(
            "Math.abs(parseFloat(document.getElementById('yaw').textContent) - 20) < 1.5"
        )
        # The counter is read from what the window shows, where the picture is.
        box = browser.evaluate(
            "(r => [r.x, r.y, r.width, r.height])"
            "(document.getElementById('picture').getBoundingClientRect())"
        )
        x, y, width, height = (round(value) for value in box)

        def shown() -> int:
            picture = browser.screenshot()[y : y + height, x : x + width]
            seen = overlay.read(np.ascontiguousarray(picture))
            return seen.frame if seen else 0

        first = wait_for(shown, 5, "the counter on the page")
        wait_for(lambda: shown() > first, 5, "a later picture on the page")


def test_page_says_that_the_camera_is_off_while_its_node_is_inactive(
    port: int, ros: RosClient, processes: Processes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    def change(transition: int) -> None:
        request = ChangeState.Request(transition=Transition(id=transition))
        assert ros.call(ChangeState, f"{SPACE}/camera/change_state", request).success

    profile: Path = tmp_path_factory.mktemp("profile")
    with Browser(processes, profile) as browser:
        browser.open(f"http://127.0.0.1:{port}/")
        browser.wait_until(f"{STATE} === 'live'")
        change(Transition.TRANSITION_DEACTIVATE)
        browser.wait_until("document.getElementById('state').textContent === 'Camera off'")
        assert "inactive" in browser.evaluate("document.getElementById('hint').textContent")
        change(Transition.TRANSITION_ACTIVATE)
        browser.wait_until(f"{STATE} === 'live'")


def test_head_moves_the_read_out_back_to_nothing_when_the_robot_is_gone(
    port: int, simulation: Simulation
) -> None:
    assert Client(port).json("/api/status")[1]["connection"] == "connected"
    simulation.child.stop()

    def gone() -> bool:
        answer = Client(port).json("/api/status")[1]
        return answer["connection"] == "lost" and answer["head"] is None

    wait_for(gone, 10, "the robot's absence in the status")
    assert Client(port).get("/api/snapshot")[0] == 503
