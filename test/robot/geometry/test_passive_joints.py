# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The closed form of the passive joints against the URDF's own loops, and what it says of poses."""

import math

import numpy as np
import pytest
from harness.daemon import Daemon
from harness.processes import Processes, free_port
from harness.waiting import Awaited, wait_for

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.errors import InvalidCommandError
from reachy_mini_ros.robot import sdk
from reachy_mini_ros.robot.daemon.link import RobotLink
from reachy_mini_ros.robot.geometry import kinematics, limits, rotations
from reachy_mini_ros.robot.geometry.frames import robot_tree
from reachy_mini_ros.robot.geometry.limits import ANTENNA_JOINTS, HEAD_JOINTS
from reachy_mini_ros.robot.geometry.passive_joints import PASSIVE_JOINTS, platform
from reachy_mini_ros.robot.geometry.rotations import from_roll_pitch_yaw
from reachy_mini_ros.robot.state import Matrix, RobotState, Target


def head(roll: float, pitch: float, yaw: float, position: Matrix | None = None) -> Matrix:
    """Return the head pose of angles in rad."""
    pose = np.eye(4)
    pose[:3, :3] = from_roll_pitch_yaw(roll, pitch, yaw)
    if position is not None:
        pose[:3, 3] = position
    return pose


def reachable_poses(count: int) -> list[Matrix]:
    """Return random poses that the driver lets through, the body turning along."""
    random = np.random.default_rng(0)
    poses: list[Matrix] = []
    while len(poses) < count:
        roll, pitch = random.uniform(-limits.DOCUMENTED.tilt_rad, limits.DOCUMENTED.tilt_rad, 2)
        position = random.uniform((-0.045, -0.045, -0.05), (0.045, 0.045, 0.023))
        pose = head(roll, pitch, random.uniform(-math.pi, math.pi), position)
        joints = kinematics.inverse(pose, 0.0, automatic_body_yaw=True)
        try:
            limits.check(Target(head_pose=pose))
        except InvalidCommandError:
            continue
        assert joints is not None
        assert platform().solve(pose, joints).consistent
        poses.append(pose)
    return poses


def all_joints(joints: Matrix, passive: Matrix) -> dict[str, float]:
    return {
        **dict(zip(HEAD_JOINTS, joints.tolist(), strict=True)),
        **dict(zip(PASSIVE_JOINTS, passive.tolist(), strict=True)),
        **dict.fromkeys(ANTENNA_JOINTS, 0.0),
    }


def test_many_poses_are_judged_as_one_by_one() -> None:
    poses = np.array(reachable_poses(9))
    joints = np.array([kinematics.inverse(pose, 0.0, automatic_body_yaw=True) for pose in poses])
    joints[::2, 1:] *= -1.0  # arms on the other side
    found = platform().all_mirrored(poses, joints)
    one_by_one = [platform().mirrored(*one) for one in zip(poses, joints, strict=True)]
    assert found.tolist() == one_by_one
    assert set(one_by_one) == {True, False}


@pytest.mark.parametrize(("degrees", "side"), [(94, 1), (96, -1)])
def test_the_other_side_begins_where_no_head_turns_to(degrees: float, side: int) -> None:
    pose = head(0.0, 0.0, math.radians(degrees), (0.0, 0.0, 0.0))
    legs = platform()._legs(pose, np.zeros(7))
    assert np.sign(platform()._sides(legs)[7]) == side


@pytest.mark.parametrize("body_turns", [True, False])
def test_the_head_of_the_urdf_is_where_the_pose_says_and_all_loops_are_closed(
    body_turns: bool,
) -> None:
    tree = robot_tree()
    checked = 0
    for pose in reachable_poses(500):
        joints = kinematics.inverse(pose, 0.0, automatic_body_yaw=body_turns)
        if joints is None or not platform().solve(pose, joints).consistent:
            assert not body_turns
            continue
        checked += 1
        passive = platform().solve(pose, joints)
        positions = all_joints(joints, passive.angles)
        assert positions.keys() == set(tree.movable)
        found = tree.pose("head", positions)
        found[2, 3] -= sdk.ROOT_TO_NEUTRAL_HEAD_M
        assert np.linalg.norm(found[:3, 3] - pose[:3, 3]) < 1e-6
        # The sine of half the angle between them; an arc cosine is blind below 1e-8 rad.
        chord = np.linalg.norm(found[:3, :3] - pose[:3, :3]) / math.sqrt(8.0)
        assert 2.0 * math.asin(min(1.0, chord)) < 1e-5
        assert passive.residual_m < 1e-6
        for leg in range(1, 6):
            one, other = (tree.pose(f"closing_{leg}_{end}", positions)[:3, 3] for end in (1, 2))
            assert np.linalg.norm(one - other) < 2e-6, f"leg {leg} is open at {positions}"
    assert checked > 100


