# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Node ``camera``: the robot's pictures as image_raw, image_raw/compressed and camera_info."""

import asyncio
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.duration import Duration
from rclpy.event_handler import PublisherEventCallbacks
from rclpy.publisher import Publisher
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from sensor_msgs.srv import SetCameraInfo
from std_msgs.msg import Header
from std_srvs.srv import Trigger

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.backoff import Backoff
from reachy_mini_ros.errors import ReachyMiniRosError
from reachy_mini_ros.media import jpeg, photo
from reachy_mini_ros.media.frames import Frame
from reachy_mini_ros.media.memory import keep_freed_buffers
from reachy_mini_ros.media.newest import NewestFrame
from reachy_mini_ros.media.rate import RateChooser
from reachy_mini_ros.media.sessions import SharedSession
from reachy_mini_ros.media.shape import FLIPS, Shape
from reachy_mini_ros.nodes import camera_info, images
from reachy_mini_ros.nodes.diagnostics import Level, Report, publish_diagnostics
from reachy_mini_ros.nodes.parameters import Param, declare
from reachy_mini_ros.nodes.qos import reliable
from reachy_mini_ros.nodes.runtime import RobotNode, run
from reachy_mini_ros.nodes.stamps import to_stamp
from reachy_mini_ros.nodes.waiting import result_in_executor
from reachy_mini_ros.robot import calibration_file, sdk
from reachy_mini_ros.robot.api import DaemonApi
from reachy_mini_ros.robot.camera_models import CameraModel, camera_model, camera_of
from reachy_mini_ros.robot.state import Connection
from reachy_mini_ros.statistics import Window

PARAMETERS = (
    Param("robot_host", "reachy-mini.local", "Robot's name or address", read_only=True),
    Param("robot_port", 8000, "Port of the robot's daemon", 1, 65535, read_only=True),
    Param("signalling_port", 8443, "Port of the robot's media", 1, 65535, read_only=True),
    Param(
        "source",
        "auto",
        "Where pictures come from; auto takes webrtc",
        choices=("auto", "webrtc"),
        read_only=True,
    ),
    Param("frame_rate", 15.0, "Pictures a second, at most those of the robot", 1.0, 60.0),
    Param("width", 0, "Width to scale down to, px; 0: as it comes or by the aspect", 0, 4608),
    Param("height", 0, "Height to scale down to, px; 0: as it comes or by the aspect", 0, 4608),
    Param("jpeg_quality", 80, "Quality of image_raw/compressed", 1, 100),
    Param("flip", "none", "How to mirror the pictures", choices=tuple(FLIPS)),
    Param(
        "camera_info_url",
        "",
        "Calibration of the pictures as published: file:///PATH or package://PACKAGE/PATH in "
        "camera_calibration's format; empty: the robot's own",
        read_only=True,
    ),
    Param("frame_id", "camera_optical", "TF frame of the pictures", read_only=True),
    Param("timestamp_offset", 0.0, "Added to the time stamps, s", -10.0, 10.0),
    Param("photo_directory", "~/Pictures/reachy_mini", "Where take_photo saves", read_only=True),
)


@dataclass(frozen=True)
class Settings:
    """What can be changed while the node runs."""

    frame_rate: float
    jpeg_quality: int
    timestamp_offset: float
    shape: Shape


@dataclass
class Counts:
    """Work done so far."""

    published: int = 0
    conversions: int = 0
    encodes: int = 0


