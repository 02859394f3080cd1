# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Drawing on a wall in metres."""

import cv2
import numpy as np
from numpy.typing import NDArray

from reachy_mini_ros.simulation.yuv import Image

Colour = tuple[int, int, int]
_SHIFT = 4


def colour(hue: float, saturation: float, value: float) -> Colour:
    """Return BGR of hue (degrees), saturation and value (0..1)."""
    hsv = np.array([[[hue % 360 / 2, saturation * 255, value * 255]]]).astype(np.uint8)
    blue, green, red = np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR))[0, 0]
    return int(blue), int(green), int(red)


class Canvas:
    """A picture of ``width`` x ``height`` metres; (0, 0) is its top left corner."""

    def __init__(self, width: float, height: float, metre_px: float, background: Colour) -> None:
        self.width, self.height, self.metre_px = width, height, metre_px
        rows, columns = (round(length * metre_px / 2) * 2 for length in (height, width))
        self.image: Image = np.full((rows, columns, 3), background, np.uint8)

    def box(self, x: float, y: float, width: float, height: float, fill: Colour) -> None:
        """Draw a filled rectangle from its top left corner."""
        corners = np.array([(x, y), (x + width, y), (x + width, y + height), (x, y + height)])
        self.polygon(corners, fill)

    def polygon(self, points: NDArray[np.float64], fill: Colour) -> None:
        """Draw a filled polygon."""
        cv2.fillPoly(self.image, [self._fixed(points)], fill, cv2.LINE_AA, _SHIFT)

    def line(self, points: NDArray[np.float64], stroke: Colour, width: float) -> None:
        """Draw connected lines of a width in metres."""
        thickness = max(1, round(width * self.metre_px))
        cv2.polylines(
            self.image, [self._fixed(points)], False, stroke, thickness, cv2.LINE_AA, _SHIFT
        )

    def disc(self, x: float, y: float, radius: float, fill: Colour) -> None:
        """Draw a filled circle around (x, y)."""
        self.ellipse(x, y, radius, radius, 0.0, fill)

    def ellipse(
        self, x: float, y: float, across: float, along: float, turn: float, fill: Colour
    ) -> None:
        """Draw a filled ellipse with the given half axes, turned clockwise by degrees."""
        angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
        turned = np.deg2rad(turn)
        u, v = across * np.cos(angle), along * np.sin(angle)
        self.polygon(
            np.column_stack(
                (
                    x + u * np.cos(turned) - v * np.sin(turned),
                    y + u * np.sin(turned) + v * np.cos(turned),
                )
            ),
            fill,
        )

    def text(self, x: float, y: float, words: str, size: float, ink: Colour) -> None:
        """Write ``words`` centred on (x, y), capitals ``size`` metres high."""
        font, thickness = cv2.FONT_HERSHEY_SIMPLEX, max(1, round(size * self.metre_px / 9))
        scale = size * self.metre_px / 22
        (width, height), _ = cv2.getTextSize(words, font, scale, thickness)
        origin = (round(x * self.metre_px - width / 2), round(y * self.metre_px + height / 2))
        cv2.putText(self.image, words, origin, font, scale, ink, thickness, cv2.LINE_AA)

    def fade(
        self, x: float, y: float, width: float, height: float, top: Colour, end: Colour
    ) -> None:
        """Fill a rectangle from one colour at its top to another at its bottom."""
        region = self._region(x, y, width, height)
        part = np.linspace(0, 1, region.shape[0])[:, None, None]
        region[:] = np.array(top) * (1 - part) + np.array(end) * part

    def shade(self, edge: float, strength: float) -> None:
        """Darken towards the edges, as corners of a room are; ``edge`` is how far, in metres."""
        rows, columns = self.image.shape[:2]
        x, y = (np.arange(count) / self.metre_px for count in (columns, rows))
        near_x = np.exp(-np.minimum(x, self.width - x) / edge)
        near_y = np.exp(-np.minimum(y, self.height - y) / edge)
        light = 1.0 - strength * np.maximum(near_x[None, :], near_y[:, None])
        self.image[:] = self.image * light[:, :, None]

    def grain(self, random: np.random.Generator, strength: float) -> None:
        """Add the slight unevenness of a painted surface."""
        rows, columns = self.image.shape[:2]
        rough = random.normal(0.0, 1.0, (rows // 6 + 1, columns // 6 + 1)).astype(np.float32)
        smooth = np.asarray(cv2.resize(rough, (columns, rows), interpolation=cv2.INTER_CUBIC))
        self.image[:] = np.clip(self.image + strength * smooth[:, :, None], 0, 255)

    def _region(self, x: float, y: float, width: float, height: float) -> Image:
        left, top, right, bottom = (
            round(value * self.metre_px) for value in (x, y, x + width, y + height)
        )
        return self.image[top:bottom, left:right]

    def _fixed(self, points: NDArray[np.float64]) -> NDArray[np.int32]:
        pixels = np.asarray(points) * self.metre_px - 0.5
        return np.asarray(np.round(pixels * 2**_SHIFT), np.int32)
