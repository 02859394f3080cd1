# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Looking at things over ROS, judged by the picture of the simulated room."""

import math
import re
import time
from collections.abc import Iterator

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PointStamped, PoseStamped
from harness.processes import Child, Processes
from harness.ros import RosClient
from harness.simulation import FULL, Simulation
from harness.waiting import wait_for
from sensor_msgs.msg import Image

from reachy_mini_ros.simulation import landmarks
from reachy_mini_ros.simulation.landmarks import HUES, Ball, Landmark
from reachy_mini_ros.simulation.picture import camera_matrix
from reachy_mini_ros.simulation.planes import Array
from reachy_mini_ros.simulation.room import LANDMARKS

SIMULATION_ARGUMENTS = FULL
NS = "/look_test"
ROOT_TO_HEAD_M = 0.177
DURATION_S = 0.8


class Robot:
    """Control and camera node of a simulated robot."""

    def __init__(self, ros: RosClient, control: Child) -> None:
        self.control = control
        self.head_poses = ros.subscribe(PoseStamped, f"{NS}/head_pose")
        self.images = ros.subscribe(Image, f"{NS}/camera/image_raw", 1)
        self.look_at = ros.publisher(PointStamped, f"{NS}/look_at")
        self.look_at_pixel = ros.publisher(PointStamped, f"{NS}/look_at_pixel")
        self.head_poses.wait_count(1)

    def moved_and_rested(self, before: Array) -> bool:
        recent = [self.orientation(message) for message in self.head_poses.messages[-6:]]
        rests = max(float(np.abs(one - recent[-1]).max()) for one in recent) < 1e-4
        return rests and bool(np.abs(recent[-1] - before).max() > 0.02)

    @staticmethod
    def orientation(message: PoseStamped) -> Array:
        q = message.pose.orientation
        return np.array([q.x, q.y, q.z, q.w])

    def command(self, publisher: object, message: PointStamped) -> None:
        """Send a message and wait until the head has turned and rests."""
        before = self.orientation(self.head_poses.last)
        publisher.publish(message)  # type: ignore[attr-defined]
        wait_for(lambda: self.moved_and_rested(before), 10, "the head at rest elsewhere")

    def off_centre_deg(self, landmark: Landmark) -> tuple[float, Array]:
        """Return how far from the picture's centre a landmark is, and its pixel."""

        def seen() -> Array | None:
            message = self.images.next()
            picture = np.frombuffer(message.data, np.uint8)
            picture = picture.reshape(message.height, message.width, 3)
            found = [one for one in landmarks.find(picture, LANDMARKS) if one.landmark == landmark]
            return found[0].pixel if found else None

        for _ in range(3):  # what was on its way when the head came to rest
            self.images.next()
        pixel = wait_for(lambda: (seen(),), 5)[0]
        assert pixel is not None, "the landmark is not in the picture"
        k = camera_matrix(self.images.last.width, self.images.last.height)
        ray = np.linalg.inv(k) @ [*pixel, 1.0]
        return math.degrees(math.atan(np.hypot(*ray[:2]))), pixel


@pytest.fixture(scope="module")
def robot(processes: Processes, simulation: Simulation, ros: RosClient) -> Iterator[Robot]:
    control = processes.start_node(
        "control", namespace=NS, goto__duration=DURATION_S, **simulation.parameters
    )
    processes.start_node("camera", namespace=NS, width=640, **simulation.parameters)
    yield Robot(ros, control)
    assert control.stop() == 0, control.output()
    assert "Traceback" not in control.output()


def point(x: float, y: float, z: float, frame: str = "", stamp_s: int = 0) -> PointStamped:
    message = PointStamped()
    message.header.frame_id = frame
    message.header.stamp.sec = stamp_s
    message.point.x, message.point.y, message.point.z = float(x), float(y), float(z)
    return message


def landmark_at(pole: int, ball: Ball) -> Landmark:
    return next(one for one in LANDMARKS if (one.hue, one.ball) == (HUES[pole], ball))


@pytest.mark.parametrize(
    ("pole", "ball"),
    [(1, Ball.PLAIN), (6, Ball.BLACK), (4, Ball.WHITE)],
    ids=["left above", "right below", "behind"],
)
def test_what_is_looked_at_is_in_the_middle_of_the_picture(
    robot: Robot, pole: int, ball: Ball
) -> None:
    landmark = landmark_at(pole, ball)
    x, y, z = landmark.position
    frame = "body_foot_3dprint" if pole == 1 else ""
    robot.command(robot.look_at, point(x, y, z + ROOT_TO_HEAD_M, frame))
    off_deg, _ = robot.off_centre_deg(landmark)
    assert off_deg < 1.0
    # And upright: no roll, which is where the left axis has no height.
    qx, qy, qz, qw = robot.orientation(robot.head_poses.last)
    assert 2 * (qy * qz + qx * qw) == pytest.approx(0.0, abs=0.01)


