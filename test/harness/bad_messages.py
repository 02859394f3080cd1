# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a message, a request or a goal: for each input of the nodes its bad values.

A test compares the inputs here with those of docs/interface.md. Services of std_srvs take nothing
that could be wrong, and have no row.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from builtin_interfaces.msg import Duration, Time
from diagnostic_msgs.srv import AddDiagnostics
from geometry_msgs.msg import PointStamped, PoseStamped
from sensor_msgs.msg import CameraInfo, JointState
from sensor_msgs.srv import SetCameraInfo
from std_msgs.msg import Int16MultiArray, MultiArrayDimension, MultiArrayLayout, String
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

HUGE = 1e308
CONTROL = "nose\x1b[31m\x07\n[INFO] forged\r"
"""Control characters, and a line that would be somebody else's in a log."""
LONG = "x" * 100_000
BEFORE_1970 = Time(sec=-5, nanosec=0)
NOT_NORMALISED = Time(sec=2**31 - 1, nanosec=2**32 - 1)
"""The latest time, and more nanoseconds than a second has."""
LONG_AGO = Time(sec=1000, nanosec=7)
TAKEN = "accepted done"
"""The receipts of what only looks wrong: a stamp that is nothing but the command's id."""


@dataclass(frozen=True)
class Bad:
    """A value, a part of the reason that is told, and the kinds of its receipts."""

    value: Any
    reason: str
    receipts: str = "refused"


@dataclass(frozen=True)
class Input:
    """The type of an input, and its bad values by what is wrong with them."""

    kind: Any
    values: Mapping[str, Bad] = field(default_factory=dict)


def pose(**parts: Any) -> PoseStamped:
    """Return the neutral head, but for the parts that are given: x, y, z, q, frame, stamp."""
    message = PoseStamped()
    position, orientation = message.pose.position, message.pose.orientation
    position.x, position.y, position.z = (
        parts.get(axis, 0.177 if axis == "z" else 0.0) for axis in "xyz"
    )
    q = parts.get("q", (0.0, 0.0, 0.0, 1.0))
    orientation.x, orientation.y, orientation.z, orientation.w = q
    message.header.frame_id = parts.get("frame", "")
    message.header.stamp = parts.get("stamp", Time())
    return message


def point(x: float, y: float, z: float, frame: str = "", stamp: Time | None = None) -> PointStamped:
    message = PointStamped()
    message.point.x, message.point.y, message.point.z = x, y, z
    message.header.frame_id = frame
    message.header.stamp = stamp or Time()
    return message


def joints(names: list[str], positions: list[float], stamp: Time | None = None) -> JointState:
    message = JointState(name=names, position=positions)
    message.header.stamp = stamp or Time()
    return message


def knot(time_s: float, *positions: float, velocities: tuple[float, ...] = ()) -> Any:
    """Return one point of a trajectory."""
    whole = math.floor(time_s)
    return JointTrajectoryPoint(
        positions=positions,
        velocities=velocities,
        time_from_start=Duration(sec=whole, nanosec=round((time_s - whole) * 1e9)),
    )


def trajectory(names: list[str], *points: Any, stamp: Time | None = None) -> JointTrajectory:
    message = JointTrajectory(joint_names=names, points=points)
    message.header.stamp = stamp or Time()
    return message


def _sound(sizes: Mapping[str, int], samples: int = 4, offset: int = 0) -> Int16MultiArray:
    dimensions = [MultiArrayDimension(label=label, size=size) for label, size in sizes.items()]
    layout = MultiArrayLayout(dim=dimensions, data_offset=offset)
    return Int16MultiArray(layout=layout, data=[1] * samples)


def _calibration(model: str = "plumb_bob", **parts: Any) -> SetCameraInfo.Request:
    usual: dict[str, Any] = {
        "width": 640,
        "height": 360,
        "k": [500.0, 0.0, 320.0, 0.0, 500.0, 180.0, 0.0, 0.0, 1.0],
        "d": [0.0] * 5,
    }
    info = CameraInfo(distortion_model=model, **usual | parts)
    return SetCameraInfo.Request(camera_info=info)


def _lease(text: str) -> AddDiagnostics.Request:
    return AddDiagnostics.Request(load_namespace=text)


