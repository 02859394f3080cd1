# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The parameters of the camera node."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reachy_mini_ros.media import photo, sources
from reachy_mini_ros.media.shape import FLIPS, Shape
from reachy_mini_ros.nodes.common.parameters import (
    AUTOSTART,
    FRAME_PREFIX,
    ROBOT_HOST,
    ROBOT_PORT,
    SIGNALLING_PORT,
    Param,
)

PARAMETERS = (
    ROBOT_HOST,
    ROBOT_PORT,
    SIGNALLING_PORT,
    AUTOSTART,
    Param(
        "source",
        "auto",
        "Where pictures come from; auto takes webrtc, or sdk on the daemon's own machine if "
        "frame_rate is 10 at most and its local socket is there",
        choices=sources.NAMES,
        read_only=True,
    ),
    Param(
        "opencv_source",
        "0",
        "What source opencv reads: a device's number or path, a file (it loops), an RTSP or HTTP "
        "URL",
        read_only=True,
        secret=True,
        digits=True,
    ),
    Param("frame_rate", 15.0, "Pictures a second, at most those of the source", 1.0, 60.0),
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
    FRAME_PREFIX,
    Param("frame_id", "camera_optical", "TF frame of the pictures", read_only=True),
    Param("timestamp_offset", 0.0, "Added to the time stamps, s", -10.0, 10.0),
    Param(
        "keyframe_interval",
        2.0,
        "Longest time between key frames of video and the like, s: the robot is asked for one, "
        "once a second at most; 0: only when a subscriber comes or pictures were lost",
        0.0,
        60.0,
    ),
    Param(
        "photo_directory",
        "~/Pictures/reachy_mini",
        "Where take_photo saves",
        read_only=True,
        path=True,
    ),
    Param("photo_format", "jpeg", "How take_photo saves", choices=photo.FORMATS),
    Param(
        "record_directory",
        "~/Videos/reachy_mini",
        "Where clips are recorded",
        read_only=True,
        path=True,
    ),
    Param("record_max_s", 600.0, "Length that a clip ends at, s; 0: no limit", 0.0, 86400.0),
    Param("record_max_mb", 500.0, "Size that a clip ends at, MB; 0: no limit", 0.0, 100000.0),
    Param(
        "record_on",
        "never",
        "When clips are recorded unasked: motion as by motion_threshold, with the seconds before",
        choices=("never", "motion"),
    ),
    Param("motion_detection", False, "Whether motion and motion_level are published"),
    Param(
        "motion_threshold",
        0.02,
        "Share of the picture that changes within 0.2 s when motion begins",
        0.0005,
        1.0,
    ),
    Param(
        "show_on_robot",
        False,
        "Whether the antennas are spread while the camera is on, for the people near the robot: "
        "by set_target/joints, when nothing else moves it",
    ),
)


@dataclass(frozen=True)
class Settings:
    """What can be changed while the node runs."""

    frame_rate: float
    jpeg_quality: int
    timestamp_offset: float
    keyframe_interval: float
    shape: Shape
    photo_format: str
    record_max_s: float
    record_max_mb: float
    record_on: str
    motion_detection: bool
    motion_threshold: float
    show_on_robot: bool


LIVE = tuple(param.name for param in PARAMETERS if not param.read_only)


def settings(values: Mapping[str, Any]) -> Settings:
    """Return what the values of all :data:`LIVE` parameters mean."""
    shape = Shape(values["width"], values["height"], values["flip"])
    others = {name: values[name] for name in LIVE if name not in ("width", "height", "flip")}
    return Settings(shape=shape, **others)
