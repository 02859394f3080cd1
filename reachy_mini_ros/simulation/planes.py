# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Textured rectangles in space and their exact picture through a pinhole."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from reachy_mini_ros.simulation.yuv import Image, Yuv

Array = NDArray[np.float64]

_NEAR_M = 0.02
# Luma pixel x is chroma pixel (x - 0.5) / 2, as 4:2:0 puts chroma between two luma pixels.
_TO_CHROMA = np.array([[0.5, 0.0, -0.25], [0.0, 0.5, -0.25], [0.0, 0.0, 1.0]])
_FROM_CHROMA = np.linalg.inv(_TO_CHROMA)


@dataclass(frozen=True, slots=True)
class Plane:
    """A rectangle with a texture: ``origin`` is its top left corner, metres, world frame."""

    origin: Array
    right: Array
    """Unit vector along the texture's rows."""
    down: Array
    """Unit vector along the texture's columns."""
    texture: Yuv
    metre_px: float
    """Texture pixels in a metre."""

    def to_camera(self, rotation: Array, position: Array) -> Array:
        """Return the 3x3 matrix from homogeneous texture pixels to the camera's frame, metres.

        ``rotation`` and ``position`` are those of the camera's optical frame in the world.
        """
        step = 1.0 / self.metre_px
        corner = self.origin + 0.5 * step * (self.right + self.down)
        columns = (self.right * step, self.down * step, corner - position)
        return np.asarray(rotation.T @ np.column_stack(columns))

    def corners(self) -> Array:
        """Return the texture's corners as homogeneous pixels, (4, 3)."""
        height, width = self.texture.y.shape
        x, y = width - 0.5, height - 0.5
        return np.array([[-0.5, -0.5, 1], [x, -0.5, 1], [x, y, 1], [-0.5, y, 1]])


def paint(picture: Yuv, plane: Plane, k: Array, rotation: Array, position: Array) -> None:
    """Draw what the camera sees of ``plane`` over ``picture``; ``k`` is the camera matrix."""
    to_camera = plane.to_camera(rotation, position)
    height, width = picture.y.shape
    polygon = _visible(plane.corners() @ to_camera.T, k, width, height)
    if len(polygon) < 3:
        return
    # Even bounds, so that the chroma planes have the same region.
    low = np.maximum(np.floor(polygon.min(axis=0)).astype(int), 0) // 2 * 2
    high = np.minimum(np.ceil(polygon.max(axis=0)).astype(int) + 2, (width, height)) // 2 * 2
    if (high - low < 2).any():
        return
    shift = np.array([[1.0, 0, -low[0]], [0, 1.0, -low[1]], [0, 0, 1.0]])
    homography = shift @ k @ to_camera
    _warp(picture.y, plane.texture.y, homography, polygon - low, low, high)
    in_chroma = _TO_CHROMA @ homography @ _FROM_CHROMA
    outline = (polygon - low) / 2 - 0.25
    for target, texture in ((picture.u, plane.texture.u), (picture.v, plane.texture.v)):
        _warp(target, texture, in_chroma, outline, low // 2, high // 2)


def _warp(
    target: Image,
    texture: Image,
    homography: Array,
    polygon: Array,
    low: NDArray[np.int64],
    high: NDArray[np.int64],
) -> None:
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    warped = cv2.warpPerspective(
        texture, homography, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    # The polygon, because the mapping also shows what lies behind the camera, upside down.
    mask = np.zeros((size[1], size[0]), np.uint8)
    cv2.fillConvexPoly(mask, np.round(polygon * 16).astype(np.int32), (255,), cv2.LINE_8, 4)
    cv2.copyTo(warped, mask, target[low[1] : high[1], low[0] : high[0]])


def _visible(corners: Array, k: Array, width: int, height: int) -> Array:
    """Return the visible part of a polygon in the camera's frame as image pixels, (n, 2)."""
    points = list(corners)
    left, right = (0 - k[0, 2] - 1) / k[0, 0], (width - k[0, 2]) / k[0, 0]
    top, bottom = (0 - k[1, 2] - 1) / k[1, 1], (height - k[1, 2]) / k[1, 1]
    for normal, offset in (
        ((0.0, 0.0, 1.0), _NEAR_M),
        ((1.0, 0.0, -left), 0.0),
        ((-1.0, 0.0, right), 0.0),
        ((0.0, 1.0, -top), 0.0),
        ((0.0, -1.0, bottom), 0.0),
    ):
        points = list(_clip(points, np.array(normal), offset))
    if not points:
        return np.empty((0, 2))
    image = np.array(points) @ k.T
    return np.asarray(image[:, :2] / image[:, 2:])


def _clip(points: list[Array], normal: Array, offset: float) -> Iterator[Array]:
    """Cut a polygon at a plane, as Sutherland and Hodgman do; yield what is on its inside."""
    inside = [float(normal @ point) - offset for point in points]
    for index, point in enumerate(points):
        before = inside[index - 1]
        if (before > 0) != (inside[index] > 0):
            part = before / (before - inside[index])
            yield points[index - 1] + part * (point - points[index - 1])
        if inside[index] > 0:
            yield point
