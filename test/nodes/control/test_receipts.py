# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What `command_events` tells of commands that came by topics and services."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PointStamped
from harness.control import ControlledRobot, joints, pose, trajectory, values_of
from harness.daemon import Daemon
from harness.moves import nod
from harness.processes import Processes, free_port
from harness.ros import RosClient
from harness.waiting import too_slow, wait_for
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import String

from reachy_mini_ros.nodes.common.qos import reliable

NS = "/receipts"
HUGE = "nose\n" + "x" * 2**20


@pytest.fixture(scope="module")
def started(
    processes: Processes, ros: RosClient, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ControlledRobot]:
    directory = tmp_path_factory.mktemp("recorded")
    (directory / "nod.json").write_bytes(nod(1.0).to_json())
    daemon = Daemon.start(processes, free_port())
    with ControlledRobot.started(
        processes,
        ros,
        daemon,
        NS,
        command_timeout=0.3,
        move_directory=directory,
        move_dataset="some-lab/nothing",
        move_approach=0.2,
    ) as robot:
        yield robot


@pytest.fixture
def robot(started: ControlledRobot) -> ControlledRobot:
    started.neutral()
    return started


class Stamps:
    """A stamp for each command of this module."""

    count = 0

    def __call__(self, message: Any) -> str:
        """Stamp a message, and return its id."""
        Stamps.count += 1
        message.header.stamp = Time(seconds=1000, nanoseconds=Stamps.count).to_msg()
        return f"1000.{Stamps.count:09d}"


stamped = Stamps()


def test_a_goto_is_known_by_its_stamp(robot: ControlledRobot) -> None:
    message = joints(left_antenna=0.3)
    name = stamped(message)
    robot.goto_joints.publish(message)
    robot.wait_told("accepted done", "goto/joints", name)
    accepted, done = (one for one in robot.receipts.messages if values_of(one).get("id") == name)
    assert accepted.level == done.level == DiagnosticStatus.OK
    assert accepted.name == f"{NS}/control: goto/joints"
    assert accepted.message == "accepted: starts"
    assert values_of(accepted) == {
        "kind": "accepted",
        "source": "goto/joints",
        "id": name,
        "reason": "starts",
        "owner_before": "idle",
        "owner_after": "goto",
    }
    assert done.message.startswith("done: goto done in ")
    assert values_of(done)["owner_before"] == "goto"
    assert values_of(done)["owner_after"] == "idle"


def test_refused_preempted_and_clamped_commands_are_told(robot: ControlledRobot) -> None:
    far = pose(pitch=1.4)
    name = stamped(far)
    robot.goto_pose.publish(far)
    robot.wait_told("refused", "goto/head_pose", name)
    (refused,) = robot.told("goto/head_pose", name)
    assert "pitch" in refused["reason"]

    robot.set(goto__duration=4.0)
    first, second = joints(left_antenna=0.5), joints(left_antenna=-0.1)
    names = stamped(first), stamped(second)
    robot.goto_joints.publish(first)
    robot.wait_told("accepted", "goto/joints", names[0])
    robot.set(goto__duration=0.3)
    robot.goto_joints.publish(second)
    robot.wait_told("accepted preempted", "goto/joints", names[0])
    robot.wait_told("accepted done", "goto/joints", names[1])

    assert robot.set(out_of_reach="clamp") == []
    high = pose(z=0.227)
    name = stamped(high)
    robot.goto_pose.publish(high)
    robot.wait_told("clamped done", "goto/head_pose", name)
    assert robot.set(out_of_reach="refuse") == []


def test_a_stream_is_told_at_its_begin_and_end(robot: ControlledRobot) -> None:
    names = []
    for _ in range(5):
        message = joints(right_antenna=0.1)
        names.append(stamped(message))
        robot.set_joints.publish(message)
        robot.joint_states.next()

    def told() -> list[str]:
        return [name for name in names if robot.told("set_target/joints", name)]

    # Of targets that wait, the newest is taken: the first one that came is not always the first.
    wait_for(told, 8, "a receipt")
    robot.wait_told("accepted done", "set_target/joints", told()[0])
    assert len(told()) == 1


