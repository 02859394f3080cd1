# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The camera node when the robot goes, when it is asked to end, and when it is set up wrongly."""

import signal
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from harness.processes import Processes, free_port
from harness.ros import RosClient
from harness.simulation import Simulation
from harness.waiting import wait_for
from rclpy.qos import ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, CompressedImage

from reachy_mini_ros.nodes.camera.info import save_calibration
from reachy_mini_ros.robot.geometry.camera_models import camera_model
from reachy_mini_ros.simulation import overlay


def test_pictures_are_back_soon_after_the_robot_and_nothing_comes_meanwhile(
    processes: Processes, ros: RosClient, tmp_path: Path
) -> None:
    robot = Simulation.start(processes, tmp_path)
    camera = processes.start_node("camera", namespace="/fault", **robot.parameters)
    pictures = ros.subscribe(CompressedImage, "/fault/camera/image_raw/compressed")
    infos = ros.subscribe(CameraInfo, "/fault/camera/camera_info")
    pictures.wait_count(10, 20)
    infos.wait_count(5, 20)
    assert robot.child.stop(signal.SIGTERM) == 0
    camera.wait_for_output("nothing listens", 10)
    gone, gone_infos, gone_ns = pictures.count, infos.count, time.time_ns()
    again = Simulation.start(
        processes, tmp_path, port=robot.port, signalling_port=robot.signalling_port
    )
    pictures.wait_count(gone + 10, 5)
    infos.wait_count(gone_infos + 5, 5)
    for message in pictures.messages[gone:]:
        taken = overlay.read(cv2.imdecode(np.frombuffer(message.data, np.uint8), cv2.IMREAD_COLOR))
        assert taken is not None
        assert taken.time_ns > gone_ns
    stamps = [(m.header.stamp.sec, m.header.stamp.nanosec) for m in pictures.messages]
    assert stamps == sorted(set(stamps))
    ros.unsubscribe(pictures)
    ros.unsubscribe(infos)
    again.child.stop()
    assert camera.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("robot_is_there", [False, True])
def test_it_ends_at_once_with_0_and_without_a_trace(
    processes: Processes,
    simulation: Simulation,
    ros: RosClient,
    number: signal.Signals,
    robot_is_there: bool,
) -> None:
    namespace = f"/end_{number.name.lower()}_{robot_is_there}".lower()
    parameters = simulation.parameters | (
        {} if robot_is_there else {"signalling_port": free_port()}
    )
    camera = processes.start_node("camera", namespace=namespace, **parameters)
    if robot_is_there:
        pictures = ros.subscribe(CompressedImage, f"{namespace}/camera/image_raw/compressed")
        pictures.wait_count(5, 20)
    else:
        camera.wait_for_output("nothing listens", 20)
    camera.stop_cleanly(number)


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"camera_info_url": "http://robot/camera.yaml"}, "neither file:///PATH nor package://"),
        ({"camera_info_url": "file:///nowhere/camera.yaml"}, "/nowhere/camera.yaml"),
        ({"camera_info_url": "package://no_such_package/a.yaml"}, "no package 'no_such_package'"),
        ({"source": "webcam"}, "not one of auto, webrtc, sdk, opencv, synthetic"),
        ({"source": "opencv", "opencv_source": "/nowhere.mp4"}, "no file /nowhere.mp4"),
        ({"frame_rate": 0.1}, "1 to 60"),
        ({"photo_format": "gif"}, "not one of jpeg, png"),
    ],
)
def test_a_bad_setup_ends_it_with_one_clear_line(
    processes: Processes, parameters: dict[str, object], reason: str
) -> None:
    camera = processes.start_node("camera", namespace="/bad", **parameters)
    assert reason in camera.wait_failed()


def test_a_calibration_file_is_used_at_the_size_published(
    processes: Processes, simulation: Simulation, ros: RosClient, tmp_path: Path
) -> None:
    path = tmp_path / "camera.yaml"
    model = camera_model("lite", 1920, 1080)
    save_calibration(path, model)
    camera = processes.start_node(
        "camera",
        namespace="/calibrated",
        camera_info_url=f"file://{path}",
        width=640,
        **simulation.parameters,
    )
    infos = ros.subscribe(CameraInfo, "/calibrated/camera/camera_info")
    info = infos.next(20)
    ros.unsubscribe(infos)
    camera.stop()
    assert (info.width, info.height) == (640, 360)
    assert info.distortion_model == "rational_polynomial"
    assert list(info.d) == pytest.approx(model.d)
    assert list(info.k) == pytest.approx(model.resized(640, 360).k.ravel())


def test_reliability_can_be_overridden_and_is_reliable_otherwise(
    processes: Processes, ros: RosClient
) -> None:
    topic = "/qos/camera/image_raw"
    override = {f"qos_overrides__{topic}__publisher__reliability": "best_effort"}
    away = {"robot_host": "127.0.0.1", "robot_port": free_port(), "signalling_port": free_port()}
    camera = processes.start_node("camera", namespace="/qos", **away, **override)

    def reliability(of: str) -> ReliabilityPolicy | None:
        infos = ros.node.get_publishers_info_by_topic(of)
        return infos[0].qos_profile.reliability if infos else None

    wait_for(lambda: reliability(topic) is ReliabilityPolicy.BEST_EFFORT, 20)
    wait_for(lambda: reliability(f"{topic}/compressed") is ReliabilityPolicy.RELIABLE, 20)
    assert camera.stop() == 0


def test_diagnostics_say_how_far_the_connection_comes(
    processes: Processes, simulation: Simulation, ros: RosClient
) -> None:
    diagnostics = ros.subscribe(DiagnosticArray, "/diagnostics")

    def told(node: str) -> dict[str, str]:
        for message in diagnostics.messages[::-1]:
            for status in message.status:
                if status.name == f"/{node}/camera: status":
                    return {entry.key: entry.value for entry in status.values}
        return {}

    processes.start_node("camera", namespace="/right", **simulation.parameters)
    # The daemon's own port answers in HTTP.
    wrong = simulation.parameters | {"signalling_port": simulation.port}
    processes.start_node("camera", namespace="/wrong", **wrong)
    wait_for(lambda: told("right").get("stage") == "streaming", 20)
    wait_for(lambda: told("wrong").get("stage") == "signalling", 20)
    assert "speaks HTTP and refuses a websocket" in told("wrong")["reason"]
    assert told("right")["bursts"].isdigit()
    ros.unsubscribe(diagnostics)
