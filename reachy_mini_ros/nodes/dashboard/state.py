# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the dashboard listens to, while somebody looks, and what it makes of it."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import PoseStamped, Quaternion
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool, Float32, String

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.connection import Connection
from reachy_mini_ros.errors import NotConnectedError
from reachy_mini_ros.nodes.common.diagnostics import Level
from reachy_mini_ros.nodes.common.on_demand import Latest, OnDemand
from reachy_mini_ros.nodes.common.qos import latched, reliable
from reachy_mini_ros.nodes.common.runtime import RobotNode
from reachy_mini_ros.nodes.common.stamps import stamp_ns
from reachy_mini_ros.nodes.control.conversions import JOINT_NAMES
from reachy_mini_ros.nodes.dashboard.control_link import ControlLink
from reachy_mini_ros.nodes.dashboard.motion import DETECTION, MotionTopics
from reachy_mini_ros.robot.geometry.limits import HEAD_JOINTS, STEWART_JOINTS, lies
from reachy_mini_ros.robot.sdk import ROOT_TO_NEUTRAL_HEAD_M
from reachy_mini_ros.web.interest import Interest
from reachy_mini_ros.web.robot import (
    HeadAngles,
    HeadPose,
    JointPositions,
    MotionState,
    Rates,
    RecordingState,
    Sound,
    Status,
    StreamState,
    degrees,
)
from reachy_mini_ros.web.timeline import Kind, Timeline

LINGER_S = 3.0
"""Topics stay subscribed to for this long after the last question."""
FRESH_S = 1.0
CAMERA_FRESH_S = 2.5
TARGET_FRESH_S = 0.3
CAMERA_FACTS = ("lifecycle", "connection", "reason", "flip")
"""Of the camera's diagnostics."""
SHOWN_JOINTS = tuple(name for name in JOINT_NAMES if name not in STEWART_JOINTS)

OnSafety = Callable[[dict[str, str]], None]