def test_trajectories_looks_and_moves(robot: ControlledRobot) -> None:
    message = trajectory(["yaw_body"], [(0.4, [0.2])])
    message.header.stamp = robot.ros.node.get_clock().now().to_msg()
    stamp = message.header.stamp
    robot.trajectory.publish(message)
    robot.wait_told("accepted done", "joint_trajectory", f"{stamp.sec}.{stamp.nanosec:09d}")

    look_at = robot.publisher(PointStamped, "look_at")
    point = PointStamped()
    point.point.x, point.point.z = 1.0, 0.2
    name = stamped(point)
    look_at.publish(point)
    robot.wait_told("accepted done", "look_at", name)
    point.point.x = 1e308
    name = stamped(point)
    look_at.publish(point)
    robot.wait_told("refused", "look_at", name)

    robot.play.publish(String(data="nod"))
    robot.wait_told("accepted done", "play_move", detail="nod")
    robot.play.publish(String(data="some-lab/nothing/nod"))
    robot.wait_told("refused", "play_move", detail="some-lab/nothing/nod")


def test_pixels_without_a_camera_are_refused_each(robot: ControlledRobot) -> None:
    pixels = robot.publisher(PointStamped, "look_at_pixel")
    names = []
    for _ in range(3):
        message = PointStamped()
        names.append(stamped(message))
        pixels.publish(message)
    for name in names:
        robot.wait_told("refused", "look_at_pixel", name)
    reasons = [robot.told("look_at_pixel", name)[0]["reason"] for name in names]
    assert [reason.startswith("a newer pixel took its place") for reason in reasons] == [1, 1, 0]
    assert "no camera/camera_info came" in reasons[2]


class Camera:
    """A camera node's camera_info, again and again."""

    def __init__(self, robot: ControlledRobot, message: CameraInfo) -> None:
        self._ros, self._message = robot.ros, message
        self._publisher = robot.ros.node.create_publisher(
            CameraInfo, f"{NS}/camera/camera_info", reliable(1)
        )
        self._timer = robot.ros.node.create_timer(0.05, self._publish)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self._ros.destroy(self._ros.node.destroy_timer, self._timer)
        self._ros.destroy(self._ros.node.destroy_publisher, self._publisher)

    def _publish(self) -> None:
        self._publisher.publish(self._message)


def test_a_camera_that_is_not_calibrated_is_the_reason(robot: ControlledRobot) -> None:
    pixels = robot.publisher(PointStamped, "look_at_pixel")
    message = PointStamped()
    name = stamped(message)
    with Camera(robot, CameraInfo(width=640, height=480)):
        pixels.publish(message)
        robot.wait_told("refused", "look_at_pixel", name)
    (refused,) = robot.told("look_at_pixel", name)
    assert "camera/camera_info cannot be used: a calibration needs" in refused["reason"]


def test_a_pixel_is_looked_at_from_where_the_head_was_in_its_picture(
    robot: ControlledRobot,
) -> None:
    pixels = robot.publisher(PointStamped, "look_at_pixel")
    k = [600.0, 0.0, 319.5, 0.0, 600.0, 239.5, 0.0, 0.0, 1.0]
    info = CameraInfo(width=640, height=480, k=k, r=[0.0] * 9, p=[0.0] * 12)
    message = PointStamped()
    message.point.x, message.point.y = 319.5, 239.5
    with Camera(robot, info):
        pixels.publish(message)  # the camera is known after this
        wait_for(lambda: robot.told("look_at_pixel"), 8, "a pixel that was looked at")
        robot.neutral()
        stamp = robot.head_poses.last.header.stamp
        begun_s = time.monotonic()
        turn = pose(0.4)
        name = stamped(turn)
        robot.goto_pose.publish(turn)
        robot.wait_told("accepted done", "goto/head_pose", name)
        message.header.stamp = stamp
        pixels.publish(message)
        name = f"{stamp.sec}.{stamp.nanosec:09d}"
        wait_for(lambda: robot.told("look_at_pixel", name), 8, "the pixel")
        if time.monotonic() - begun_s > 1.8:
            too_slow("the picture is older than the states that are kept")
        robot.wait_told("accepted done", "look_at_pixel", name)
    wait_for(lambda: abs(robot.yaw) < 0.05, 5, "the head where the picture was taken")


