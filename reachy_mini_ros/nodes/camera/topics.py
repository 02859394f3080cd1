# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the camera node publishes of a frame; each thing only while somebody subscribes to it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rclpy.event_handler import PublisherEventCallbacks
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Bool, Float32, Header

from reachy_mini_ros.media import jpeg
from reachy_mini_ros.media.frames import Frame
from reachy_mini_ros.media.motion_detection import MotionDetector
from reachy_mini_ros.media.rate import RateChooser
from reachy_mini_ros.media.shape import Shape
from reachy_mini_ros.nodes.camera import images, info
from reachy_mini_ros.nodes.camera.parameters import Settings
from reachy_mini_ros.nodes.common.qos import reliable
from reachy_mini_ros.nodes.common.stamps import CaptureStamps
from reachy_mini_ros.robot.geometry.camera_models import CameraModel
from reachy_mini_ros.statistics import Window

THUMBNAIL_WIDTH = 320
THUMBNAIL_RATE_HZ = 2.0

ModelOf = Callable[[Frame, Shape], CameraModel | None]


@dataclass
class Counts:
    """Work done so far."""

    published: int = 0
    conversions: int = 0
    encodes: int = 0


class CameraTopics:
    """The publishers; :meth:`publish` is for one thread, which may be any."""

    def __init__(
        self,
        node: Node,
        frame_id: str,
        stamps: CaptureStamps,
        model_of: ModelOf,
        on_matched: Callable[[object], None],
    ) -> None:
        """``on_matched`` is called on the executor's thread when subscribers come or go."""
        self._node = node
        self._frame_id = frame_id
        self._stamps = stamps
        self._model_of = model_of
        self._on_matched = on_matched
        self._image = self._publisher(Image, "~/image_raw")
        self._compressed = self._publisher(CompressedImage, "~/image_raw/compressed")
        self._info = self._publisher(CameraInfo, "~/camera_info")
        self._thumbnail = self._publisher(CompressedImage, "~/thumbnail/compressed")
        self._motion = self._publisher(Bool, "~/motion")
        self._motion_level = self._publisher(Float32, "~/motion_level")
        self._pictures = (self._image, self._compressed, self._info)
        self._movement = (self._motion, self._motion_level)
        self._thumbnails = RateChooser(THUMBNAIL_RATE_HZ)
        self._detector: MotionDetector | None = None
        self._told: bool | None = None
        self.counts = Counts()
        self.latencies_ms = Window()
        """From the arrival of a frame to the end of its publishing."""

    def _publisher(self, kind: type, name: str) -> Publisher[Any]:
        # Matched events tell of subscribers that come and go without being asked.
        return self._node.create_publisher(
            kind,
            name,
            reliable(2),
            event_callbacks=PublisherEventCallbacks(matched=self._on_matched),
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )

    def wanted(self, settings: Settings) -> bool:
        """Return whether frames are of use to anybody."""
        movement = self._movement if settings.motion_detection else ()
        return _any_wanted(*self._pictures, self._thumbnail, *movement)

    def publish(self, frame: Frame, settings: Settings) -> None:
        """Publish what is wanted of a frame."""
        if _any_wanted(*self._pictures):
            self._publish_picture(frame, settings)
        if self._thumbnail.get_subscription_count():
            self._publish_thumbnail(frame, settings)
        if settings.motion_detection and _any_wanted(*self._movement):
            self._publish_motion(frame, settings.motion_threshold)
        else:
            self._detector = None

    def _publish_picture(self, frame: Frame, settings: Settings) -> None:
        image_wanted, jpeg_wanted, info_wanted = (
            publisher.get_subscription_count() > 0 for publisher in self._pictures
        )
        header = self._header(frame, settings)
        if image_wanted or jpeg_wanted:
            picture = settings.shape.apply(frame.bgr)
            self.counts.conversions += 1
        if image_wanted:
            self._image.publish(images.to_image(picture, "bgr8", header))
        if jpeg_wanted:
            encoded = jpeg.encode(picture, settings.jpeg_quality)
            self.counts.encodes += 1
            self._compressed.publish(images.to_compressed(encoded, header))
        model = self._model_of(frame, settings.shape) if info_wanted else None
        if model is not None:
            self._info.publish(info.to_message(model, header))
        self.counts.published += 1
        self.latencies_ms.add((time.monotonic_ns() - frame.arrived_ns) / 1e6)

    def _publish_thumbnail(self, frame: Frame, settings: Settings) -> None:
        if self._thumbnails.choose(frame.captured_ns):
            small = Shape(THUMBNAIL_WIDTH, flip=settings.shape.flip).apply(frame.bgr)
            encoded = jpeg.encode(small, settings.jpeg_quality)
            self._thumbnail.publish(images.to_compressed(encoded, self._header(frame, settings)))

    def _publish_motion(self, frame: Frame, threshold: float) -> None:
        if self._detector is None:
            self._detector, self._told = MotionDetector(threshold), None
        self._detector.threshold = threshold
        if not self._detector.look(frame):
            return
        self._motion_level.publish(Float32(data=self._detector.level))
        if self._detector.moving != self._told:
            self._told = self._detector.moving
            self._motion.publish(Bool(data=self._told))

    def _header(self, frame: Frame, settings: Settings) -> Header:
        stamp = self._stamps.at(frame.captured_ns, settings.timestamp_offset)
        return Header(stamp=stamp, frame_id=self._frame_id)


def _any_wanted(*publishers: Publisher[Any]) -> bool:
    return any(publisher.get_subscription_count() for publisher in publishers)
