# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The camera node's service ``record``, and clips of what moves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from geometry_msgs.msg import PoseStamped
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.time import Time
from sensor_msgs.msg import JointState
from std_srvs.srv import SetBool

from reachy_mini_ros.aio import LoopThread, Switch
from reachy_mini_ros.errors import ReachyMiniRosError
from reachy_mini_ros.media.motion_recording import record_motion
from reachy_mini_ros.media.recording import Limits, Recorder, Recording
from reachy_mini_ros.media.sources.base import VideoSource
from reachy_mini_ros.nodes.camera.parameters import Settings
from reachy_mini_ros.nodes.common.on_demand import OnDemand
from reachy_mini_ros.nodes.common.runtime import RobotNode
from reachy_mini_ros.nodes.common.stamps import CaptureStamps
from reachy_mini_ros.nodes.common.work import Work, result_in_executor
from reachy_mini_ros.robot import rows


class Recordings:
    """Clips in a folder, with what ``head_pose`` and ``joint_states`` say meanwhile."""

    def __init__(
        self,
        node: RobotNode,
        io: LoopThread,
        source: VideoSource,
        folder: Path,
        stamps: CaptureStamps,
        settings: Callable[[], Settings],
        is_open: Callable[[], bool],
    ) -> None:
        """``is_open`` tells whether the stream may be there at all."""
        self._node, self._io = node, io
        self._stamps, self._settings, self._is_open = stamps, settings, is_open
        self._work = Work(node, io)
        self._recorder = Recorder(
            source,
            folder,
            rows.COLUMNS,
            self._work,
            limits=lambda: Limits(settings().record_max_s, settings().record_max_mb),
            time_ns=self._time_ns,
            on_change=self._on_change,
        )
        self._motion = Switch(
            lambda: node.supervisor.keep(
                "recording of motion",
                lambda: record_motion(source, self._recorder, lambda: settings().motion_threshold),
            )
        )
        self._topics = (
            OnDemand(node, PoseStamped, "head_pose", self._on_head_pose),
            OnDemand(node, JointState, "joint_states", self._on_joint_states),
        )
        node.create_service(
            SetBool, "~/record", self._on_record, callback_group=ReentrantCallbackGroup()
        )

    # On any thread

    @property
    def state(self) -> Recording:
        """Return what is recorded."""
        return self._recorder.state

    def values(self) -> dict[str, object]:
        """Return what the diagnostics say of it."""
        state = self.state
        return {
            "recording": state.path.name if state.path is not None else None,
            "recording_since": state.began_ns // 10**9 if state.path is not None else None,
            "recording_ended": state.ended,
            "recording_failed": state.is_error,
        }

    def follow(self) -> None:
        """Take the parameters, and whether the stream is open, into account."""
        self._io.call(self._follow)

    # On the event loop

    async def close(self) -> None:
        """End a clip, with all of it on the disk."""
        await self._motion.close()
        await self._recorder.stop()
        await self._work.end()

    def _follow(self) -> None:
        is_open = self._is_open()
        self._motion.want(is_open and self._settings().record_on == "motion")
        if not is_open and self._recorder.is_on:
            self._work.start("end of a recording", self._recorder.stop())

    async def _record(self, on: bool) -> tuple[bool, str]:
        if not on:
            return not self.state.is_error, await self._recorder.stop()
        if not self._is_open():
            return False, "the camera is not active: activate it to record"
        try:
            return True, str(await self._recorder.start())
        except ReachyMiniRosError as error:
            return False, str(error)

    def _on_change(self, recording: Recording) -> None:
        for topic in self._topics:
            topic.want(recording.path is not None)
        log = self._node.get_logger()
        if recording.path is not None:
            log.info(f"recording {recording.path}")
        elif recording.is_error:
            log.error(recording.ended)
        else:
            log.info(f"the recording ended{': ' * bool(recording.ended)}{recording.ended}")

    # On the executor's thread

    async def _on_record(
        self, request: SetBool.Request, response: SetBool.Response
    ) -> SetBool.Response:
        work = self._io.submit(self._record(request.data))
        response.success, response.message = await result_in_executor(self._node, work)
        return response

    def _on_head_pose(self, message: PoseStamped) -> None:
        p, q = message.pose.position, message.pose.orientation
        values = dict(zip(rows.HEAD, (p.x, p.y, p.z, q.x, q.y, q.z, q.w), strict=True))
        self._add(message, values)

    def _on_joint_states(self, message: JointState) -> None:
        self._add(message, dict(zip(message.name, message.position, strict=False)))

    def _add(self, message: PoseStamped | JointState, values: dict[str, float]) -> None:
        stamp_ns = Time.from_msg(message.header.stamp).nanoseconds
        self._io.call(self._recorder.add_state, stamp_ns, values)

    # On the thread that writes

    def _time_ns(self, captured_ns: int) -> int:
        """Return a picture's stamp as it is published, too."""
        stamp = self._stamps.at(captured_ns, self._settings().timestamp_offset)
        return int(Time.from_msg(stamp).nanoseconds)