def test_services_have_receipts_too(robot: ControlledRobot) -> None:
    def count(source: str) -> list[str]:
        return [one["kind"] for one in robot.told(source)]

    for name, enable, kinds in (
        ("stop", None, ["accepted", "done"]),
        ("enable_motors", True, ["accepted", "done"]),
        ("automatic_body_yaw", True, ["accepted", "done"]),
        ("record_move", False, ["refused"]),
        ("wobbling", True, ["refused"]),
        ("media/acquire", None, ["accepted", "failed"]),
        ("list_moves", None, ["accepted", "done"]),
        ("goto_sleep", None, ["accepted", "done"]),
        ("wake_up", None, ["accepted", "done"]),
        ("daemon/stop", None, ["refused"]),
    ):
        before = count(name)
        robot.call(name, enable)
        expected = before + kinds
        wait_for(lambda name=name, expected=expected: count(name) == expected, 5, name)  # type: ignore[misc]


def test_every_command_has_one_first_receipt_and_one_last(robot: ControlledRobot) -> None:
    names = []
    for step in range(30):
        message = joints(left_antenna=0.02 * step, yaw_body=3.0 if step % 4 == 3 else 0.0)
        names.append(stamped(message))
        robot.goto_joints.publish(message)
        if step % 10 == 9:
            robot.joint_states.next()
            assert robot.call("stop")[0]
    for step, name in enumerate(names):
        robot.wait_over("goto/joints", name)
        first, *last = robot.told("goto/joints", name)
        if first["kind"] == "refused":
            # Also what a slow node reads after the stop that followed it.
            assert step % 4 == 3 or "before the stop" in first["reason"]
            assert not last
        else:
            assert first["kind"] == "accepted"
            assert [one["kind"] for one in last] in (["done"], ["preempted"])


def test_text_from_outside_is_short_and_in_one_line_wherever_it_is_told(
    robot: ControlledRobot,
) -> None:
    look_at = robot.publisher(PointStamped, "look_at")
    before = robot.events.count
    messages = joints(left_antenna=0.0), pose(0.1), trajectory([HUGE], [(1.0, [0.0])])
    messages[0].name = [HUGE]
    messages[1].header.frame_id = HUGE
    point = PointStamped()
    point.header.frame_id = HUGE
    for publisher, message, source in (
        (robot.goto_joints, messages[0], "goto/joints"),
        (robot.set_joints, messages[0], "set_target/joints"),
        (robot.goto_pose, messages[1], "goto/head_pose"),
        (robot.trajectory, messages[2], "joint_trajectory"),
        (look_at, point, "look_at"),
    ):
        name = stamped(message) if source != "joint_trajectory" else ""
        publisher.publish(message)
        robot.wait_told("refused", source, name)
    robot.play.publish(String(data=HUGE))
    detail = "nose\\n" + "x" * 193 + "…"
    robot.wait_told("refused", "play_move", detail=detail)
    wait_for(lambda: robot.events.count >= before + 6, 5, "the events")
    for message in (*robot.events.messages, *robot.receipts.messages):
        assert len(message.message) < 320
        for value in values_of(message).values():
            assert len(value) <= 300
            assert value.isprintable() or not value
    names = [one["reason"] for one in robot.told("play_move", detail=detail)]
    assert "is not the name of a move: write 'move' or 'owner/dataset/move'" in names[0]
    seen = robot.diagnostics.count
    robot.diagnostics.wait_count(seen + 4)
    (refusal,) = {robot.diagnosed("last refusal")}
    assert "is not the name of a move" in refusal
    for message in robot.diagnostics.messages[-4:]:
        assert all(len(v) < 400 for status in message.status for v in values_of(status).values())
    assert max(map(len, robot.node.output().splitlines())) < 450
    assert robot.set(move_dataset=HUGE) == []
    success, answer = robot.call("list_moves")
    assert success
    assert len(answer) < 450
    assert robot.set(move_dataset="some-lab/nothing") == []


def test_local_recordings_are_listed_while_the_robot_is_away(
    processes: Processes, ros: RosClient, tmp_path: Path
) -> None:
    from std_srvs.srv import Trigger

    (tmp_path / "mine.json").write_bytes(nod().to_json())
    node = processes.start_node(
        "control",
        namespace=f"{NS}_away",
        robot_host="127.0.0.1",
        robot_port=free_port(),
        move_directory=tmp_path,
    )
    answer = ros.call(Trigger, f"{NS}_away/list_moves")
    assert answer.success, answer.message
    assert '"recorded": ["mine"]' in answer.message
    assert '"unavailable": "' in answer.message
    node.stop_cleanly()
