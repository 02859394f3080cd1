# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Node ``camera``: the robot's pictures as image_raw, image_raw/compressed and camera_info."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rclpy.callback_groups import ReentrantCallbackGroup
from sensor_msgs.msg import CameraInfo
from sensor_msgs.srv import SetCameraInfo

from reachy_mini_ros.aio import LoopThread, Switch
from reachy_mini_ros.connection import Connection
from reachy_mini_ros.errors import NotConnectedError
from reachy_mini_ros.hosts import network_address
from reachy_mini_ros.media.frames import Frame
from reachy_mini_ros.media.memory import keep_freed_buffers
from reachy_mini_ros.media.newest import NewestFrame
from reachy_mini_ros.media.rate import RateChooser
from reachy_mini_ros.media.shape import Shape
from reachy_mini_ros.media.sources import choice
from reachy_mini_ros.nodes.camera import info
from reachy_mini_ros.nodes.camera.antenna_sign import AntennaSign
from reachy_mini_ros.nodes.camera.parameters import LIVE, PARAMETERS, settings
from reachy_mini_ros.nodes.camera.photos import Photos, Scene
from reachy_mini_ros.nodes.camera.recordings import Recordings
from reachy_mini_ros.nodes.camera.topics import CameraTopics
from reachy_mini_ros.nodes.camera.video import VideoTopics
from reachy_mini_ros.nodes.common.diagnostics import Level, Report, publish_diagnostics
from reachy_mini_ros.nodes.common.managed import ManagedNode
from reachy_mini_ros.nodes.common.parameters import declare
from reachy_mini_ros.nodes.common.stamps import CaptureStamps
from reachy_mini_ros.nodes.common.work import result_in_executor
from reachy_mini_ros.robot.daemon.api import DaemonApi
from reachy_mini_ros.robot.daemon.camera_watch import CameraWatch
from reachy_mini_ros.robot.geometry.camera_models import SIMULATION, CameraModel, camera_model

SLOW = 0.9
"""A source below this share of ``frame_rate`` is told of in the diagnostics."""
UNCALIBRATED = "uncalibrated"
"""The name of a camera of which nothing is known."""


