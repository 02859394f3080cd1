# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The camera node as ROS sees it, with a simulated robot."""

import json
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from harness.processes import Child, Processes
from harness.rates import next_of, of_a_steady_source, rate_hz, seen, stamps_s
from harness.ros import Collector, RosClient
from harness.simulation import FULL, Simulation
from harness.waiting import patience, wait_for
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from sensor_msgs.srv import SetCameraInfo
from std_srvs.srv import Trigger

from reachy_mini_ros.simulation import overlay
from reachy_mini_ros.simulation.landmarks import find, solve
from reachy_mini_ros.simulation.picture import HEAD_TO_CAMERA, camera_matrix
from reachy_mini_ros.simulation.room import LANDMARKS

SIMULATION_ARGUMENTS = FULL
CAMERA = "/camera_test/camera"
RAW, JPEG, INFO = f"{CAMERA}/image_raw", f"{CAMERA}/image_raw/compressed", f"{CAMERA}/camera_info"


@pytest.fixture(scope="module")
def camera(processes: Processes, simulation: Simulation, tmp_path_factory: Any) -> Child:
    """Run the node; photos go to a folder of the test's own."""
    return processes.start_node(
        "camera",
        namespace="/camera_test",
        photo_directory=tmp_path_factory.mktemp("photos"),
        **simulation.parameters,
    )


@pytest.fixture(scope="module")
def diagnostics(camera: Child, ros: RosClient) -> Collector:
    return ros.subscribe(DiagnosticArray, "/diagnostics")


def status(diagnostics: Collector) -> dict[str, str]:
    """Return the values of a status that the node publishes from now on."""
    return {entry.key: entry.value for entry in diagnostics.next().status[0].values}


def wait_for_silence(diagnostics: Collector) -> dict[str, str]:
    """Wait until subscribers of earlier tests have been forgotten."""
    before: dict[str, str] = {}

    def still() -> bool:
        nonlocal before
        before, last = status(diagnostics), before
        return bool(last) and last["published"] == before["published"]

    wait_for(still, 15, "nothing published any more")
    return before


def pixels(image: Image) -> np.ndarray:
    assert (image.encoding, image.step) == ("bgr8", 3 * image.width)
    return np.frombuffer(image.data, np.uint8).reshape(image.height, image.width, 3)


def set_parameter(ros: RosClient, name: str, value: object) -> tuple[bool, str]:
    request = SetParameters.Request(parameters=[Parameter(name, value=value).to_parameter_msg()])
    (result,) = ros.call(SetParameters, f"{CAMERA}/set_parameters", request).results
    return result.successful, result.reason


def goto_yaw(simulation: Simulation, degrees: float) -> None:
    """Turn the head and wait until the daemon says that it is there."""
    pose = dict.fromkeys(("x", "y", "z", "roll", "pitch"), 0.0) | {"yaw": np.deg2rad(degrees)}
    simulation.post("/api/move/goto", {"head_pose": pose, "duration": 0.8})

    def there() -> bool:
        state = simulation.get("/api/state/present_head_pose")
        return abs(np.rad2deg(state["yaw"]) - degrees) < 0.3

    wait_for(there, 10, f"a head at {degrees} degrees")


def yaw_degrees(image: np.ndarray, k: np.ndarray) -> float | None:
    """Return where the head looks, from the landmarks that the picture shows."""
    rotation = solve(find(image, LANDMARKS), k, HEAD_TO_CAMERA, np.zeros(3))
    return (
        None if rotation is None else float(np.rad2deg(np.arctan2(rotation[1, 0], rotation[0, 0])))
    )


def test_pictures_come_evenly_at_15_hz(camera: Child, ros: RosClient) -> None:
    collector = ros.subscribe(CompressedImage, JPEG)
    collector.next(20)
    pictures = of_a_steady_source(lambda: next_of(collector, 45), seen, 30)
    ros.unsubscribe(collector)
    assert rate_hz(pictures) == pytest.approx(15, rel=0.2)
    assert np.percentile(np.diff(stamps_s(pictures)), 80) < 0.1
    counters = [seen(picture).frame for picture in pictures[-10:]]
    assert counters == sorted(set(counters))


def test_a_picture_is_stamped_with_the_time_it_was_taken(camera: Child, ros: RosClient) -> None:
    collector = ros.subscribe(Image, RAW)
    collector.wait_count(10, 20)

    def late_ms() -> float:
        late = []
        for image in next_of(collector, 8):
            taken = overlay.read(pixels(image))
            assert taken is not None
            stamp_ns = image.header.stamp.sec * 10**9 + image.header.stamp.nanosec
            late.append((stamp_ns - taken.time_ns) / 1e6)
            assert image.header.frame_id == "camera_optical"
        return float(np.median(late))

    # The estimate gets better with each picture that is delayed less.
    wait_for(lambda: -30 < late_ms() < 100, 10, "stamps that are right")
    ros.unsubscribe(collector)


