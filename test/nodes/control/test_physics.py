# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The control node with the daemon's MuJoCo simulation: a head with mass, motors with limits."""

import importlib.util
import math
from collections.abc import Callable
from functools import partial
from uuid import uuid4

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped
from harness.control import ControlledRobot
from harness.processes import Processes
from harness.ros import Collector, RosClient
from harness.simulation import Simulation
from harness.waiting import Awaited, wait_for
from sensor_msgs.msg import JointState

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.nodes.control import conversions
from reachy_mini_ros.robot import sdk
from reachy_mini_ros.robot.daemon.link import RobotLink
from reachy_mini_ros.robot.geometry import kinematics, rotations
from reachy_mini_ros.robot.geometry.frames import robot_tree
from reachy_mini_ros.robot.geometry.passive_joints import platform
from reachy_mini_ros.robot.geometry.rotations import from_roll_pitch_yaw
from reachy_mini_ros.robot.state import Interpolation, Matrix, Target

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("mujoco") is None,
    reason="MuJoCo is not installed: pip install mujoco==3.3.0",
)
NS = "/physics_test"


@pytest.fixture(scope="module")
def physics(processes: Processes, tmp_path_factory: pytest.TempPathFactory) -> Simulation:
    home = tmp_path_factory.mktemp("mujoco")
    return Simulation.start(processes, home, "--backend", "mujoco", "--width=640", "--height=360")


def head(roll: float, pitch: float, yaw: float, *position_mm: float) -> Matrix:
    """Return the head pose of degrees and millimetres."""
    roll, pitch, yaw = np.radians((roll, pitch, yaw))
    pose = np.eye(4)
    pose[:3, :3] = from_roll_pitch_yaw(roll, pitch, yaw)
    pose[:3, 3] = np.array(position_mm or (0, 0, 0)) / 1e3
    return pose


def apart_deg(one: Matrix, other: Matrix) -> float:
    chord = float(np.linalg.norm(one[:3, :3] - other[:3, :3])) / math.sqrt(8.0)
    return math.degrees(2.0 * math.asin(min(1.0, chord)))


def matrix(message: PoseStamped) -> Matrix:
    q, position = message.pose.orientation, message.pose.position
    pose = np.eye(4)
    pose[:3, :3] = rotations.from_quaternion((q.x, q.y, q.z, q.w))
    pose[:3, 3] = (position.x, position.y, position.z - sdk.ROOT_TO_NEUTRAL_HEAD_M)
    return pose


def of_stamp(collector: Collector, other: JointState) -> PoseStamped | None:
    """Return the message with another one's stamp."""
    stamp = other.header.stamp
    return next((one for one in collector.messages if one.header.stamp == stamp), None)


def test_a_goto_of_30_degrees_arrives_within_3_and_the_joints_say_the_same(
    processes: Processes, physics: Simulation, ros: RosClient
) -> None:
    node = processes.start_node("control", namespace=NS, **physics.parameters)
    joint_states = ros.subscribe(JointState, f"{NS}/joint_states")
    head_poses = ros.subscribe(PoseStamped, f"{NS}/head_pose")
    joint_states.wait_count(1, 20)
    goto = ros.publisher(PoseStamped, f"{NS}/goto/head_pose")
    physics.post("/api/move/play/wake_up")
    wait_for(lambda: physics.get("/api/move/running"), 5, "a waking robot")
    wait_for(lambda: not physics.get("/api/move/running"), 10, "an awake robot")
    for target in (head(0, 0, 30), head(0, 20, -30), head(10, -15, 0)):
        message = conversions.pose_message(target, "", conversions.Time())
        goto.publish(message)

        def arrived(target: Matrix = target) -> bool:
            return apart_deg(matrix(head_poses.next()), target) < 3.0

        wait_for(arrived, 8, "the head within 3 degrees of its goal")
        state = joint_states.next()
        published = wait_for(partial(of_stamp, head_poses, state), 2, "the head pose of the joints")
        positions = dict(zip(state.name, state.position, strict=True))
        by_joints = robot_tree().pose("head", positions)
        by_joints[2, 3] -= sdk.ROOT_TO_NEUTRAL_HEAD_M
        assert apart_deg(by_joints, matrix(published)) < 0.5
        assert np.linalg.norm((by_joints - matrix(published))[:3, 3]) < 0.001
    node.stop_cleanly()


def test_a_pose_beyond_a_singularity_has_joints_but_is_not_where_physics_leads(
    physics: Simulation,
) -> None:
    """Why the driver refuses such poses."""
    beyond = head(13.3, 32.0, -58.8, -20, 39.5, -47)
    joints = kinematics.inverse(beyond, 0.0, automatic_body_yaw=False)
    assert joints is not None
    assert platform().solve(beyond, joints).mirrored
    with LoopThread() as io:
        link = RobotLink("127.0.0.1", physics.port)
        io.submit(link.run())
        wait_for(lambda: link.state, 10, "state")

        def goto(pose: Matrix) -> Callable[[], Matrix]:
            uuid = uuid4()
            target = Target(head_pose=pose, body_yaw=0.0)
            message = sdk.goto_message(uuid, target, 2.0, Interpolation.MINJERK)
            Awaited(io.submit(link.run_task(str(uuid), message))).result(15)

            def present() -> Matrix:
                assert link.state is not None
                return link.state.head_pose

            return present

        present = goto(head(0, 0, 0))
        wait_for(lambda: apart_deg(present(), np.eye(4)) < 3.0, 5, "neutral")
        assert apart_deg(goto(beyond)(), beyond) > 15.0
        back = goto(head(0, 0, 0))
        wait_for(lambda: apart_deg(back(), np.eye(4)) < 3.0, 5, "neutral again")


def test_the_daemon_is_stopped_started_and_restarted(
    processes: Processes, physics: Simulation, ros: RosClient
) -> None:
    """The mockup's daemon would look for motors; this one starts its simulation again."""
    with ControlledRobot.started(processes, ros, physics, f"{NS}/daemon") as robot:
        assert robot.call("daemon/stop") == (True, "the daemon is stopped")
        assert physics.get("/api/daemon/status")["state"] == "stopped"
        for order, answer in (("start", "the daemon runs"), ("restart", "was restarted")):
            success, message = robot.call(f"daemon/{order}")
            assert success, message
            assert answer in message
            robot.joint_states.next()
