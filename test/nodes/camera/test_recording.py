# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Clips that the camera node records from a simulated robot, by real WebRTC."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped
from harness.processes import Child, Processes
from harness.rates import ascending
from harness.ros import RosClient
from harness.simulation import Simulation
from harness.video import counter
from harness.waiting import wait_for
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from sensor_msgs.msg import JointState
from std_srvs.srv import SetBool

from reachy_mini_ros.media import clips

CAMERA = "/recording/camera"
HEAD, JOINTS = "/recording/head_pose", "/recording/joint_states"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that is not there yet."""
    return tmp_path_factory.mktemp("videos") / "of" / "the" / "robot"


@pytest.fixture(scope="module")
def camera(processes: Processes, simulation: Simulation, folder: Path) -> Child:
    return processes.start_node(
        "camera", namespace="/recording", record_directory=folder, **simulation.parameters
    )


def set_parameters(ros: RosClient, **values: object) -> None:
    parameters = [Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]
    request = SetParameters.Request(parameters=parameters)
    results = ros.call(SetParameters, f"{CAMERA}/set_parameters", request).results
    assert all(result.successful for result in results), results


def record(ros: RosClient, on: bool) -> Any:
    return ros.call(SetBool, f"{CAMERA}/record", SetBool.Request(data=on))


def length_s(path: Path) -> float:
    with path.open("rb") as file:
        try:
            return clips.length_s(file)
        except clips.MalformedError:
            return 0.0


def counters(path: Path) -> list[int]:
    with av.open(str(path)) as container:
        return [
            counter(np.asarray(frame.to_ndarray(format="bgr24"), np.uint8))
            for frame in container.decode(video=0)
        ]


def new_clip(folder: Path, before: set[Path]) -> Callable[[], list[Path]]:
    return lambda: [path for path in folder.glob("*.mp4") if path not in before]


def test_a_clip_holds_each_picture_and_the_states_of_its_time(
    camera: Child, ros: RosClient, folder: Path
) -> None:
    head = ros.node.create_publisher(PoseStamped, HEAD, 10)
    joints = ros.node.create_publisher(JointState, JOINTS, 10)
    wait_for(lambda: ros.node.count_publishers(f"{CAMERA}/image_raw"))
    assert not ros.node.count_subscribers(HEAD), "nobody records"
    begun = record(ros, True)
    assert begun.success, begun.message
    path = Path(begun.message)
    assert path.parent == folder

    def publish() -> bool:
        stamp = ros.node.get_clock().now().to_msg()
        pose = PoseStamped()
        pose.header.stamp = stamp
        pose.pose.position.z = 0.2
        head.publish(pose)
        message = JointState(name=["yaw_body"], position=[0.5])
        message.header.stamp = stamp
        joints.publish(message)
        return length_s(path) > 1.5 and path.with_suffix(".csv").exists()

    wait_for(publish, 20, "a clip of 1.5 s with states")
    ended = record(ros, False)
    assert ended.success, ended.message
    assert str(path) in ended.message
    wait_for(lambda: not ros.node.count_subscribers(HEAD), 10, "the end of the subscriptions")
    ros.destroy(ros.node.destroy_publisher, head)
    ros.destroy(ros.node.destroy_publisher, joints)
    seen = counters(path)
    assert ascending(seen)
    assert length_s(path) == pytest.approx(len(seen) / 30, rel=0.1)
    with path.with_suffix(".csv").open() as file:
        rows = list(csv.DictReader(file))
    whole = [row for row in rows if row["head_z"] and row["yaw_body"]]
    assert whole[0]["head_z"] == "0.200000"
    assert whole[0]["yaw_body"] == "0.500000"
    assert -1 < float(whole[0]["clip_time"]) < length_s(path) + 1


def test_a_clip_ends_by_itself_where_it_is_to_end(
    camera: Child, ros: RosClient, folder: Path
) -> None:
    set_parameters(ros, record_max_s=1.0)
    try:
        path = Path(record(ros, True).message)
        wait_for(lambda: "as long as record_max_s allows" in camera.output(), 20, "its end")
        assert length_s(path) == pytest.approx(1.0, abs=0.1)
        assert "record_max_s" in record(ros, False).message
    finally:
        set_parameters(ros, record_max_s=600.0)


def test_motion_is_recorded_with_what_was_before(
    camera: Child, ros: RosClient, simulation: Simulation, folder: Path
) -> None:
    before = set(folder.glob("*.mp4"))
    found = new_clip(folder, before)
    set_parameters(ros, record_on="motion", motion_threshold=0.01)
    try:
        pose = dict.fromkeys(("x", "y", "z", "roll", "pitch"), 0.0) | {"yaw": 0.4}
        simulation.post("/api/move/goto", {"head_pose": pose, "duration": 3.0})
        wait_for(found, 20, "a clip")
    finally:
        set_parameters(ros, record_on="never", motion_threshold=0.02)
    wait_for(lambda: not ros.node.count_subscribers(HEAD), 10, "the end of the clip")
    [path] = found()
    assert counters(path)


def test_without_an_encoded_source_it_is_refused_with_the_reason(
    processes: Processes, ros: RosClient, tmp_path: Path
) -> None:
    processes.start_node(
        "camera", namespace="/unrecorded", source="synthetic", record_directory=tmp_path
    )
    reply = ros.call(SetBool, "/unrecorded/camera/record", SetBool.Request(data=True))
    assert not reply.success
    assert "no encoded pictures" in reply.message
    assert list(tmp_path.iterdir()) == []