class DashboardState:
    """Subscribes for as long as it is asked.

    ``on_safety`` gets each event as text. It and every method belong to the loop's thread.
    """

    def __init__(
        self,
        node: RobotNode,
        io: LoopThread,
        values: Mapping[str, Any],
        timeline: Timeline,
        on_safety: OnSafety,
    ) -> None:
        """``values`` are the node's parameters."""
        self._node = node
        self._io = io
        self._image_topic = node.resolve_topic_name(values["image_topic"])
        self._on_safety = on_safety
        self._camera: tuple[float, dict[str, str]] | None = None
        """When (monotonic, s) its diagnostics came, and what is in them."""
        self._link = ControlLink(node, lambda state: io.call(timeline.connection, state))
        self._motion = _Motion(node)
        self._picture_motion = MotionTopics(node, io, timeline)
        self._sound = _Sound(node, io, timeline, always=values["timeline_sound"])
        self._streams = Latest(node, DiagnosticArray, "stream/status", latched())
        self._interest = Interest(self._want, LINGER_S)
        self._diagnostics = OnDemand(
            node, DiagnosticArray, "/diagnostics", self._on_diagnostics, reliable(20)
        )
        self._safety = OnDemand(
            node, DiagnosticStatus, "safety_events", self._on_safety_event, reliable(20)
        )
        self._safety.want(True)  # the timeline's: silent while nothing happens
        timeline.wishes = self._may_wish

    def status(self, *, sound: bool) -> Status:
        """Return what is known; runs on the loop's thread, once for each question."""
        self._interest.touch()
        if sound:
            self._sound.interest.touch()
        camera = self._camera_values()
        known = Status(
            camera={key: camera.get(key, "") for key in CAMERA_FACTS} if camera else {},
            sound=self._sound.state(),
            recording=_recording_state(camera) if "recording_ended" in camera else None,
            picture_motion=self._picture_motion.state(self._camera if camera else None),
            streams=self._stream_states(),
        )
        if self._link.changed():
            for topic in (*self._link.topics, *self._motion.topics):
                topic.renew()
        if not self._link.there():
            return known
        return self._motion.add_to(known, self._link.connection(), self._link.robot())

    def joint_positions(self) -> JointPositions | None:
        """Return where the joints are; on the loop's thread, and asked for like the status."""
        self._interest.touch()
        return self._motion.joint_positions() if self._link.there() else None

    def require_robot(self) -> None:
        """Raise NotConnectedError if the control node says that the robot is away."""
        connection = self._link.connection() if self._link.there() else None
        if connection and connection != Connection.CONNECTED.value:
            raise NotConnectedError(f"the robot is not connected: {connection}")

    def _want(self, wanted: bool) -> None:
        level = self._picture_motion.level
        for topic in (self._diagnostics, level, self._streams, *self._motion.topics):
            topic.want(wanted)

    def _camera_values(self) -> dict[str, str]:
        told = self._camera
        return told[1] if told is not None and time.monotonic() - told[0] < CAMERA_FRESH_S else {}

    def _may_wish(self) -> bool:
        """Tell whether pictures are made anyway, or recorded."""
        values = self._camera_values()
        recording = "recording_ended" in values and _recording_state(values).clip is not None
        return recording or values.get(DETECTION) == "True"

    def _stream_states(self) -> tuple[StreamState, ...] | None:
        message = self._streams.get()
        if message is None or not self._node.count_publishers(self._streams.topic):
            return None
        return tuple(_stream_state(status) for status in message.status)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if self._image_topic.startswith(f"{status.name.partition(':')[0]}/"):
                values = {entry.key: entry.value for entry in status.values}
                self._camera = time.monotonic(), values

    def _on_safety_event(self, message: DiagnosticStatus) -> None:
        event = {
            "level": Level(message.level).name.lower(),
            "name": message.name.rpartition(": ")[2],
            "message": message.message,
        }
        self._io.call(self._on_safety, event)


class _Motion:
    """Where the joints and the head are and who moves them."""

    def __init__(self, node: RobotNode) -> None:
        self._head = Latest(node, PoseStamped, "head_pose")
        self._target = Latest(node, PoseStamped, "target_head_pose")
        self._joints = Latest(node, JointState, "joint_states")
        self._owner = Latest(node, String, "motion_owner", latched())
        self._moving = Latest(node, Bool, "moving", latched())
        self._mode = Latest(node, String, "motor_mode", latched())
        self.topics: tuple[OnDemand, ...] = (
            *(self._head, self._target, self._joints, self._owner, self._moving, self._mode),
        )

    def owner(self) -> str | None:
        """Return what moves the robot."""
        owner = self._owner.get()
        return owner.data or None if owner else None

    def joint_positions(self) -> JointPositions | None:
        joints = self._joints.get(FRESH_S)
        if joints is None:
            return None
        positions = dict(zip(joints.name, joints.position, strict=False))
        return JointPositions(stamp_ns(joints.header.stamp) / 1e9, positions)

    def add_to(self, status: Status, connection: str | None, robot: dict[str, str]) -> Status:
        head, target = self._head.get(FRESH_S), self._target.get(TARGET_FRESH_S)
        joints = self._joints.get(FRESH_S)
        moving, mode = self._moving.get(), self._mode.get()
        return replace(
            status,
            connection=connection,
            robot=robot,
            head=head_pose(head) if head else None,
            target_head=head_angles(target.pose.orientation) if target else None,
            joints=joint_angles(joints) if joints else None,
            motion=MotionState(
                self.owner(),
                moving.data if moving else None,
                mode.data or None if mode else None,
                _asleep(joints) if joints else None,
            ),
            rates=Rates(joint_states_hz=round(self._joints.rate_hz(), 1) if joints else None),
        )


