# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The robot in 3D on the page, in a real browser, of the simulated robot and its nodes."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped
from harness.browser import SOFTWARE_GRAPHICS, Browser, browsing
from harness.pictures import Client
from harness.processes import Processes, free_port
from harness.ros import Collector, RosClient
from harness.simulation import Simulation
from harness.waiting import patience, wait_for
from numpy.typing import NDArray
from sensor_msgs.msg import JointState

from reachy_mini_ros.nodes.control.conversions import ALL_JOINT_NAMES
from reachy_mini_ros.robot.geometry.frames import robot_tree
from reachy_mini_ros.robot.geometry.rotations import from_quaternion, from_roll_pitch_yaw
from reachy_mini_ros.robot.sdk import ROOT_TO_NEUTRAL_HEAD_M

SPACE = "/view3d"
MOST_BYTES = 5_000_000
LOAD_S = 60.0
"""Meshes are made small at first, and graphics are drawn without a card."""
OWN = ("/vendor/", "/api/model/", "/api/joints", "scene.js", "mesh.js", "orbit.js", "props.js")
"""What is loaded for it alone."""
OPEN = "document.querySelector('.pose-card').dataset.view === 'solid'"
LOADED = """(async () => {
  const { shown: { robot, props } } = await import("/scene.js");
  robot.updateMatrixWorld(true);
  const matrix = robot.links.head.matrixWorld.elements;
  return {
    joints: Object.fromEntries(Object.values(robot.joints)
      .filter((joint) => joint.jointType !== "fixed").map((joint) => [joint.name, joint.angle])),
    head: [0, 1, 2, 3].map((row) => [0, 4, 8, 12].map((column) => matrix[column + row])),
    mark: props.mark.visible ? props.mark.position.toArray() : null,
    edges: props.frustum.visible ? props.frustum.geometry.attributes.position.count : 0,
  };
})()"""


@dataclass
class Stack:
    """The robot, its nodes, the page, and what this asked for."""

    robot: Simulation
    port: int
    browser: Browser
    joint_states: Collector
    head_pose: Collector
    asked: list[str] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)
    """Of answers as they were sent, bytes, by the browser's id of the request."""

    def command(self, name: str, **body: object) -> None:
        client = Client(self.port, patience(30))
        assert client.post(f"/api/command/{name}?wait=done", body)[0] == 200

    def agrees(self) -> bool:
        """Tell whether the robot in the page has the joints that are told."""
        told = self.joint_states.last
        positions = dict(zip(told.name, told.position, strict=True))
        joints = self.loaded()["joints"]
        assert positions.keys() == joints.keys() == set(ALL_JOINT_NAMES)
        return all(abs(joints[name] - positions[name]) < 2e-3 for name in positions)

    def difference(self) -> str:
        return f"{self.loaded()['joints']}, told {self.joint_states.last}"

    def loaded(self) -> dict[str, Any]:
        """Return how the robot in the page stands."""
        return dict(self.browser.evaluate(LOADED))

    def true_head(self) -> NDArray[np.float64]:
        """Return the head's pose as the daemon tells it, 4x4 in the URDF's root frame."""
        told = Client(self.robot.port).json("/api/state/full")[1]["head_pose"]
        pose = np.eye(4)
        pose[:3, :3] = from_roll_pitch_yaw(told["roll"], told["pitch"], told["yaw"])
        pose[:3, 3] = told["x"], told["y"], told["z"] + ROOT_TO_NEUTRAL_HEAD_M
        return pose