def test_a_pose_and_joints_that_do_not_belong_together_are_told_by_the_rods() -> None:
    neutral = kinematics.inverse(np.eye(4), 0.0, automatic_body_yaw=False)
    assert neutral is not None
    assert platform().solve(np.eye(4), neutral).consistent
    other = platform().solve(head(0.0, 0.0, 0.0, np.array([0.0, 0.0, 0.01])), neutral)
    assert other.residual_m > 0.005
    assert not other.consistent


def test_other_assemblies_of_the_same_rods_are_told_from_the_one_that_is_built() -> None:
    """Search them with the SDK's forward kinematics from starts all over the place."""
    random = np.random.default_rng(1)
    engine = sdk.kinematics()
    height = np.zeros((4, 4))
    height[2, 3] = sdk.ROOT_TO_NEUTRAL_HEAD_M
    found = detected = 0
    for pose in reachable_poses(60):
        joints = kinematics.inverse(pose, 0.0, automatic_body_yaw=True)
        assert joints is not None
        for _ in range(8):
            start = head(*random.uniform(-1, 1, 2), random.uniform(-math.pi, math.pi))
            start[:3, 3] = random.uniform((-0.05, -0.05, -0.15), (0.05, 0.05, 0.05))
            engine.reset_forward_kinematics((start + height).tolist())
            for _ in range(60):
                solution = engine.forward_kinematics(joints[1:].tolist(), float(joints[0]))
            other = np.asarray(solution) - height
            if not np.isfinite(other).all() or np.abs(other - pose).max() < 1e-2:
                continue
            passive = platform().solve(other, joints)
            if passive.residual_m < 1e-4:  # all rods fit: a true assembly
                found += 1
                detected += passive.mirrored
    assert found > 100
    assert detected / found > 0.99


def test_the_daemon_s_mirrored_pose_is_told_and_motion_is_not_mistaken_for_it(
    processes: Processes,
) -> None:
    """A step of 60 degrees in one tick ends in the daemon's known wrong solution."""
    daemon = Daemon.start(processes, free_port())
    states: list[RobotState] = []
    with LoopThread() as io:
        link = RobotLink("127.0.0.1", daemon.port, on_state=states.append)
        io.submit(link.run())
        wait_for(lambda: link.state, 10, "state")

        def reached(yaw: float) -> bool:
            return abs(states[-1].head_joints[0] - yaw) < 1e-3

        for yaw, duration in ((0.0, 1.0), (0.9, 0.2), (-0.9, 0.2), (0.0, 0.2)):
            move = {"head_pose": {"yaw": yaw}, "body_yaw": 0.0, "duration": duration}
            daemon.post("/api/move/goto", move)
            wait_for(lambda: not daemon.get("/api/move/running"), 5, "the end of the move")
        wait_for(lambda: reached(0.0), 5, "neutral")
        assert all(platform().solve(s.head_pose, s.head_joints).consistent for s in states)

        async def jump() -> None:
            for message in sdk.target_messages(Target(head_pose=head(0, 0, 1.05), body_yaw=0.0)):
                await link.send(message)

        before = len(states)
        Awaited(io.submit(jump())).result(5)
        wait_for(lambda: len(states) > before + 25, 5, "states after the jump")
    last = states[-1]
    assert rotations.roll_pitch_yaw(last.head_pose)[2] != pytest.approx(1.05, abs=0.5)
    assert platform().solve(last.head_pose, last.head_joints).mirrored