FRAMES = {
    "a frame of no robot": ("nose", "'nose'"),
    "a frame of control characters": (CONTROL, "nose\\x1b[31m\\x07\\n[INFO] forged\\r"),
    "a frame without end": (LONG, "xxx…"),
}
POSES = {
    "NaN": Bad(pose(x=math.nan), "NaN"),
    "infinity": Bad(pose(z=-math.inf), "infinity"),
    "NaN in the quaternion": Bad(pose(q=(0.0, 0.0, 0.0, math.nan)), "NaN"),
    "a zero quaternion": Bad(pose(q=(0.0, 0.0, 0.0, 0.0)), "quaternion"),
    "a huge quaternion": Bad(pose(q=(HUGE, HUGE, HUGE, HUGE)), "outside"),
    "a huge height": Bad(pose(z=HUGE), "out of reach"),
    "a huge distance": Bad(pose(y=HUGE), ""),
    "nothing but defaults": Bad(PoseStamped(), "z counts from the robot's root"),
    **{what: Bad(pose(frame=frame), told) for what, (frame, told) in FRAMES.items()},
}
JOINTS = {
    "NaN": Bad(joints(["left_antenna"], [math.nan]), "NaN"),
    "infinity": Bad(joints(["yaw_body"], [math.inf]), "infinity"),
    "a huge angle": Bad(joints(["right_antenna"], [HUGE]), "right_antenna"),
    "nothing": Bad(JointState(), "empty"),
    "a name too many": Bad(joints(["yaw_body", "left_antenna"], [0.0]), "equally many"),
    "a position too many": Bad(joints(["yaw_body"], [0.0, 0.0]), "equally many"),
    "a name twice": Bad(joints(["yaw_body", "yaw_body"], [0.0, 0.0]), "more than once"),
    "an unknown name": Bad(joints(["nose"], [0.0]), "'nose'"),
    "an empty name": Bad(joints([""], [0.0]), "''"),
    "a name of control characters": Bad(joints([CONTROL], [0.0]), "forged\\r"),
    "a name without end": Bad(joints([LONG], [0.0]), "xxx…"),
    "passive joints alone": Bad(joints(["passive_1_x"], [0.0]), "empty"),
}
STAMPS = {
    "long ago": LONG_AGO,
    "before 1970": BEFORE_1970,
    "not normalised": NOT_NORMALISED,
}
POINTS = {
    "NaN": Bad(point(math.nan, 0.0, 0.2), "NaN"),
    "infinity": Bad(point(1.0, -math.inf, 0.2), "infinity"),
    "huge": Bad(point(HUGE, HUGE, HUGE), ""),
    "in the head": Bad(point(0.01, 0.0, 0.2), "too near"),
    **{what: Bad(point(1.0, 0.0, 0.2, frame), told) for what, (frame, told) in FRAMES.items()},
}
PIXELS = {
    "NaN": Bad(point(math.nan, 1.0, 0.0), "outside the picture"),
    "infinity": Bad(point(1.0, math.inf, 0.0), "outside the picture"),
    "huge": Bad(point(HUGE, HUGE, 0.0), "outside the picture"),
    "left of the picture": Bad(point(-1.0, 1.0, 0.0), "outside the picture"),
    "a depth of NaN": Bad(point(1.0, 1.0, math.nan), "depth"),
    "a depth behind the camera": Bad(point(1.0, 1.0, -1.0), "depth"),
    "a huge depth": Bad(point(1.0, 1.0, HUGE), ""),
    "before 1970": Bad(point(1.0, 1.0, 0.0, stamp=BEFORE_1970), "s old"),
    "a stamp that is not normalised": Bad(
        point(-1.0, 1.0, 0.0, stamp=NOT_NORMALISED), "outside the picture"
    ),
    **{what: Bad(point(1.0, 1.0, 0.0, frame), told) for what, (frame, told) in FRAMES.items()},
}
BODY = ["yaw_body"]
TRAJECTORIES = {
    "NaN": Bad(trajectory(BODY, knot(1.0, math.nan)), "NaN"),
    "infinity": Bad(trajectory(BODY, knot(1.0, math.inf)), "infinity"),
    "a huge angle": Bad(trajectory(BODY, knot(1.0, HUGE)), "yaw_body"),
    "a velocity of NaN": Bad(trajectory(BODY, knot(1.0, 0.0, velocities=(math.nan,))), "NaN"),
    "a huge velocity": Bad(
        trajectory(BODY, knot(0.5, 0.0, velocities=(HUGE,)), knot(1.0, 0.0, velocities=(0.0,))),
        "rad/s",
    ),
    "nothing": Bad(JointTrajectory(), "joint"),
    "no joints": Bad(trajectory([], knot(1.0)), "at least one joint"),
    "no points": Bad(trajectory(BODY), "no points"),
    "a position too few": Bad(trajectory(BODY, knot(1.0)), "0 positions for 1 joints"),
    "a position too many": Bad(trajectory(BODY, knot(1.0, 0.0, 0.0)), "2 positions for 1 joints"),
    "a velocity too many": Bad(
        trajectory(BODY, knot(1.0, 0.0, velocities=(0.0, 0.0))), "2 velocities"
    ),
    "an unknown joint": Bad(trajectory(["nose"], knot(1.0, 0.0)), "'nose'"),
    "a joint of control characters": Bad(trajectory([CONTROL], knot(1.0, 0.0)), "forged\\r"),
    "a joint without end": Bad(trajectory([LONG], knot(1.0, 0.0)), "xxx…"),
    "a joint twice": Bad(trajectory(BODY * 2, knot(1.0, 0.0, 0.0)), "none twice"),
    "one leg of six": Bad(trajectory(["stewart_1"], knot(1.0, 0.6)), "is missing"),
    "a time before its begin": Bad(trajectory(BODY, knot(-1.0, 0.0)), "times must increase"),
    "times that go back": Bad(
        trajectory(BODY, knot(1.0, 0.0), knot(0.5, 0.0)), "times must increase"
    ),
    "a time without end": Bad(trajectory(BODY, knot(2**31 - 1, 0.0)), "times must increase"),
    "too fast": Bad(trajectory(BODY, knot(0.001, 0.5)), "rad/s"),
    "too many points": Bad(
        trajectory(BODY, *(knot(0.01 * number, 0.0) for number in range(1, 3002))), "3001 points"
    ),
    "long ago": Bad(trajectory(BODY, knot(1.0, 0.0), stamp=LONG_AGO), "its end is over"),
    "before 1970": Bad(trajectory(BODY, knot(1.0, 0.0), stamp=BEFORE_1970), "its end is over"),
    "a stamp of another age": Bad(
        trajectory(BODY, knot(1.0, 0.0), stamp=NOT_NORMALISED), "times must increase"
    ),
}
NAMES = {
    "nothing": Bad("", ""),
    "control characters": Bad(CONTROL, ""),
    "without end": Bad(LONG, ""),
    "a path": Bad("../../etc/passwd", ""),
    "one that nothing has": Bad("nothing-has-this-name", ""),
}
MOVES = {
    **NAMES,
    "a path of a file": Bad("/etc/passwd", ""),
    "too many parts": Bad("a/b/c/d", "is not the name of a move"),
}
SOUNDS = {
    "no sample": Bad(_sound({}, 0), ""),
    "fewer samples than told": Bad(_sound({"frames": 5, "channels": 1}), ""),
    "no channel": Bad(_sound({"channels": 0}), ""),
    "too many channels": Bad(_sound({"channels": 2**32 - 1}), ""),
    "half a frame": Bad(_sound({"channels": 3}), ""),
    "a rate of nothing": Bad(_sound({"sample_rate": 0}), ""),
    "a huge rate": Bad(_sound({"sample_rate": 2**32 - 1}), ""),
    "an offset behind the end": Bad(_sound({}, offset=2**32 - 1), ""),
    "a dimension without end": Bad(_sound({LONG: 1}), "unknown dimension"),
    "a dimension of control characters": Bad(_sound({CONTROL: 1}), "unknown dimension"),
}
APPS = {what: Bad(String(data=bad.value), bad.reason) for what, bad in NAMES.items()}
NAMELESS = {what: bad for what, bad in APPS.items() if "nothing" not in what}
"""Of what may be empty, or any name."""


