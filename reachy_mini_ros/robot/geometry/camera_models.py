# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Intrinsics of the robot's cameras: from the SDK, from a calibration file, at any size.

Distortion is OpenCV's: ``plumb_bob`` (k1, k2, p1, p2, k3) or ``rational_polynomial`` (k1, k2, p1,
p2, k3..k6 and, with 12, the thin prism's s1..s4). sensor_msgs names no model with a thin prism.
All twelve are kept under ``rational_polynomial``: whoever hands D to OpenCV, as image_geometry and
image_proc do, gets the exact model; whoever reads the eight it promises is off by the prism's
part, a few pixels in the corners of the full sensor.
"""

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from reachy_mini_ros.robot import sdk
from reachy_mini_ros.robot.state import Matrix, RobotInfo

SIMULATION = "simulation"
"""The name of the camera of :mod:`reachy_mini_ros.simulation`."""

_SIMULATED_SIZE, _SIMULATED_FIELD_OF_VIEW = (1280, 720), math.radians(70.0)
_SENSOR_SIZE = (3840, 2592)
"""What the SDK's calibration of the robot's own cameras was made at."""
_CALIBRATED_AT_720P = ("arducam", "generic")
_MUJOCO_FOCAL_LENGTH = 429.03
"""px at 1280x720, of the 80 degrees in the SDK's MJCF; its camera constants say 1280 and 720."""


@dataclass(frozen=True, eq=False)
class CameraModel:
    """A pinhole with distortion, for pictures of one size."""

    name: str
    width: int
    height: int
    k: Matrix
    """3x3, px."""
    d: tuple[float, ...] = ()
    """In OpenCV's order."""
    distortion_model: str = "plumb_bob"
    r: Matrix | None = None
    """3x3, rectification; None is the identity."""
    p: Matrix | None = None
    """3x4, projection after rectification; None is [k | 0]."""

    def resized(self, width: int, height: int) -> "CameraModel":
        """Return the model of the same picture at another size.

        Pixel centres lie at whole numbers (OpenCV), the picture's edges half a pixel outside.
        """
        if (width, height) == (self.width, self.height):
            return self
        x, y = width / self.width, height / self.height
        scale = np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1]])
        p = None if self.p is None else scale @ self.p
        return replace(self, width=width, height=height, k=scale @ self.k, p=p)

    def flipped(self, horizontal: bool, vertical: bool) -> "CameraModel":
        """Return the model of the mirrored picture: of a scene mirrored in the same axes."""
        k, d = self.k.copy(), np.array(self.d)
        if horizontal:
            k[0, 2] = self.width - 1 - k[0, 2]
            _negate(d, (3, 8, 9))  # p2, s1, s2: what is even in x
        if vertical:
            k[1, 2] = self.height - 1 - k[1, 2]
            _negate(d, (2, 10, 11))  # p1, s3, s4: what is even in y
        return replace(self, k=k, d=tuple(d.tolist()))


@lru_cache(maxsize=8)
def camera_model(camera_name: str, width: int, height: int) -> CameraModel:
    """Return the model of a camera's pictures of this size.

    ``camera_name`` is what the daemon calls it, or :data:`SIMULATION`. The SDK's own function
    scales some models wrongly: it takes every calibration as one of the full sensor.
    """
    if camera_name == SIMULATION:
        return _simulated().resized(width, height)
    specs = sdk.camera_specs(camera_name)
    name, k, d = str(specs.name), np.array(specs.K, dtype=float), tuple(map(float, specs.D))
    if name == "mujoco":
        k = np.array([[_MUJOCO_FOCAL_LENGTH, 0, 640], [0, _MUJOCO_FOCAL_LENGTH, 360], [0, 0, 1]])
        return CameraModel(name, 1280, 720, k, d).resized(width, height)
    if name in _CALIBRATED_AT_720P:
        return CameraModel(name, 1280, 720, k, d).resized(width, height)
    model = CameraModel(name, *_SENSOR_SIZE, k, d, distortion_model(d)).resized(width, height)
    zoom = _zoom(specs, width, height)
    around_centre = np.array(
        [
            [zoom, 0, (1 - zoom) * (width - 1) / 2],
            [0, zoom, (1 - zoom) * (height - 1) / 2],
            [0, 0, 1],
        ]
    )
    return replace(model, k=around_centre @ model.k)


def camera_of(info: RobotInfo) -> str:
    """Return the name of the camera whose pictures a robot sends.

    A simulated daemon that has no media of its own leaves the pictures to our simulation.
    """
    return camera_named(info.model, info.media_available, info.camera_name)


def camera_named(model: str, media_available: bool, camera_name: str) -> str:
    """Return the same from what a :class:`RobotInfo` has under these names."""
    simulated = model in ("mockup", "mujoco") and not media_available
    return SIMULATION if simulated else camera_name


def distortion_model(d: tuple[float, ...]) -> str:
    """Return the name that sensor_msgs has for so many coefficients."""
    return "plumb_bob" if len(d) <= 5 else "rational_polynomial"


def _simulated() -> CameraModel:
    width, height = _SIMULATED_SIZE
    focal_px = width / 2 / math.tan(_SIMULATED_FIELD_OF_VIEW / 2)
    k = np.array([[focal_px, 0, (width - 1) / 2], [0, focal_px, (height - 1) / 2], [0, 0, 1]])
    return CameraModel(SIMULATION, width, height, k, (0.0,) * 5)


def _zoom(specs: Any, width: int, height: int) -> float:
    """Return how much of the sensor a mode leaves out, as the SDK states for each.

    A size that is none of the camera's modes was scaled on the way, from its default mode.
    """
    modes = [mode.value for mode in specs.available_resolutions]
    default = specs.default_resolution.value
    return float(next((mode[3] for mode in modes if mode[:2] == (width, height)), default[3]))


def _negate(d: Matrix, indices: tuple[int, ...]) -> None:
    for index in indices:
        if index < d.size:
            d[index] = -d[index]