def test_what_the_picture_shows_follows_the_head(
    camera: Child, simulation: Simulation, ros: RosClient
) -> None:
    collector, infos = ros.subscribe(Image, RAW), ros.subscribe(CameraInfo, INFO)
    for degrees in (0.0, 20.0):
        goto_yaw(simulation, degrees)
        k = np.array(infos.next(20).k).reshape(3, 3)
        wait_for(
            lambda k=k, degrees=degrees: (
                (seen := yaw_degrees(pixels(collector.next()), k)) is not None
                and abs(seen - degrees) < 1.5
            ),
            10,
            f"a picture that looks {degrees} degrees to the left",
        )
    ros.unsubscribe(collector)
    ros.unsubscribe(infos)


def test_the_topics_of_a_frame_have_one_stamp_and_one_content(
    camera: Child, ros: RosClient
) -> None:
    kinds = {RAW: Image, JPEG: CompressedImage, INFO: CameraInfo}
    collectors = {topic: ros.subscribe(kind, topic) for topic, kind in kinds.items()}

    def by_stamp(topic: str) -> dict[tuple[int, int], Any]:
        return {(m.header.stamp.sec, m.header.stamp.nanosec): m for m in collectors[topic].messages}

    common = wait_for(lambda: set.intersection(*(set(by_stamp(topic)) for topic in kinds)), 20)
    for collector in collectors.values():
        ros.unsubscribe(collector)
    image, compressed, info = (by_stamp(topic)[max(common)] for topic in kinds)
    assert image.header == compressed.header == info.header
    assert compressed.format == "bgr8; jpeg compressed bgr8"
    decoded = cv2.imdecode(np.frombuffer(compressed.data, np.uint8), cv2.IMREAD_COLOR)
    assert np.abs(decoded.astype(int) - pixels(image)).mean() < 6
    assert overlay.read(decoded) == overlay.read(pixels(image))
    assert (info.width, info.height) == (image.width, image.height) == (1280, 720)
    assert np.array(info.k).reshape(3, 3) == pytest.approx(camera_matrix(1280, 720))
    assert info.distortion_model == "plumb_bob"
    assert np.array(info.p).reshape(3, 4)[:, :3] == pytest.approx(camera_matrix(1280, 720))


def test_nothing_is_converted_or_encoded_for_nobody(
    camera: Child, ros: RosClient, diagnostics: Collector
) -> None:
    before = wait_for_silence(diagnostics)
    diagnostics.wait_count(diagnostics.count + 3)
    after = status(diagnostics)
    for work in ("published", "conversions", "encodes"):
        assert after[work] == before[work]
    assert after["connection"] == "connected"
    wait_for(lambda: float(status(diagnostics)["input_rate_hz"]) > 15)


def test_a_frame_is_encoded_once_for_two_subscribers_and_never_for_raw_ones(
    camera: Child, ros: RosClient, diagnostics: Collector
) -> None:
    before = wait_for_silence(diagnostics)
    raw = ros.subscribe(Image, RAW)
    raw.wait_count(5, 20)
    ros.unsubscribe(raw)
    between = wait_for_silence(diagnostics)
    assert between["encodes"] == before["encodes"]
    first, second = ros.subscribe(CompressedImage, JPEG), ros.subscribe(CompressedImage, JPEG)
    first.wait_count(30, 20)
    ros.unsubscribe(first)
    ros.unsubscribe(second)
    after = wait_for_silence(diagnostics)
    frames = int(after["published"]) - int(between["published"])
    assert int(after["encodes"]) - int(between["encodes"]) == frames
    assert frames >= 30
    assert second.count >= 25


def test_the_first_picture_comes_soon_though_nothing_was_decoded(
    camera: Child, ros: RosClient, diagnostics: Collector
) -> None:
    wait_for_silence(diagnostics)
    collector = ros.subscribe(CompressedImage, JPEG)
    asked_s = time.monotonic()
    collector.next(20)
    ros.unsubscribe(collector)
    assert time.monotonic() - asked_s < patience(3)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("frame_rate", 0.5, "1.0 to 60.0"),
        ("frame_rate", float("nan"), "1.0 to 60.0"),
        ("jpeg_quality", 101, "1 to 100"),
        ("width", -1, "0 to 4608"),
        ("flip", "sideways", "none, horizontal, vertical, both"),
        ("timestamp_offset", 60.0, "-10.0 to 10.0"),
        ("source", "sdk", ""),
        ("frame_id", "elsewhere", ""),
    ],
)
def test_bad_parameters_are_refused_with_the_range(
    camera: Child, ros: RosClient, name: str, value: object, reason: str
) -> None:
    successful, text = set_parameter(ros, name, value)
    assert not successful
    for part in reason.split(" to "):
        assert part in text


