# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The camera node's service ``take_photo``."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geometry_msgs.msg import PoseStamped
from rclpy.callback_groups import ReentrantCallbackGroup
from std_srvs.srv import Trigger

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.errors import ReachyMiniRosError
from reachy_mini_ros.media import photo
from reachy_mini_ros.media.frames import Frame
from reachy_mini_ros.media.shape import Shape
from reachy_mini_ros.nodes.camera.parameters import Settings
from reachy_mini_ros.nodes.common.qos import reliable
from reachy_mini_ros.nodes.common.runtime import RobotNode
from reachy_mini_ros.nodes.common.work import result_in_executor
from reachy_mini_ros.robot.geometry.camera_models import CameraModel

HEAD_POSE_WITHIN_S = 1.0
"""How long a photo waits for the head's pose, if anything publishes it."""


@dataclass(frozen=True)
class Scene:
    """What a photo takes its content from."""

    frame: Callable[[], Coroutine[Any, Any, Frame]]
    """Waits for the next picture; raises ReachyMiniRosError if there is none."""
    settings: Callable[[], Settings]
    model: Callable[[Frame, Shape], CameraModel | None]
    facts: Callable[[], dict[str, object]]
    """What else is to stand in the file."""


class Photos:
    """Saves pictures in full size; where the head was stands in the file if it is published."""

    def __init__(self, node: RobotNode, io: LoopThread, folder: Path, scene: Scene) -> None:
        self._node = node
        self._io = io
        self._folder = folder
        self._scene = scene
        node.create_service(
            Trigger, "~/take_photo", self._on_take_photo, callback_group=ReentrantCallbackGroup()
        )

    async def _on_take_photo(
        self, _: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        poses: asyncio.Queue[PoseStamped] = asyncio.Queue()
        subscription = self._node.create_subscription(
            PoseStamped,
            "head_pose",
            lambda pose: self._io.call(poses.put_nowait, pose),
            reliable(2),
        )
        try:
            published = self._node.count_publishers(subscription.topic_name) > 0
            work = self._io.submit(self._take(poses, HEAD_POSE_WITHIN_S if published else 0.0))
            response.success, response.message = await result_in_executor(self._node, work)
        finally:
            self._node.destroy_subscription(subscription)
        return response

    async def _take(
        self, poses: "asyncio.Queue[PoseStamped]", pose_within_s: float
    ) -> tuple[bool, str]:
        settings = self._scene.settings()
        try:
            frame = await self._scene.frame()
            taken_ns = time.time_ns() - (time.monotonic_ns() - frame.captured_ns)
            facts = self._facts(frame, settings)
            if (pose := await _nearest(poses, taken_ns, pose_within_s)) is not None:
                facts["head_pose"] = _head_pose(pose)
            picture = settings.shape.mirror(frame.bgr)
            path = await asyncio.to_thread(
                photo.save, self._folder, picture, taken_ns, facts, settings.photo_format
            )
        except ReachyMiniRosError as error:
            return False, str(error)
        except OSError as error:
            return False, f"the photo cannot be saved in {self._folder}: {error.strerror or error}"
        return True, str(path)

    def _facts(self, frame: Frame, settings: Settings) -> dict[str, object]:
        model = self._scene.model(frame, Shape(flip=settings.shape.flip))
        return {**self._scene.facts(), **photo.facts(frame, settings.shape.flip, model)}


async def _nearest(
    poses: "asyncio.Queue[PoseStamped]", taken_ns: int, within_s: float
) -> PoseStamped | None:
    """Return the pose of the moment nearest to the photo's; None if none comes in time."""
    try:
        async with asyncio.timeout(within_s):
            found = [await poses.get()]
    except TimeoutError:
        return None
    while not poses.empty():
        found.append(poses.get_nowait())
    return min(found, key=lambda pose: abs(_stamp_ns(pose) - taken_ns))


def _stamp_ns(pose: PoseStamped) -> int:
    return int(pose.header.stamp.sec * 10**9 + pose.header.stamp.nanosec)


def _head_pose(message: PoseStamped) -> dict[str, object]:
    p, q = message.pose.position, message.pose.orientation
    return {
        "frame_id": message.header.frame_id,
        "time": _stamp_ns(message) / 1e9,
        "position": [p.x, p.y, p.z],
        "orientation_xyzw": [q.x, q.y, q.z, q.w],
    }
