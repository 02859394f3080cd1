# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Rates, sources, thumbnails, motion and photos of the camera node, as ROS sees them."""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from harness.processes import Child, Processes
from harness.rates import next_of, of_a_steady_source, rate_hz, seen, stamps_s
from harness.ros import RosClient
from harness.simulation import Simulation
from harness.waiting import patience, wait_for
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Bool, Float32
from std_srvs.srv import Trigger

from reachy_mini_ros.simulation import overlay
from reachy_mini_ros.simulation.picture import camera_matrix

CAMERA = "/features/camera"


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that is not there yet."""
    return tmp_path_factory.mktemp("photos") / "of" / "the" / "robot"


@pytest.fixture(scope="module")
def camera(processes: Processes, simulation: Simulation, photos: Path) -> Child:
    return processes.start_node(
        "camera", namespace="/features", photo_directory=photos, **simulation.parameters
    )


def set_parameters(ros: RosClient, **values: object) -> None:
    parameters = [Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]
    request = SetParameters.Request(parameters=parameters)
    results = ros.call(SetParameters, f"{CAMERA}/set_parameters", request).results
    assert all(result.successful for result in results), results


def decoded(message: CompressedImage) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(message.data, np.uint8), cv2.IMREAD_COLOR)


@pytest.mark.parametrize("fps", [60, 25])
def test_15_hz_are_chosen_evenly_out_of_any_faster_source(
    processes: Processes, ros: RosClient, tmp_path: Path, fps: int
) -> None:
    robot = Simulation.start(processes, tmp_path, f"--fps={fps}")
    node = processes.start_node("camera", namespace=f"/fps{fps}", **robot.parameters)
    pictures = ros.subscribe(CompressedImage, f"/fps{fps}/camera/image_raw/compressed")
    chosen = of_a_steady_source(lambda: next_of(pictures, 60), seen, fps)
    assert rate_hz(chosen) == pytest.approx(15, rel=0.15)
    assert np.percentile(np.diff(stamps_s(chosen)), 80) < 1.5 / 15 + 0.01
    ros.unsubscribe(pictures)
    assert node.stop() == 0
    assert robot.child.stop() == 0


def test_a_source_slower_than_asked_for_is_passed_on_and_told_of(
    camera: Child, ros: RosClient
) -> None:
    diagnostics = ros.subscribe(DiagnosticArray, "/diagnostics")
    pictures = ros.subscribe(CompressedImage, f"{CAMERA}/image_raw/compressed")
    pictures.next(20)
    set_parameters(ros, frame_rate=60.0)

    def camera_status() -> DiagnosticStatus:
        return diagnostics.next().status[0]

    try:
        slow = wait_for(lambda: (s := camera_status()).level == DiagnosticStatus.WARN and s)
        assert "Hz of the 60 Hz asked for" in slow.message
        passed = of_a_steady_source(lambda: next_of(pictures, 45), seen, 30)
        assert rate_hz(passed) == pytest.approx(30, rel=0.25)
    finally:
        set_parameters(ros, frame_rate=15.0)
    wait_for(lambda: camera_status().level == DiagnosticStatus.OK)
    ros.unsubscribe(diagnostics)
    ros.unsubscribe(pictures)


def test_thumbnails_are_small_and_rare_and_alone(camera: Child, ros: RosClient) -> None:
    thumbnails = ros.subscribe(CompressedImage, f"{CAMERA}/thumbnail/compressed")
    thumbnails.wait_count(6, 20)
    message = thumbnails.last
    small = decoded(message)
    assert small.shape == (180, 320, 3)
    assert overlay.read(small) is not None
    assert message.format == "bgr8; jpeg compressed bgr8"
    assert message.header.frame_id == "camera_optical"
    assert 0.45 < np.median(np.diff(stamps_s(thumbnails.messages))) < patience(0.65)
    ros.unsubscribe(thumbnails)


def test_motion_is_off_by_default_and_told_while_the_head_turns(
    camera: Child, simulation: Simulation, ros: RosClient
) -> None:
    states = ros.subscribe(Bool, f"{CAMERA}/motion")
    levels = ros.subscribe(Float32, f"{CAMERA}/motion_level")
    wait_for(lambda: ros.node.count_publishers(f"{CAMERA}/motion"))
    assert levels.count == 0
    set_parameters(ros, motion_detection=True, motion_threshold=0.05)
    try:
        levels.wait_count(8, 20)
        wait_for(lambda: states.count and not states.last.data)
        pose = dict.fromkeys(("x", "y", "z", "roll", "pitch"), 0.0) | {"yaw": 0.4}
        simulation.post("/api/move/goto", {"head_pose": pose, "duration": 2.0})
        wait_for(lambda: states.last.data, 5, "motion")
        wait_for(lambda: not states.last.data, 10, "calm")
        told = [message.data for message in states.messages]
        assert told == [number % 2 == 1 for number in range(len(told))]
        assert max(message.data for message in levels.messages) > 0.05
    finally:
        set_parameters(ros, motion_detection=False)
        ros.unsubscribe(states)
        ros.unsubscribe(levels)


@pytest.fixture
def head_pose(ros: RosClient) -> Iterator[PoseStamped]:
    """Publish where the head is, 50 times a second, as the control node does."""
    publisher = ros.node.create_publisher(PoseStamped, "/features/head_pose", 2)
    message = PoseStamped()
    message.header.frame_id = "body_foot_3dprint"
    message.pose.position.z, message.pose.orientation.w = 0.177, 1.0

    def publish() -> None:
        message.header.stamp = ros.node.get_clock().now().to_msg()
        publisher.publish(message)

    timer = ros.node.create_timer(0.02, publish)
    yield message
    ros.destroy(ros.node.destroy_timer, timer)
    ros.destroy(ros.node.destroy_publisher, publisher)


def settings_of(path: Path) -> dict[str, Any]:
    """Return the JSON in a photo's user comment."""
    content = path.read_bytes()
    start = content.index(b"ASCII\0\0\0") + 8
    return dict(json.JSONDecoder().raw_decode(content[start:].decode("latin-1"))[0])