class CameraNode(RobotNode):
    """Publishes while somebody subscribes; conversion and JPEG run in a thread of their own."""

    def __init__(self, io: LoopThread) -> None:
        super().__init__("camera")
        self._io = io
        values = declare(self, PARAMETERS, self._on_change)
        self._settings = _settings(values)
        self._frame_id: str = values["frame_id"]
        self._photo_directory = Path(values["photo_directory"]).expanduser()
        self._calibration_path: Path | None = None
        self._calibration: CameraModel | None = None
        if values["camera_info_url"]:
            self._calibration_path = camera_info.calibration_path(values["camera_info_url"])
            self._calibration = calibration_file.load(self._calibration_path)
        self._camera_name: str | None = None
        self._counts = Counts()
        self._latencies_ms = Window()
        self._chooser = RateChooser(self._settings.frame_rate)
        self._address = f"{values['robot_host']}:{values['robot_port']}"
        self._api = DaemonApi(values["robot_host"], values["robot_port"])
        self._session = SharedSession(
            values["robot_host"], values["signalling_port"], on_connection=self._on_connection
        )
        self._watching = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._image = self._publisher(Image, "~/image_raw")
        self._compressed = self._publisher(CompressedImage, "~/image_raw/compressed")
        self._info = self._publisher(CameraInfo, "~/camera_info")
        group = ReentrantCallbackGroup()
        self.create_service(Trigger, "~/take_photo", self._on_take_photo, callback_group=group)
        self.create_service(
            SetCameraInfo, "~/set_camera_info", self._on_set_camera_info, callback_group=group
        )
        publish_diagnostics(self, self._address, self._report)
        keep_freed_buffers()
        self._worker = NewestFrame(self._publish, "camera pictures")
        io.call(self._start, self._session.run())

    def close(self) -> None:
        """End the session with the robot and the worker."""
        self._io.submit(self._end()).result()
        self._worker.close()

    def _publisher(self, kind: type, name: str) -> Publisher[Any]:
        # Matched events tell of subscribers that come and go without being asked.
        return self.create_publisher(
            kind,
            name,
            reliable(2),
            event_callbacks=PublisherEventCallbacks(matched=self._on_matched),
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )

    # On the executor's thread

    def _on_change(self, changed: Mapping[str, Any]) -> None:
        values = {name: self.get_parameter(name).value for name in _LIVE}
        self._settings = _settings({**values, **changed})
        self._chooser.rate_hz = self._settings.frame_rate

    def _on_matched(self, _: object) -> None:
        self._io.call(self._watch)

    async def _on_take_photo(
        self, _: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        work = self._io.submit(self._take_photo())
        response.success, response.message = await result_in_executor(self, work)
        return response

    async def _on_set_camera_info(
        self, request: SetCameraInfo.Request, response: SetCameraInfo.Response
    ) -> SetCameraInfo.Response:
        work = self._io.submit(self._set_camera_info(request.camera_info))
        response.success, response.status_message = await result_in_executor(self, work)
        return response

    def _report(self) -> Report:
        session, counts = self._session, self._counts
        connected = session.connection is Connection.CONNECTED
        values = {
            "connection": session.connection.value,
            "reason": session.reason,
            "source": "webrtc",
            "camera": self._camera_name or "unknown",
            "input_rate_hz": session.input_rate_hz,
            "output_rate_hz": self._latencies_ms.rate_hz(),
            "latency_p50_ms": self._latencies_ms.percentile(50),
            "latency_p95_ms": self._latencies_ms.percentile(95),
            "published": counts.published,
            "dropped": self._worker.dropped,
            "conversions": counts.conversions,
            "encodes": counts.encodes,
            "reconnects": max(0, session.connections - 1),
            "last_error": session.last_error,
        }
        if not connected:
            return Report(Level.ERROR, f"{session.connection.value}: {session.reason}", values)
        watched = "somebody subscribes" if self._watching else "nobody subscribes"
        return Report(Level.OK, f"connected, {watched}", values)

    # On the event loop

    def _start(self, coroutine: Any) -> None:
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._on_done)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.get_logger().fatal(f"internal error, please report it: {error!r}")

    async def _end(self) -> None:
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._api.close()

    def _watch(self) -> None:
        """Take pictures from the session while anything is subscribed to."""
        wanted = any(
            publisher.get_subscription_count()
            for publisher in (self._image, self._compressed, self._info)
        )
        if wanted and not self._watching:
            self._session.add_video(self._on_frame)
        elif self._watching and not wanted:
            self._session.remove_video(self._on_frame)
        self._watching = wanted

    def _on_frame(self, frame: Frame) -> None:
        if self._chooser.choose(frame.captured_ns):
            self._worker.offer(frame)

    def _on_connection(self, connection: Connection, reason: str) -> None:
        if connection is Connection.CONNECTED:
            self.get_logger().info("the robot's pictures arrive")
            self._start(self._ask_for_camera())
        else:
            self._worker.offer(None)
            self.get_logger().warning(f"{connection.value}: {reason}")

    async def _ask_for_camera(self) -> None:
        """Learn which camera it is; until then there is no camera_info."""
        backoff = Backoff(initial_s=0.2, cap_s=5.0)
        while self._session.connection is Connection.CONNECTED:
            try:
                # The SDK takes long to import, and without it the worker could say nothing.
                await asyncio.to_thread(sdk.require)
                self._camera_name = camera_of(await self._api.info())
                return
            except ReachyMiniRosError as error:
                self.get_logger().warning(f"no camera_info yet: {error}", once=True)
            await asyncio.sleep(backoff.pause_s())

    async def _take_photo(self) -> tuple[bool, str]:
        settings = self._settings
        try:
            frame = await self._session.frame()
            taken_ns = time.time_ns() - (time.monotonic_ns() - frame.captured_ns)
            facts = {
                "camera": self._camera_name or "unknown",
                "robot": self._address,
                "width": frame.width,
                "height": frame.height,
                "flip": settings.shape.flip,
            }
            path = await asyncio.to_thread(
                lambda: photo.save(
                    self._photo_directory, settings.shape.mirror(frame.bgr), taken_ns, facts
                )
            )
        except (ReachyMiniRosError, OSError) as error:
            return False, str(error)
        return True, str(path)

    async def _set_camera_info(self, message: CameraInfo) -> tuple[bool, str]:
        try:
            model = camera_info.from_message(message, self._camera_name or "camera")
            if self._calibration_path is not None:
                await asyncio.to_thread(calibration_file.save, self._calibration_path, model)
        except (ValueError, OSError) as error:
            return False, str(error)
        self._calibration = model
        if self._calibration_path is None:
            return True, "in use until the node ends; with camera_info_url it would be saved"
        return True, f"saved in {self._calibration_path}"

    # On the worker's thread

    def _publish(self, frame: Frame) -> None:
        settings = self._settings
        image_wanted = self._image.get_subscription_count() > 0
        jpeg_wanted = self._compressed.get_subscription_count() > 0
        info_wanted = self._info.get_subscription_count() > 0
        header = Header(stamp=self._stamp(frame, settings), frame_id=self._frame_id)
        if image_wanted or jpeg_wanted:
            picture = settings.shape.apply(frame.bgr)
            self._counts.conversions += 1
        if image_wanted:
            self._image.publish(images.to_image(picture, "bgr8", header))
        if jpeg_wanted:
            encoded = jpeg.encode(picture, settings.jpeg_quality)
            self._counts.encodes += 1
            self._compressed.publish(images.to_compressed(encoded, header))
        if info_wanted and (model := self._model(frame, settings.shape)) is not None:
            self._info.publish(camera_info.to_message(model, header))
        if image_wanted or jpeg_wanted or info_wanted:
            self._counts.published += 1
            self._latencies_ms.add((time.monotonic_ns() - frame.arrived_ns) / 1e6)

    def _stamp(self, frame: Frame, settings: Settings) -> Any:
        stamp = Time.from_msg(to_stamp(self.get_clock(), frame.captured_ns))
        return (stamp + Duration(nanoseconds=round(settings.timestamp_offset * 1e9))).to_msg()

    def _model(self, frame: Frame, shape: Shape) -> CameraModel | None:
        """Return the model of the pictures as published, None while it is not known."""
        size = shape.size(frame.width, frame.height)
        if self._calibration is not None:
            return self._calibration.resized(*size)
        if self._camera_name is None:
            return None
        model = camera_model(self._camera_name, frame.width, frame.height)
        return model.flipped(shape.flip_horizontal, shape.flip_vertical).resized(*size)


_LIVE = ("frame_rate", "jpeg_quality", "timestamp_offset", "width", "height", "flip")


def _settings(values: Mapping[str, Any]) -> Settings:
    return Settings(
        frame_rate=values["frame_rate"],
        jpeg_quality=values["jpeg_quality"],
        timestamp_offset=values["timestamp_offset"],
        shape=Shape(values["width"], values["height"], values["flip"]),
    )


def main() -> None:
    """Run the node."""
    sys.exit(run([CameraNode]))


if __name__ == "__main__":
    main()