class _Sound:
    """What the audio node tells; only while asked for, as the microphone is decoded for it."""

    def __init__(
        self, node: RobotNode, io: LoopThread, timeline: Timeline, *, always: bool
    ) -> None:
        """Listen for sound and speech while nobody asks, too, if it is ``always``."""
        self._timeline, self._always, self._wanted = timeline, always, False

        def note() -> None:
            io.call(self._note)

        self._level = Latest(node, Float32, "audio/level")
        self._direction = Latest(node, PoseStamped, "audio/doa", latched())
        self._activity = Latest(node, Bool, "audio/activity", latched(), note)
        self._speaking = Latest(node, Bool, "audio/is_speaking", latched(), note)
        self.interest = Interest(self._want, LINGER_S)
        for topic in (self._activity, self._speaking):
            topic.want(always)

    def state(self) -> Sound | None:
        # The others are told when they change: they hold for as long as the level comes.
        level = self._level.get(FRESH_S)
        if level is None:
            return None
        activity, speaking = self._activity.get(), self._speaking.get()
        direction = self._direction.get()
        return Sound(
            round(level.data, 1),
            activity.data if activity else None,
            speaking.data if speaking else None,
            head_angles(direction.pose.orientation).yaw if direction else None,
        )

    def _want(self, wanted: bool) -> None:
        self._wanted = wanted
        for topic in (self._level, self._direction):
            topic.want(wanted)
        for topic in (self._activity, self._speaking):
            topic.want(wanted or self._always)
        self._note()

    def _note(self) -> None:
        for kind, topic in ((Kind.SOUND, self._activity), (Kind.SPEECH, self._speaking)):
            message = topic.get() if self._wanted or self._always else None
            self._timeline.follow(kind, message is not None and bool(message.data))


def head_angles(q: Quaternion) -> HeadAngles:
    """Return roll, pitch, yaw in degrees about the fixed axes x, y, z (REP-103)."""
    roll = math.atan2(2 * (q.w * q.x + q.y * q.z), 1 - 2 * (q.x * q.x + q.y * q.y))
    pitch = math.asin(max(-1.0, min(1.0, 2 * (q.w * q.y - q.z * q.x))))
    yaw = math.atan2(2 * (q.w * q.z + q.x * q.y), 1 - 2 * (q.y * q.y + q.z * q.z))
    return HeadAngles.of(roll, pitch, yaw)


def head_pose(message: PoseStamped) -> HeadPose:
    """Return the head's angles, and its place in metres from the neutral head's."""
    angles, place = head_angles(message.pose.orientation), message.pose.position
    return HeadPose.at(angles, place.x, place.y, place.z - ROOT_TO_NEUTRAL_HEAD_M)


def joint_angles(message: JointState) -> dict[str, float]:
    """Return body and antennas in degrees, those that the message has."""
    angles = dict(zip(message.name, message.position, strict=False))
    return {name: degrees(angles[name]) for name in SHOWN_JOINTS if name in angles}


def _asleep(message: JointState) -> bool | None:
    """Tell whether the head lies, by its joints; None where the message has not all of them."""
    angles = dict(zip(message.name, message.position, strict=False))
    if not angles.keys() >= set(HEAD_JOINTS):
        return None
    return lies(np.array([angles[name] for name in HEAD_JOINTS]))


def _stream_state(status: DiagnosticStatus) -> StreamState:
    values = {entry.key: entry.value for entry in status.values}
    urls = tuple(values.get("viewer_urls", "").split())
    return StreamState(status.name, values.get("state", ""), urls, values.get("reason", ""))


def _recording_state(values: dict[str, str]) -> RecordingState:
    """Return what the camera's diagnostics say of its recording."""
    try:
        since = float(values.get("recording_since", ""))
    except ValueError:
        failed = values.get("recording_failed") == "True"
        return RecordingState(ended=values["recording_ended"], failed=failed)
    return RecordingState(values.get("recording") or None, since)