def _stamped(values: Mapping[str, Bad], make: Callable[[Time], Any]) -> dict[str, Bad]:
    """Add messages with nothing wrong but their stamps, which are nothing but their names."""
    return {**values, **{what: Bad(make(stamp), "", TAKEN) for what, stamp in STAMPS.items()}}


def _still(stamp: Time) -> JointState:
    return joints(["left_antenna"], [0.0], stamp)


TOPICS = {
    "set_target/head_pose": Input(PoseStamped, POSES),
    "set_target/joints": Input(JointState, JOINTS),
    "goto/head_pose": Input(PoseStamped, _stamped(POSES, lambda stamp: pose(stamp=stamp))),
    "goto/joints": Input(JointState, _stamped(JOINTS, _still)),
    "look_at": Input(PointStamped, POINTS),
    "look_at_pixel": Input(PointStamped, PIXELS),
    "joint_trajectory": Input(JointTrajectory, TRAJECTORIES),
    "play_move": Input(
        String, {what: Bad(String(data=bad.value), bad.reason) for what, bad in MOVES.items()}
    ),
    "audio/play": Input(Int16MultiArray, SOUNDS),
    "audio/play_sound": Input(String, APPS),
    "admin/start_app": Input(String, APPS),
    "admin/startup_app": Input(String, NAMELESS),
    "admin/install_app": Input(String, NAMELESS),
    "admin/remove_app": Input(String, APPS),
    "admin/update_app": Input(String, APPS),
    "admin/update_robot": Input(String, APPS),
    "admin/robot_name": Input(
        String, {what: bad for what, bad in NAMELESS.items() if "path" not in what}
    ),
}
SERVICES = {
    "lease/acquire": Input(
        AddDiagnostics,
        {
            "nothing": Bad(_lease(""), "NAME SECONDS"),
            "no time": Bad(_lease("ann"), "NAME SECONDS"),
            "no number": Bad(_lease("ann soon"), "NAME SECONDS"),
            "NaN": Bad(_lease("ann nan"), ""),
            "infinity": Bad(_lease("ann inf"), ""),
            "huge": Bad(_lease("ann 1e308"), ""),
            "no time at all": Bad(_lease("ann 0"), ""),
            "a negative time": Bad(_lease("ann -30"), ""),
            "an unknown wish": Bad(_lease("ann 30 forever"), "NAME SECONDS"),
            "too many words": Bad(_lease("ann 30 take it"), "NAME SECONDS"),
            "a name of a path": Bad(_lease("../ann 30"), "name"),
            "a name without end": Bad(_lease(f"{LONG} 30"), "name"),
            "a name of control characters": Bad(_lease("an\x1b[31mn 30"), "name"),
            "control characters": Bad(_lease(CONTROL), "NAME SECONDS"),
            "renewed by who has none": Bad(_lease("ann 30 renew"), ""),
        },
    ),
    "lease/release": Input(
        AddDiagnostics,
        {
            "nothing": Bad(_lease(""), ""),
            "who has none": Bad(_lease("ann"), "ann"),
            "control characters": Bad(_lease(CONTROL), ""),
            "without end": Bad(_lease(LONG), ""),
        },
    ),
    "camera/set_camera_info": Input(
        SetCameraInfo,
        {
            "nothing": Bad(SetCameraInfo.Request(), "width, height"),
            "no width": Bad(_calibration(width=0), "width"),
            "no focal length": Bad(_calibration(k=[0.0] * 9), "focal lengths"),
            "NaN": Bad(_calibration(k=[math.nan] * 9), "finite"),
            "infinity": Bad(_calibration(p=[math.inf] * 12), "finite"),
            "coefficients of NaN": Bad(_calibration(d=[math.nan] * 5), "finite"),
            "huge": Bad(_calibration(k=[HUGE] * 9), "finite K"),
            "a coefficient too many": Bad(_calibration(d=[0.0] * 6), "coefficients"),
            "an unknown lens": Bad(_calibration("fish"), "'fish'"),
            "a lens of control characters": Bad(_calibration(CONTROL), "forged\\r"),
            "a lens without end": Bad(_calibration(LONG), "xxx…"),
        },
    ),
}


