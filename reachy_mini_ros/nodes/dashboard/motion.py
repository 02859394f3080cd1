# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the camera node tells of motion in its picture."""

import math
import time
from collections.abc import Mapping

from std_msgs.msg import Bool, Float32

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.nodes.common.on_demand import Latest
from reachy_mini_ros.nodes.common.runtime import RobotNode
from reachy_mini_ros.web.robot import PictureMotion
from reachy_mini_ros.web.timeline import Kind, Timeline

FRESH_S = 1.0
DETECTION = "motion_detection"
"""The camera's parameter, also in its diagnostics."""


class MotionTopics:
    """Notes motion, also while nobody looks: the topic is silent unless the camera looks for it.

    Everything but the constructor belongs to the loop's thread.
    """

    def __init__(self, node: RobotNode, io: LoopThread, timeline: Timeline) -> None:
        self._node = node
        self._timeline = timeline
        self._moving = Latest(node, Bool, "camera/motion", on_new=lambda: io.call(self._note))
        self.level = Latest(node, Float32, "camera/motion_level")
        """To be wanted while somebody looks."""
        self._noted_s = -math.inf
        self._moving.want(True)

    def state(self, told: tuple[float, Mapping[str, str]] | None) -> PictureMotion | None:
        """Return what there is to show; ``told`` is when (monotonic, s) the camera told what."""
        detection = told[1].get(DETECTION) if told is not None else None
        if told is None or detection not in ("True", "False"):
            if not self._node.count_publishers(self._moving.topic):
                self._timeline.lose(Kind.MOTION)
            return None
        if detection == "False":
            if told[0] > self._noted_s:
                self._timeline.lose(Kind.MOTION)
            return PictureMotion(False)
        moving, level = self._moving.get(), self.level.get(FRESH_S)
        if level is None:
            return PictureMotion(True)
        return PictureMotion(True, moving.data if moving else None, round(level.data, 3))

    def _note(self) -> None:
        message = self._moving.get()
        if message is not None:
            self._noted_s = time.monotonic()
            self._timeline.follow(Kind.MOTION, bool(message.data))