@pytest.fixture(scope="module")
def stack(processes: Processes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    robot = Simulation.start(processes, tmp_path_factory.mktemp("robot"))
    port = free_port()
    processes.start_node("control", namespace=SPACE, **robot.parameters)
    processes.start_node("dashboard", namespace=SPACE, port=port)
    with RosClient() as ros, browsing(*SOFTWARE_GRAPHICS) as browser:
        joint_states = ros.subscribe(JointState, f"{SPACE}/joint_states")
        head_pose = ros.subscribe(PoseStamped, f"{SPACE}/head_pose")
        stack = Stack(robot, port, browser, joint_states, head_pose)
        page = browser.renew(1440, 900)
        page.on("request", lambda request: stack.asked.append(request.url))
        network = page.context.new_cdp_session(page)
        network.send("Network.enable")
        network.on(
            "Network.loadingFinished",
            lambda told: stack.sizes.update({told["requestId"]: told["encodedDataLength"]}),
        )
        wait_for(lambda: answers(port), 30, "the dashboard")
        browser.open(f"http://127.0.0.1:{port}/")
        browser.wait_until("document.getElementById('connection').dataset.state === 'connected'")
        stack.command("wake_up")
        browser.wait_until("!document.getElementById('look').disabled")
        yield stack


def answers(port: int) -> bool:
    try:
        return Client(port).json("/api/status")[1]["connection"] == "connected"
    except OSError:
        return False


@pytest.fixture
def opened(stack: Stack) -> Stack:
    """Return the page with the robot in 3D, which it stays."""
    if not stack.browser.evaluate(OPEN):
        stack.browser.find("solid-show").click()
        stack.browser.wait_until(OPEN, LOAD_S)
    return stack


def own(asked: list[str]) -> list[str]:
    return [url for url in asked if any(part in url for part in OWN)]


def angle_between(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return the angle between two rotations (3x3), or two vectors, degrees."""
    if one.ndim == 2:
        cosine = (np.trace(one.T @ other) - 1) / 2
    else:
        cosine = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
    return math.degrees(math.acos(np.clip(cosine, -1, 1)))


def test_nobody_pays_before_it_is_opened_and_little_then(stack: Stack) -> None:
    assert own(stack.asked) == []
    stack.browser.find("solid-show").click()
    stack.browser.wait_until(OPEN, LOAD_S)
    assert len(own(stack.asked)) > 40
    # What was asked for is heard of while the browser is asked something.
    known = "document.getElementById('solid-canvas').dataset.known === 'true'"
    stack.browser.wait_until(known)
    assert any("/api/joints" in url for url in stack.asked)
    total = sum(stack.sizes.values())
    assert 500_000 < total < MOST_BYTES, "all that the page has loaded"
    assert stack.browser.text("solid-note") == ""
    assert not stack.browser.find("robot").is_visible()


def test_the_robot_stands_as_its_joints_do(opened: Stack) -> None:
    before = opened.loaded()
    opened.command("head", yaw=20, pitch=-8, roll=6, z=0.008)
    opened.command("antennas", right=-40, left=25)

    wait_for(opened.agrees, 15, opened.difference)
    head = np.array(opened.loaded()["head"])
    assert angle_between(np.array(before["head"])[:3, :3], head[:3, :3]) > 15, "it has moved"
    pose = opened.head_pose.last.pose
    place, turn = pose.position, pose.orientation
    assert np.linalg.norm(head[:3, 3] - (place.x, place.y, place.z)) < 0.002
    rotation = from_quaternion((turn.x, turn.y, turn.z, turn.w))
    assert angle_between(head[:3, :3], rotation) < 1.0
    # What the nodes tell is what the robot does.
    assert angle_between(head[:3, :3], opened.true_head()[:3, :3]) < 1.0


def test_what_the_camera_sees_is_drawn(opened: Stack) -> None:
    wait_for(lambda: opened.loaded()["edges"] == 16, 10, "eight edges")


def picture(stack: Stack) -> NDArray[np.float64]:
    """Return the lightness of what is drawn, 0 to 1."""
    data = np.frombuffer(stack.browser.find("solid-canvas").screenshot(), np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    assert image is not None
    return np.asarray(image, np.float64) / 255


def test_its_head_is_light_and_its_lenses_are_dark(opened: Stack) -> None:
    opened.command("head")
    opened.browser.page.locator("[data-from=front]").click()
    places = """(async () => {
      const { shown: { robot, camera } } = await import("/scene.js");
      const box = document.getElementById("solid-canvas").getBoundingClientRect();
      const at = (x, y, z) => {
        const point = robot.links.head.position.clone().set(x, y, z);
        point.applyMatrix4(robot.links.head.matrixWorld).project(camera);
        return [(point.x + 1) / 2, (1 - point.y) / 2];
      };
      return PLACES.map((place) => at(...place));
    })()"""
    # Each lens, and the forehead above; metres in the head's frame.
    where = "[[0.07, 0.035, 0.045], [0.07, -0.032, 0.045], [0.07, 0.0, 0.085]]"

    def seen() -> list[float]:
        image = picture(opened)
        points = opened.browser.evaluate(places.replace("PLACES", where))
        return [float(image[int(y * image.shape[0]), int(x * image.shape[1])]) for x, y in points]

    wait_for(lambda: max(seen()[:2]) < 0.2 and seen()[2] > 0.6, 15, lambda: f"{seen()}")


@pytest.mark.parametrize("place", [(0.35, 0.2), (0.72, 0.3)])
def test_a_click_has_the_robot_look_there(opened: Stack, place: tuple[float, float]) -> None:
    opened.browser.page.locator("[data-from=front]").click()
    canvas = opened.browser.find("solid-canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    before = opened.true_head()
    canvas.click(position={"x": place[0] * box["width"], "y": place[1] * box["height"]})
    mark = np.array(opened.browser.wait_until(f"{LOADED}.then((told) => told.mark)"))
    tree = robot_tree()
    zero = dict.fromkeys(tree.movable, 0.0)
    to_camera = np.linalg.inv(tree.pose("head", zero)) @ tree.pose("camera_optical", zero)

    def off() -> float:
        camera = opened.true_head() @ to_camera
        return angle_between(camera[:3, 2], mark - camera[:3, 3])

    wait_for(lambda: off() < 2.0, 15, lambda: f"{off()} degrees beside {mark}")
    assert angle_between(before[:3, :3], opened.true_head()[:3, :3]) > 4, "it has moved"


def test_closed_it_asks_for_nothing_and_the_drawing_is_back(opened: Stack) -> None:
    opened.browser.find("solid-show").click()
    assert opened.browser.find("robot").is_visible()
    assert not opened.browser.find("solid-canvas").is_visible()
    asked = len(opened.asked)
    opened.command("head", yaw=-10)
    opened.browser.wait_until("document.getElementById('yaw').textContent.includes('10.')")
    assert own(opened.asked[asked:]) == []
    opened.browser.find("solid-show").click()
    opened.browser.wait_until(OPEN)
    loaded = {url for url in own(opened.asked[asked:]) if "/api/joints" not in url}
    assert loaded == set(), "the shape is still there"
    wait_for(opened.agrees, 15, opened.difference)