def test_a_png_photo_knows_the_camera_and_where_the_head_was(
    camera: Child, simulation: Simulation, ros: RosClient, photos: Path, head_pose: PoseStamped
) -> None:
    set_parameters(ros, photo_format="png", flip="horizontal", width=320)
    try:
        wait_for(lambda: ros.node.count_subscribers("/features/head_pose") == 0)
        reply = ros.call(Trigger, f"{CAMERA}/take_photo")
    finally:
        set_parameters(ros, photo_format="jpeg", flip="none", width=0)
    assert reply.success, reply.message
    path = Path(reply.message)
    assert (path.parent, path.suffix) == (photos, ".png")
    taken = overlay.read(cv2.flip(cv2.imread(str(path)), 1))
    assert taken is not None
    settings = settings_of(path)
    assert settings["robot"] == f"127.0.0.1:{simulation.port}"
    assert (settings["camera"], settings["width"], settings["flip"]) == (
        *("simulation", 640),
        "horizontal",
    )
    expected = camera_matrix(640, 360)
    expected[0, 2] = 639 - expected[0, 2]
    assert np.array(settings["camera_matrix"]) == pytest.approx(expected)
    assert settings["head_pose"]["position"] == [0.0, 0.0, 0.177]
    assert settings["head_pose"]["frame_id"] == "body_foot_3dprint"
    assert settings["head_pose"]["time"] == pytest.approx(taken.time_ns / 1e9, abs=2)


@pytest.fixture(params=["Not a directory", "No space left on device"])
def unusable(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """Return a folder that nothing can be saved in, and why."""
    if request.param == "Not a directory":
        (tmp_path / "file").touch()
        yield tmp_path / "file" / "photos", request.param
        return
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", str(disk))
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk cannot be mounted without being root")
    yield disk, request.param
    try:
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_photo_that_cannot_be_saved_is_answered_with_the_reason(
    processes: Processes, simulation: Simulation, ros: RosClient, unusable: tuple[Path, str]
) -> None:
    folder, reason = unusable
    node = processes.start_node(
        "camera", namespace="/unsaved", photo_directory=folder, **simulation.parameters
    )
    node.wait_for_output("pictures arrive")
    reply = ros.call(Trigger, "/unsaved/camera/take_photo")
    assert not reply.success
    assert f"cannot be saved in {folder}: {reason}" in reply.message
    assert node.stop() == 0


def test_synthetic_pictures_need_no_robot_and_have_their_true_intrinsics(
    processes: Processes, ros: RosClient
) -> None:
    node = processes.start_node("camera", namespace="/synthetic", source="synthetic")
    pictures = ros.subscribe(CompressedImage, "/synthetic/camera/image_raw/compressed")
    infos = ros.subscribe(CameraInfo, "/synthetic/camera/camera_info")
    chosen = next_of(pictures, 30)
    # Its count goes on by 30 a second also where pictures are left out, as they are on a slow
    # machine.
    numbers = [seen(picture).frame for picture in chosen]
    counted_hz = np.diff(numbers) / np.diff(stamps_s(chosen))
    assert np.median(counted_hz) == pytest.approx(30, rel=0.1)
    assert np.median(np.diff(numbers)) >= 2
    assert time.time_ns() - seen(pictures.last).time_ns < patience(2) * 1e9
    assert np.array(infos.next().k).reshape(3, 3) == pytest.approx(camera_matrix(1280, 720))
    ros.unsubscribe(pictures)
    ros.unsubscribe(infos)
    assert node.stop() == 0


def test_a_film_is_published_as_pictures_of_an_uncalibrated_camera(
    processes: Processes, ros: RosClient, tmp_path: Path
) -> None:
    path = tmp_path / "film.avi"
    film = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 20, (320, 240))
    for number in range(10):
        film.write(np.full((240, 320, 3), 20 * number, np.uint8))
    film.release()
    node = processes.start_node(
        "camera", namespace="/film", source="opencv", opencv_source=path, frame_rate=5
    )
    pictures = ros.subscribe(Image, "/film/camera/image_raw")
    infos = ros.subscribe(CameraInfo, "/film/camera/camera_info")
    pictures.wait_count(3, 20)
    image, info = pictures.last, infos.next()
    assert (image.width, image.height, info.width, info.height) == (320, 240, 320, 240)
    assert not any(info.k)
    ros.unsubscribe(pictures)
    ros.unsubscribe(infos)
    assert node.stop() == 0


def test_a_camera_of_this_machine_is_named_by_its_number(
    processes: Processes, ros: RosClient
) -> None:
    node = processes.start_node("camera", namespace="/device", source="opencv", opencv_source=57)
    node.wait_for_output("OpenCV cannot open the camera /dev/video57")
    assert node.stop() == 0