class CameraNode(ManagedNode):
    """Publishes while somebody subscribes; conversion and JPEG run in a thread of their own."""

    def __init__(self, io: LoopThread) -> None:
        super().__init__("camera")
        self._io = io
        values = declare(self, PARAMETERS, self._on_change, io)
        self._settings = settings(values)
        self._calibration_path: Path | None = None
        self._calibration: CameraModel | None = None
        if values["camera_info_url"]:
            self._calibration_path = info.calibration_path(values["camera_info_url"])
            self._calibration = info.load_calibration(self._calibration_path)
        self._chooser = RateChooser(self._settings.frame_rate)
        self._address = network_address(values["robot_host"], values["robot_port"])
        self._api = DaemonApi(values["robot_host"], values["robot_port"])
        self._choice = choice.choose(
            values["source"], values["robot_host"], self._settings.frame_rate
        )
        self._source = choice.build(
            self._choice, values, self._api, self._on_connection, self.supervisor
        )
        self._watch = CameraWatch(self._api, self._is_connected, self._on_problem)
        self._switch = Switch(lambda: self.supervisor.keep("source", self._stream))
        self._open = False
        self._watched = False
        frame_id = values["frame_prefix"] + values["frame_id"]
        stamps = CaptureStamps(self.get_clock())
        self._topics = CameraTopics(self, frame_id, stamps, self._model, self._on_matched)
        self._video = VideoTopics(self, io, self._source, frame_id, stamps, lambda: self._settings)
        folder = Path(values["photo_directory"]).expanduser()
        scene = Scene(self._frame, lambda: self._settings, self._model, self._facts)
        self._photos = Photos(self, io, folder, scene)
        clips = Path(values["record_directory"]).expanduser()
        self._recordings = Recordings(
            *(self, io, self._source, clips, stamps),
            lambda: self._settings,
            lambda: self._open,
        )
        self._sign = AntennaSign(
            *(self, io),
            lambda: self._settings.show_on_robot,
            lambda: self._open and self._is_connected(),
        )
        self._sign.follow()
        self.create_service(
            SetCameraInfo,
            "~/set_camera_info",
            self._on_set_camera_info,
            callback_group=ReentrantCallbackGroup(),
        )
        publish_diagnostics(self, self._address, self._report)
        keep_freed_buffers()
        self._worker = NewestFrame(self._publish, "camera pictures", self.supervisor)
        self.get_logger().info(f"source {self._choice.name}: {self._choice.reason}")
        self.start(values["autostart"])

    def open_stream(self) -> None:
        """Open the source."""
        self._open = self._video.open = True
        self._io.call(self._switch.want, True)
        self._recordings.follow()

    def close_stream(self) -> None:
        """Close the source; no picture is published from now on."""
        if self._open:
            self._open = self._video.open = False
            self._recordings.follow()
            self._io.call(self._switch.want, False)

    def close(self) -> None:
        """End the stream and the worker."""
        self._io.submit(self._end()).result()
        self._worker.close()

    # On the executor's thread

    def _on_change(self, changed: Mapping[str, Any]) -> None:
        values = {name: self.get_parameter(name).value for name in LIVE}
        self._settings = settings({**values, **changed})
        self._chooser.rate_hz = self._settings.frame_rate
        self._look_for_subscribers()
        self._recordings.follow()
        self._sign.follow()

    def _on_matched(self, _: object) -> None:
        self._io.call(self._look_for_subscribers)

    async def _on_set_camera_info(
        self, request: SetCameraInfo.Request, response: SetCameraInfo.Response
    ) -> SetCameraInfo.Response:
        work = self._io.submit(self._set_camera_info(request.camera_info))
        response.success, response.status_message = await result_in_executor(self, work)
        return response

    def _report(self) -> Report:
        source, topics, wanted_hz = self._source, self._topics, self._settings.frame_rate
        input_hz = source.input_rate_hz if self._open else 0.0
        values = {
            "lifecycle": self.lifecycle,
            "connection": source.connection.value if self._open else "closed",
            "stage": source.stage if self._open else None,
            "reason": self._reason(),
            "source": self._choice.name,
            "source_reason": self._choice.reason,
            "camera": self._camera_name or "unknown",
            "flip": self._settings.shape.flip,
            "input_rate_hz": input_hz,
            "output_rate_hz": topics.latencies_ms.rate_hz(),
            "latency_p50_ms": topics.latencies_ms.percentile(50),
            "latency_p95_ms": topics.latencies_ms.percentile(95),
            "published": topics.counts.published,
            "dropped": self._worker.dropped,
            "bursts": source.backlog.bursts if source.backlog is not None else None,
            "dropped_stale": source.backlog.dropped if source.backlog is not None else None,
            "conversions": topics.counts.conversions,
            "encodes": topics.counts.encodes,
            **self._video.facts(),
            "reconnects": max(0, source.connections - 1),
            "last_error": source.last_error,
            "motion_detection": self._settings.motion_detection,
            **self._recordings.values(),
        }
        if not self._open:
            return Report(Level.OK, f"{self.lifecycle}: the stream is closed", values)
        if not self._is_connected():
            reason = f"{source.connection.value}: {self._reason()}"
            return Report(Level.ERROR, reason, values)
        if self._recordings.state.is_error:
            return Report(Level.ERROR, self._recordings.state.ended, values)
        anybody = self._watched or self._video.watched
        watched = "somebody subscribes" if anybody else "nobody subscribes"
        if 0 < input_hz < SLOW * wanted_hz:
            slow = f"the source gives {input_hz:.1f} Hz of the {wanted_hz:g} Hz asked for"
            return Report(Level.WARN, f"connected, {watched}; {slow}", values)
        return Report(Level.OK, f"connected, {watched}", values)

    # On the event loop

    async def _stream(self) -> None:
        """Keep source and daemon watched until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._source.run())
                if self._choice.from_robot:
                    tasks.create_task(self._watch.run())
        finally:
            self._worker.offer(None)
            self.get_logger().info("the stream is closed")

    async def _end(self) -> None:
        await self._sign.close()
        await self._recordings.close()
        await self._switch.close()
        await self._api.close()

    def _look_for_subscribers(self) -> None:
        """Take pictures from the source while anything is subscribed to."""
        wanted = self._topics.wanted(self._settings)
        if wanted and not self._watched:
            self._source.add_video(self._on_frame)
        elif self._watched and not wanted:
            self._source.remove_video(self._on_frame)
        self._watched = wanted

    def _on_frame(self, frame: Frame) -> None:
        if self._chooser.choose(frame.captured_ns):
            self._worker.offer(frame)

    def _on_connection(self, connection: Connection, reason: str) -> None:
        self._watch.wake()
        if connection is Connection.CONNECTED:
            self.get_logger().info(f"pictures arrive from {self._choice.name}")
        else:
            self._worker.offer(None)
            self.get_logger().warning(f"{connection.value}: {reason}")

    def _on_problem(self, problem: str) -> None:
        self.get_logger().warning(problem)

    async def _frame(self) -> Frame:
        if not self._open:
            raise NotConnectedError(f"the camera is {self.lifecycle}: activate it for pictures")
        try:
            return await self._source.frame()
        except NotConnectedError as error:
            problem = self._watch.problem
            raise NotConnectedError(f"{error}; {problem}" if problem else str(error)) from None

    async def _set_camera_info(self, message: CameraInfo) -> tuple[bool, str]:
        try:
            model = info.from_message(message, self._camera_name or "camera")
            if self._calibration_path is not None:
                await asyncio.to_thread(info.save_calibration, self._calibration_path, model)
        except (ValueError, OSError) as error:
            return False, str(error)
        self._calibration = model
        if self._calibration_path is None:
            return True, "in use until the node ends; with camera_info_url it would be saved"
        return True, f"saved in {self._calibration_path}"

    # On the worker's thread

    def _publish(self, frame: Frame) -> None:
        if self._open:
            self._topics.publish(frame, self._settings)

    def _model(self, frame: Frame, shape: Shape) -> CameraModel | None:
        """Return the model of a frame in this shape, None while it is not known."""
        size = shape.size(frame.width, frame.height)
        if self._calibration is not None:
            return self._calibration.resized(*size)
        name = self._camera_name
        if name is None:
            return None
        if name == UNCALIBRATED:  # REP-104: a K of zeros says so
            return CameraModel(name, *size, k=np.zeros((3, 3)), distortion_model="")
        model = camera_model(name, frame.width, frame.height)
        return model.flipped(shape.flip_horizontal, shape.flip_vertical).resized(*size)

    # On any thread

    @property
    def _camera_name(self) -> str | None:
        if self._choice.from_robot:
            return self._watch.camera_name
        return SIMULATION if self._choice.name == "synthetic" else UNCALIBRATED

    def _is_connected(self) -> bool:
        return self._source.connection is Connection.CONNECTED

    def _reason(self) -> str:
        parts = (self._source.reason, self._watch.problem if self._choice.from_robot else "")
        return "; ".join(part for part in parts if part)

    def _facts(self) -> dict[str, object]:
        """Return what a photo says of its origin."""
        origin = self._address if self._choice.from_robot else "none"
        return {"robot": origin, "camera": self._camera_name or "unknown"}