def actions() -> dict[str, Input]:
    """Return those of the actions, where control_msgs is installed."""
    from control_msgs.action import FollowJointTrajectory, PointHead
    from control_msgs.msg import JointTolerance

    def follow(which: str, tolerance: Any) -> Any:
        good = trajectory(BODY, knot(1.0, 0.0))
        return FollowJointTrajectory.Goal(trajectory=good, **{which: tolerance})

    def off(name: str, position: float) -> Any:
        return [JointTolerance(name=name, position=position)]

    def head(target: PointStamped | None = None, axis_z: float = 0.0, **parts: Any) -> Any:
        goal = PointHead.Goal(target=target or point(1.0, 0.3, 0.2), **parts)
        goal.pointing_axis.z = axis_z
        return goal

    follows = {
        what: Bad(FollowJointTrajectory.Goal(trajectory=bad.value), bad.reason)
        for what, bad in TRAJECTORIES.items()
    }
    follows |= {
        "a path tolerance of NaN": Bad(follow("path_tolerance", off("yaw_body", math.nan)), "NaN"),
        "a goal tolerance of NaN": Bad(follow("goal_tolerance", off("yaw_body", math.nan)), "NaN"),
        "a tolerance of an unknown joint": Bad(
            follow("path_tolerance", off(CONTROL, 0.1)), "forged\\r"
        ),
        "a negative time": Bad(follow("goal_time_tolerance", Duration(sec=-5)), "negative"),
    }
    heads = {what: Bad(head(bad.value), bad.reason) for what, bad in POINTS.items()}
    heads |= {
        "an unknown frame to point": Bad(head(pointing_frame="nose"), "'nose'"),
        "such a frame without end": Bad(head(pointing_frame=LONG), "xxx…"),
        "an axis of NaN": Bad(head(axis_z=math.nan), "axis"),
        "a speed of NaN": Bad(head(max_velocity=math.nan), "max_velocity"),
        "a negative speed": Bad(head(max_velocity=-1.0), "max_velocity"),
        "a speed that takes forever": Bad(head(max_velocity=1e-308), ""),
        "a negative time": Bad(head(min_duration=Duration(sec=-1)), "min_duration"),
        "a time without end": Bad(head(min_duration=Duration(sec=2**31 - 1)), ""),
    }
    return {
        "follow_joint_trajectory": Input(FollowJointTrajectory, follows),
        "point_head": Input(PointHead, heads),
    }
