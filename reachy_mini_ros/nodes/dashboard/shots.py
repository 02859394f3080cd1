# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Single pictures with where the head was at their stamp, out of topics."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import Any

import cv2
import numpy as np
from geometry_msgs.msg import PoseStamped
from sensor_msgs.msg import CameraInfo, CompressedImage

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.errors import NotConnectedError, RobotError
from reachy_mini_ros.nodes.common.on_demand import Latest, OnDemand
from reachy_mini_ros.nodes.common.qos import reliable
from reachy_mini_ros.nodes.common.runtime import RobotNode
from reachy_mini_ros.nodes.common.stamps import stamp_ns
from reachy_mini_ros.robot.geometry.camera_models import CameraModel
from reachy_mini_ros.robot.geometry.rotations import from_quaternion
from reachy_mini_ros.robot.sdk import ROOT_TO_NEUTRAL_HEAD_M
from reachy_mini_ros.robot.state import Matrix
from reachy_mini_ros.web.interest import Interest
from reachy_mini_ros.web.robot import Shot

KEEP_S = 10.0
"""The topics stay subscribed to for so long after a picture."""
PICTURE_S = 8.0
"""For the first one to come, which may have the camera begin."""
POSES = 100
"""Two seconds of them."""
INFO_S, INFO_PERIOD_S = 2.0, 0.05
"""For the first camera_info, which may come after the first picture."""


class Shots:
    """Takes pictures from topics; every method belongs to the loop's thread."""

    def __init__(self, node: RobotNode, io: LoopThread, image_topic: str) -> None:
        self._io = io
        self._node = node
        self._topic = image_topic
        self._poses: deque[tuple[int, PoseStamped]] = deque(maxlen=POSES)
        self._waiting: list[asyncio.Future[CompressedImage]] = []
        self._newer = asyncio.Event()
        folder = image_topic.removesuffix("/compressed").rpartition("/")[0]
        self._info_topic = f"{folder}/camera_info"
        self._info = Latest(node, CameraInfo, self._info_topic)
        self._topics: tuple[OnDemand, ...] = (
            OnDemand(node, CompressedImage, image_topic, self._on_image),
            OnDemand(node, PoseStamped, "head_pose", self._on_pose, reliable(50)),
            self._info,
        )
        self._interest = Interest(self._want, KEEP_S)

    async def take(self) -> Shot:
        """Return the next picture; raises NotConnectedError if none, or no pose of it, comes."""
        with self._interest.held():
            what = ""
            try:
                async with asyncio.timeout(PICTURE_S):
                    pose = None
                    while pose is None:
                        what = f"picture on {self._topic}"
                        message = await self._next()
                        taken_ns = stamp_ns(message.header.stamp)
                        what = "head_pose of its time"
                        pose = await self._pose_at(taken_ns)
            except TimeoutError:
                raise NotConnectedError(
                    f"no {what} came within {PICTURE_S:g} s: do the camera and the control node "
                    "run, and is the robot connected?"
                ) from None
            image = await asyncio.to_thread(_decoded, message.data)
            model = await self._model(image.shape[1], image.shape[0])
        return Shot(image, taken_ns / 1e9, _matrix(pose), model)

    async def _next(self) -> CompressedImage:
        """Return the picture that comes next."""
        taken: asyncio.Future[CompressedImage] = asyncio.get_running_loop().create_future()
        self._waiting.append(taken)
        try:
            return await taken
        finally:
            if taken in self._waiting:
                self._waiting.remove(taken)

    async def _pose_at(self, taken_ns: int) -> PoseStamped | None:
        """Return the head's pose at a time when it is known; None for one before all of them."""
        while not self._poses or self._poses[-1][0] < taken_ns:
            self._newer.clear()
            await self._newer.wait()
        if taken_ns < self._poses[0][0]:
            return None
        return min(self._poses, key=lambda known: abs(known[0] - taken_ns))[1]

    async def _model(self, width: int, height: int) -> CameraModel | None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(INFO_S):
                # Polled, since it is for the first picture only.
                while (  # noqa: ASYNC110
                    self._info.get() is None and self._node.count_publishers(self._info_topic)
                ):
                    await asyncio.sleep(INFO_PERIOD_S)
        info = self._info.get()
        if info is None or not any(info.k):
            return None
        k = np.array(info.k).reshape(3, 3)
        lens = tuple(map(float, info.d))
        model = CameraModel("topic", info.width, info.height, k, lens, info.distortion_model)
        return model.resized(width, height)

    def _want(self, wanted: bool) -> None:
        for topic in self._topics:
            topic.want(wanted)
        if not wanted:
            self._poses.clear()

    # On the executor's thread.

    def _on_image(self, message: CompressedImage) -> None:
        self._io.call(self._take_image, message)

    def _on_pose(self, message: PoseStamped) -> None:
        self._io.call(self._take_pose, message)

    # On the loop's thread.

    def _take_image(self, message: CompressedImage) -> None:
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            if not one.done():
                one.set_result(message)

    def _take_pose(self, message: PoseStamped) -> None:
        self._poses.append((stamp_ns(message.header.stamp), message))
        self._newer.set()


def _decoded(data: Any) -> Any:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise RobotError("the camera's picture cannot be decoded")
    return image


def _matrix(message: PoseStamped) -> Matrix:
    place, q = message.pose.position, message.pose.orientation
    pose = np.eye(4)
    pose[:3, :3] = from_quaternion((q.x, q.y, q.z, q.w))
    pose[:3, 3] = (place.x, place.y, place.z - ROOT_TO_NEUTRAL_HEAD_M)
    return pose