def test_size_rate_flip_and_offset_change_while_it_runs(camera: Child, ros: RosClient) -> None:
    collector, infos = ros.subscribe(Image, RAW), ros.subscribe(CameraInfo, INFO)
    collector.next(20)
    try:
        for name, value in (("width", 640), ("flip", "horizontal"), ("timestamp_offset", -5.0)):
            assert set_parameter(ros, name, value) == (True, "")
        # The last one to change; pictures from before may still come.
        image = wait_for(lambda: stamps_s([m := collector.next()])[0] < time.time() - 2.5 and m)
        assert (image.width, image.height) == (640, 360)
        assert overlay.read(pixels(image)) is None
        taken = overlay.read(cv2.flip(pixels(image), 1))
        assert taken is not None
        stamp_ns = image.header.stamp.sec * 10**9 + image.header.stamp.nanosec
        assert (stamp_ns - taken.time_ns) / 1e9 == pytest.approx(-5, abs=0.5)
        info = wait_for(lambda: (m := infos.next()).width == 640 and m)
        expected = camera_matrix(640, 360)
        expected[0, 2] = 639 - expected[0, 2]
        assert np.array(info.k).reshape(3, 3) == pytest.approx(expected)
        assert set_parameter(ros, "frame_rate", 5.0) == (True, "")
        slower = of_a_steady_source(
            lambda: next_of(collector, 8)[-6:], lambda m: overlay.read(cv2.flip(pixels(m), 1)), 30
        )
        assert np.median(np.diff(stamps_s(slower))) == pytest.approx(0.2, abs=0.06)
    finally:
        for name, value in (("width", 0), ("flip", "none"), ("timestamp_offset", 0.0)):
            set_parameter(ros, name, value)
        set_parameter(ros, "frame_rate", 15.0)
        ros.unsubscribe(collector)
        ros.unsubscribe(infos)


def test_a_photo_is_saved_with_its_time_and_the_reply_names_it(
    camera: Child, ros: RosClient
) -> None:
    reply = ros.call(Trigger, f"{CAMERA}/take_photo")
    assert reply.success, reply.message
    path = Path(reply.message)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    picture = cv2.imread(str(path))
    assert picture.shape == (720, 1280, 3)
    taken = overlay.read(picture)
    assert taken is not None
    exif = path.read_bytes()[:600]
    moment = time.strftime("%Y:%m:%d %H:%M", time.gmtime(taken.time_ns / 1e9 + 0.02))
    assert b"Exif\0\0" in exif
    assert moment.encode() in exif
    settings = json.loads(exif[exif.index(b"{") : exif.index(b"}") + 1])
    assert (settings["camera"], settings["width"]) == ("simulation", 1280)


def test_a_calibration_set_over_ros_is_published_from_then_on(
    camera: Child, ros: RosClient
) -> None:
    refused = ros.call(SetCameraInfo, f"{CAMERA}/set_camera_info", SetCameraInfo.Request())
    assert not refused.success
    assert "focal" in refused.status_message
    wrong = CameraInfo(width=640, height=360, d=[0.1] * 5, distortion_model="rational_polynomial")
    wrong.k[0] = wrong.k[4] = 500.0
    refused = ros.call(
        SetCameraInfo, f"{CAMERA}/set_camera_info", SetCameraInfo.Request(camera_info=wrong)
    )
    assert "'rational_polynomial' with 5 coefficients" in refused.status_message
    k = [500.0, 0.0, 320.0, 0.0, 510.0, 180.0, 0.0, 0.0, 1.0]
    calibration = CameraInfo(width=640, height=360, k=k, d=[0.1] * 5, distortion_model="plumb_bob")
    calibration.r[0] = calibration.r[4] = calibration.r[8] = 1.0
    calibration.p = [400.0, 0.0, 320.0, 0.0, 0.0, 400.0, 180.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    request = SetCameraInfo.Request(camera_info=calibration)
    assert ros.call(SetCameraInfo, f"{CAMERA}/set_camera_info", request).success
    infos = ros.subscribe(CameraInfo, INFO)
    info = infos.next(20)
    ros.unsubscribe(infos)
    assert (info.width, info.k[0], info.k[4], info.p[0]) == (1280, 1000.0, 1020.0, 800.0)
    assert list(info.d) == [0.1] * 5
