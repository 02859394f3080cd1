# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every example, as a user starts it, against all nodes and the simulated robot."""

import csv
import json
import math
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from harness.control import DEGREE, ControlledRobot, joints, pose
from harness.processes import Child, Processes, free_port
from harness.ros import RosClient
from harness.simulation import Simulation
from harness.waiting import wait_for
from sensor_msgs.msg import CompressedImage
from test_docs import table

from reachy_mini_ros.simulation.landmarks import HUES, find
from reachy_mini_ros.simulation.room import LANDMARKS

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
NAMESPACE = "/examples"


class Robot(ControlledRobot):
    """All nodes, and the examples at them."""

    processes: Processes
    port: int
    """Of the dashboard."""

    def run(self, example: str, *arguments: str) -> Child:
        """Start an example of ROS."""
        program = str(EXAMPLES / example)
        return self.processes.start(
            sys.executable, "-u", program, *arguments, f"--namespace={NAMESPACE}"
        )


@pytest.fixture(scope="module")
def running(processes: Processes, simulation: Simulation, ros: RosClient) -> Robot:
    port = free_port()
    node = processes.start_node(
        "bringup", namespace=NAMESPACE, port=port, goto__duration=0.5, **simulation.parameters
    )
    node.wait_for_output("in a browser", 30)
    robot = Robot(ros, node, simulation, NAMESPACE)
    robot.processes, robot.port = processes, port
    assert robot.call("wake_up")[0]
    return robot


@pytest.fixture
def robot(running: Robot) -> Iterator[Robot]:
    running.neutral()
    return running


def test_the_table_lists_the_folder() -> None:
    text = (ROOT / "docs" / "examples.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| [")]
    listed = [re.findall(r"\(\.\./examples/([\w.]+)\)", row)[0] for row in rows]
    assert sorted(listed) == sorted(path.name for path in EXAMPLES.iterdir() if path.is_file())
    topics = {name for name, *_ in table("Topics")}
    for row in rows:
        assert set(re.findall(r"`([\w/]+/[\w/]+|motion_owner)`", row)) <= topics, row


def test_move_head_turns_it(robot: Robot) -> None:
    example = robot.run("move_head.py", "--yaw=30")
    assert example.wait() == 0, example.output()
    wait_for(lambda: abs(robot.yaw - math.radians(30)) < DEGREE, 8, "the head's turn")


def test_move_head_says_in_one_line_that_nobody_listens(processes: Processes) -> None:
    program = str(EXAMPLES / "move_head.py")
    example = processes.start(sys.executable, program, "--namespace=/nobody")
    assert "nobody listens to /nobody/goto/head_pose" in example.wait_failed()


def test_a_ball_is_followed_wherever_the_robot_turns(robot: Robot) -> None:
    pictures = robot.ros.subscribe(CompressedImage, f"{NAMESPACE}/camera/image_raw/compressed", 1)
    robot.goto_pose.publish(pose(yaw=0.4))  # until it is in sight
    wait_for(lambda: abs(robot.yaw - 0.4) < DEGREE, 8, "the head's turn")
    example = robot.run("follow_ball.py", f"--hue={HUES[1]}")

    def in_the_middle() -> bool:
        picture = cv2.imdecode(np.frombuffer(pictures.next().data, np.uint8), cv2.IMREAD_COLOR)
        seen = [one.pixel for one in find(picture, LANDMARKS) if one.landmark.hue == HUES[1]]
        middle = np.array([picture.shape[1], picture.shape[0]]) / 2
        return any(np.hypot(*(pixel - middle)) < 0.04 * picture.shape[1] for pixel in seen)

    wait_for(in_the_middle, 15, example.output)
    robot.wait_owner("idle")
    robot.goto_pose.publish(pose(yaw=robot.yaw - 0.4))
    wait_for(lambda: not in_the_middle(), 8, "the ball elsewhere in the picture")
    wait_for(in_the_middle, 15, example.output)
    example.stop_cleanly()
    robot.ros.unsubscribe(pictures)