def test_a_point_in_the_camera_s_own_frame_is_turned_to(robot: Robot) -> None:
    robot.command(robot.look_at, point(2.0, 0.0, ROOT_TO_HEAD_M))
    # In the picture's right half, a third of a radian.
    robot.command(robot.look_at, point(0.7, 0.0, 2.0, "camera_optical"))
    _, _, qz, qw = robot.orientation(robot.head_poses.last)
    assert 2 * math.atan2(qz, qw) == pytest.approx(-math.atan2(0.7, 2.04), abs=0.01)


def test_a_pixel_s_landmark_comes_to_the_middle(robot: Robot) -> None:
    landmark = landmark_at(0, Ball.WHITE)
    x, y, z = landmark.position
    robot.command(robot.look_at, point(x, y + 0.7, z + ROOT_TO_HEAD_M + 0.2))
    off_deg, pixel = robot.off_centre_deg(landmark)
    assert off_deg > 10.0
    picture = robot.images.last
    message = point(*pixel, 0.0, picture.header.frame_id)
    message.header.stamp = picture.header.stamp
    robot.command(robot.look_at_pixel, message)
    off_deg, _ = robot.off_centre_deg(landmark)
    assert off_deg < 1.0


def test_a_pixel_counts_from_where_the_head_was_when_its_picture_was_taken(robot: Robot) -> None:
    """A click takes its time to come, and the head has turned meanwhile."""
    landmark = landmark_at(0, Ball.WHITE)
    x, y, z = landmark.position
    robot.command(robot.look_at, point(x, y + 0.7, z + ROOT_TO_HEAD_M + 0.2))
    _, pixel = robot.off_centre_deg(landmark)
    picture = robot.images.last
    robot.command(robot.look_at, point(x, y - 0.7, z + ROOT_TO_HEAD_M))
    message = point(*pixel, 0.0, picture.header.frame_id)
    message.header.stamp = picture.header.stamp
    robot.command(robot.look_at_pixel, message)
    off_deg, _ = robot.off_centre_deg(landmark)
    assert off_deg < 1.0


@pytest.mark.parametrize(
    ("topic", "message", "text"),
    [
        ("look_at", point(0.3, 0.0, 2.0), "head pitch .* outside"),
        ("look_at", point(0.02, 0.0, 0.2), "too near"),
        ("look_at", point(1.0, 0.0, 0.0, "map"), "'map' is not a frame"),
        ("look_at", point(math.nan, 0.0, 0.0), "NaN or infinity"),
        ("look_at_pixel", point(4000.0, 0.0, 0.0), "outside the picture of 640 x 360"),
        ("look_at_pixel", point(5.0, 5.0, 0.0, "head"), "picture's frame 'camera_optical'"),
        (
            "look_at_pixel",
            point(5.0, 5.0, 0.0, "", int(time.time()) - 9),
            "picture is [0-9.]+ s old",
        ),
    ],
)
def test_what_cannot_be_looked_at_is_refused_with_the_reason(
    robot: Robot, ros: RosClient, topic: str, message: PointStamped, text: str
) -> None:
    diagnostics = ros.subscribe(DiagnosticArray, "/diagnostics")
    getattr(robot, topic).publish(message)

    def last_refusal() -> str:
        values = {
            value.key: value.value
            for status in diagnostics.next().status
            for value in status.values
        }
        return str(values.get("last refusal", ""))

    wait_for(lambda: re.match(f"{topic}: .*{text}", last_refusal()), 10, text)
    ros.unsubscribe(diagnostics)


def test_a_pixel_without_a_camera_node_is_refused_with_the_reason(
    processes: Processes, simulation: Simulation, ros: RosClient
) -> None:
    namespace = f"{NS}/blind"
    node = processes.start_node("control", namespace=namespace, **simulation.parameters)
    pixel = ros.publisher(PointStamped, f"{namespace}/look_at_pixel")
    pixel.publish(point(5.0, 5.0, 0.0))
    node.wait_for_output("is the camera node running")
    assert node.stop() == 0, node.output()