def test_sound_is_nodded_to_and_the_head_is_where_it_was(robot: Robot) -> None:
    robot.goto_pose.publish(pose(yaw=0.3))
    wait_for(lambda: abs(robot.yaw - 0.3) < DEGREE, 8, "the head's turn")
    example = robot.run("nod_to_sound.py")
    down = 0.2

    def pitch() -> float:
        q = robot.head_poses.last.pose.orientation
        return math.asin(2 * (q.w * q.y - q.z * q.x))

    for _ in range(2):
        wait_for(lambda: pitch() > down, 10, example.output)
        wait_for(lambda: pitch() < 0.05, 10, "the head up again")
        assert robot.yaw == pytest.approx(0.3, abs=0.03)
    example.stop_cleanly()


def test_what_was_recorded_is_done_again(robot: Robot, tmp_path: Path) -> None:
    file = tmp_path / "wave.csv"
    example = robot.run("record_replay.py", "record", str(file), "--seconds=1.0")
    example.wait_for_output("recording")
    robot.goto_joints.publish(joints(yaw_body=0.4, left_antenna=0.8))
    assert example.wait() == 0, example.output()
    with file.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert float(rows[-1]["left_antenna"]) == pytest.approx(0.8, abs=0.02)
    robot.neutral()

    since = len(robot.joint_states.messages)
    example = robot.run("record_replay.py", "replay", str(file))
    assert example.wait() == 0, example.output()
    robot.wait_position("left_antenna", 0.8)
    robot.wait_position("yaw_body", 0.4)
    assert max(robot.ways("left_antenna")[since:]) < 0.82
    robot.wait_owner("idle")


def test_curl_looks_and_commands(robot: Robot, tmp_path: Path) -> None:
    url, picture = f"http://127.0.0.1:{robot.port}", tmp_path / "picture.jpg"
    example = robot.processes.start(str(EXAMPLES / "over_http.sh"), url, str(picture))
    assert example.wait(40) == 0, example.output()
    lines = [json.loads(line) for line in example.output().splitlines() if line]
    assert lines[0]["connection"] == "connected"
    assert "done" in lines[2]["message"]
    assert math.degrees(robot.yaw) == pytest.approx(20, abs=2)
    image = cv2.imread(str(picture))
    assert image is not None
    assert image.shape[1] == 640


def test_curl_tells_what_the_dashboard_said(processes: Processes, robot: Robot) -> None:
    url = f"http://127.0.0.1:{robot.port}/nothing"
    example = processes.start(str(EXAMPLES / "over_http.sh"), url)
    assert example.wait() != 0
    assert "404" in example.output()


def test_an_agent_has_its_conversation(robot: Robot) -> None:
    url = f"http://127.0.0.1:{robot.port}"
    example = robot.processes.start(sys.executable, str(EXAMPLES / "agent_conversation.py"), url)
    assert example.wait(60) == 0, example.output()
    told = example.output()
    assert told.count("> **") == 11
    assert '< {"connection":"connected"' in told.replace(": ", ":")
    assert "(image/jpeg, " in told
    assert "stopped" in told


def test_the_page_for_rosbridge_names_what_there_is() -> None:
    text = (EXAMPLES / "roslib.html").read_text(encoding="utf-8")
    named = re.findall(r'topic\("([\w/]+)", "(\w+)/msg/(\w+)"\)', text)
    known = {(name, kind) for name, kind, *_ in table("Topics")}
    assert len(named) == 3
    assert {(name, f"{package}/{kind}") for name, package, kind in named} <= known
    services = dict(re.findall(r'\["(\w+)", "(\w+)"\]', text))
    triggers = {name for name, kind, _ in table("Services") if kind == "std_srvs/Trigger"}
    assert set(services.values()) <= triggers
    assert all(f'id="{button}"' in text for button in services)
