# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What makes the room friendly: window, shelves, pictures, planks; metres from the top left.

Muted colours only: saturated ones are for the landmarks.
"""

import numpy as np

from reachy_mini_ros.simulation.canvas import Canvas, Colour, colour

Random = np.random.Generator

_WHITE: Colour = (244, 247, 248)
_WOOD = colour(28, 0.40, 0.62)
_DARK_WOOD = colour(26, 0.42, 0.42)


def front_wall(canvas: Canvas, random: Random) -> None:
    """Window to the left, shelves to the right."""
    _wall(canvas, random, hue=38)
    _window(canvas, random, 0.58, 0.52, 1.15, 1.0)
    for y in (0.62, 1.08, 1.54):
        _shelf(canvas, random, 2.52, y, 1.15)
    _picture(canvas, random, 1.85, 0.34, 0.50, 0.46)


def left_wall(canvas: Canvas, random: Random) -> None:
    """Pictures and a sideboard."""
    _wall(canvas, random, hue=160)
    _picture(canvas, random, 2.35, 0.62, 0.55, 0.75)
    _picture(canvas, random, 3.05, 0.80, 0.60, 0.45)
    _picture(canvas, random, 0.50, 0.62, 0.95, 0.65)
    _sideboard(canvas, random, 2.35, 1.75, 1.4)
    _door(canvas, 0.45, 1.5)


def back_wall(canvas: Canvas, random: Random) -> None:
    """Books from wall to wall."""
    _wall(canvas, random, hue=28)
    for y in (0.55, 0.98, 1.41, 1.84):
        _shelf(canvas, random, 0.45, y, 1.35)
        _shelf(canvas, random, 2.40, y, 1.35)


def right_wall(canvas: Canvas, random: Random) -> None:
    """Pictures, a sideboard, and the afternoon."""
    _wall(canvas, random, hue=215)
    _picture(canvas, random, 0.55, 0.60, 0.55, 0.75)
    _picture(canvas, random, 1.25, 0.72, 0.70, 0.50)
    _window(canvas, random, 2.55, 0.52, 1.15, 1.0)
    _sideboard(canvas, random, 0.55, 1.75, 1.4)


def floor(canvas: Canvas, random: Random) -> None:
    """Planks and a rug."""
    _planks(canvas, random, 0.16, 1.4, hue=28, value=0.60)
    x, y = canvas.width / 2, canvas.height / 2
    for radius, value in ((1.3, 0.78), (1.2, 0.55), (1.14, 0.74), (0.7, 0.60), (0.64, 0.74)):
        canvas.disc(x, y, radius, colour(210, 0.25, value))
    canvas.shade(0.5, 0.35)


def ceiling(canvas: Canvas, random: Random) -> None:
    """White, with a round lamp."""
    canvas.image[:] = (232, 238, 240)
    canvas.disc(canvas.width / 2, canvas.height / 2, 0.34, (205, 212, 216))
    canvas.disc(canvas.width / 2, canvas.height / 2, 0.31, (252, 254, 255))
    canvas.grain(random, 1.0)
    canvas.shade(0.5, 0.2)


def table(canvas: Canvas, random: Random) -> None:
    """Light wood, with a notebook, a cup and a ruler."""
    _planks(canvas, random, 0.20, 1.2, hue=33, value=0.84)
    canvas.box(0.18, 0.10, 0.30, 0.22, _WHITE)
    for line in range(7):
        canvas.box(0.21, 0.135 + 0.024 * line, 0.24, 0.002, (200, 190, 180))
    canvas.box(0.325, 0.10, 0.006, 0.22, (190, 190, 195))
    canvas.disc(1.05, 0.20, 0.075, (238, 240, 240))
    canvas.disc(1.05, 0.20, 0.045, (225, 228, 230))
    canvas.disc(1.05, 0.20, 0.038, colour(24, 0.45, 0.30))
    canvas.shade(0.02, 0.5)


def _wall(canvas: Canvas, random: Random, hue: float) -> None:
    canvas.fade(0, 0, canvas.width, canvas.height, colour(hue, 0.10, 0.95), colour(hue, 0.14, 0.86))
    base = canvas.height - 0.12
    canvas.box(0, base, canvas.width, 0.12, _WHITE)
    canvas.box(0, base, canvas.width, 0.008, (190, 196, 200))
    canvas.grain(random, 0.8)
    canvas.shade(0.35, 0.22)


def _window(
    canvas: Canvas, random: Random, x: float, y: float, width: float, height: float
) -> None:
    _shadow(canvas, x - 0.05, y - 0.05, width + 0.1, height + 0.1)
    canvas.box(x - 0.05, y - 0.05, width + 0.1, height + 0.1, _WHITE)
    canvas.fade(x, y, width, height, colour(205, 0.40, 0.93), colour(200, 0.10, 0.99))
    canvas.disc(x + 0.72 * width, y + 0.24 * height, 0.08, colour(48, 0.30, 1.0))
    for _ in range(3):
        cloud_x, cloud_y = random.uniform(0.2, 0.75) * width, random.uniform(0.12, 0.4) * height
        for offset, size in ((-0.09, 0.03), (-0.02, 0.05), (0.05, 0.04), (0.11, 0.022)):
            puff_y = y + cloud_y - 0.4 * size
            canvas.ellipse(x + cloud_x + offset, puff_y, 1.5 * size, size, 0, (252, 252, 250))
    across = np.linspace(0, width, 60)
    for share, hue, value in ((0.62, 190, 0.70), (0.75, 130, 0.66), (0.88, 100, 0.56)):
        phase = random.uniform(0, 6)
        top = height * (share + 0.05 * np.sin(across * 5 + phase) + 0.02 * np.sin(across * 13))
        ridge = np.column_stack((x + across, y + np.minimum(top, height)))
        ground = np.array([(x + width, y + height), (x, y + height)])
        canvas.polygon(np.vstack((ridge, ground)), colour(hue, 0.33, value))
    canvas.box(x + width / 2 - 0.02, y, 0.04, height, _WHITE)
    canvas.box(x, y + height * 0.42, width, 0.03, _WHITE)
    canvas.box(x - 0.1, y + height + 0.05, width + 0.2, 0.05, (226, 230, 232))
    canvas.box(x - 0.1, y + height + 0.1, width + 0.2, 0.008, (170, 176, 182))


def _shelf(canvas: Canvas, random: Random, x: float, y: float, width: float) -> None:
    """Draw a board whose top is at ``y`` + 0.34, and what stands on it."""
    board = y + 0.34
    place = x + 0.04
    while place < x + width - 0.16:
        kind = random.random()
        if kind < 0.78:
            place = _books(canvas, random, place, board, x + width - 0.06)
        elif kind < 0.9:
            _plant(canvas, random, place + 0.08, board)
            place += 0.18
        else:
            canvas.disc(place + 0.07, board - 0.07, 0.07, colour(random.uniform(0, 360), 0.3, 0.75))
            place += 0.16
    _shadow(canvas, x, board, width, 0.03)
    canvas.box(x, board, width, 0.03, _WOOD)
    canvas.box(x, board + 0.024, width, 0.006, _DARK_WOOD)


def _books(canvas: Canvas, random: Random, x: float, board: float, end: float) -> float:
    for _ in range(random.integers(3, 7)):
        width, height = random.uniform(0.028, 0.055), random.uniform(0.19, 0.29)
        if x + width > end:
            break
        cover = colour(
            random.uniform(0, 360), random.uniform(0.2, 0.45), random.uniform(0.45, 0.85)
        )
        canvas.box(x, board - height, width - 0.003, height, cover)
        for stripe in (0.15, 0.78):
            canvas.box(x, board - height * (1 - stripe), width - 0.003, 0.012, _WHITE)
        x += width
    return x + 0.03


def _plant(canvas: Canvas, random: Random, x: float, board: float) -> None:
    for turn in np.linspace(-65, 65, 7) + random.uniform(-6, 6, 7):
        lean = np.deg2rad(turn)
        leaf_x, leaf_y = x + 0.09 * np.sin(lean), board - 0.1 - 0.09 * np.cos(lean)
        green = colour(118, 0.42, random.uniform(0.45, 0.65))
        canvas.ellipse(leaf_x, leaf_y, 0.02, 0.075, turn, green)
    pot = np.array([(-0.055, -0.11), (0.055, -0.11), (0.04, 0), (-0.04, 0)])
    canvas.polygon(pot + np.array((x, board)), colour(18, 0.42, 0.72))


def _picture(
    canvas: Canvas, random: Random, x: float, y: float, width: float, height: float
) -> None:
    """Draw a framed abstract painting."""
    _shadow(canvas, x, y, width, height)
    canvas.box(x, y, width, height, _DARK_WOOD)
    canvas.box(x + 0.02, y + 0.02, width - 0.04, height - 0.04, _WHITE)
    x, y, width, height = x + 0.07, y + 0.07, width - 0.14, height - 0.14
    hue = random.uniform(0, 360)
    canvas.fade(x, y, width, height, colour(hue, 0.25, 0.92), colour(hue + 40, 0.35, 0.80))
    for _ in range(5):
        radius = random.uniform(0.1, 0.28) * min(width, height)
        centre_x = x + random.uniform(radius, width - radius)
        centre_y = y + random.uniform(radius, height - radius)
        tint = colour(hue + random.uniform(-60, 120), 0.42, random.uniform(0.55, 0.95))
        canvas.disc(centre_x, centre_y, radius, tint)


def _sideboard(canvas: Canvas, random: Random, x: float, y: float, width: float) -> None:
    height = canvas.height - 0.06 - y
    _shadow(canvas, x, y, width, height)
    canvas.box(x, y, width, height, _WOOD)
    canvas.box(x - 0.02, y, width + 0.04, 0.03, _DARK_WOOD)
    for door in range(3):
        left = x + 0.03 + door * (width - 0.03) / 3
        canvas.box(left, y + 0.06, (width - 0.12) / 3, height - 0.1, colour(29, 0.36, 0.70))
        canvas.disc(left + (width - 0.12) / 3 - 0.04, y + height / 2, 0.014, _DARK_WOOD)
    _plant(canvas, random, x + 0.2, y)
    canvas.box(x + width - 0.24, y - 0.24, 0.015, 0.24, (120, 125, 128))
    shade = np.array([(-0.07, -0.4), (0.07, -0.4), (0.13, -0.22), (-0.13, -0.22)])
    canvas.polygon(shade + np.array((x + width - 0.2325, y)), colour(45, 0.22, 0.98))


def _door(canvas: Canvas, x: float, y: float) -> None:
    """Draw a low cupboard's door front."""
    height = canvas.height - y - 0.12
    canvas.box(x, y, 0.95, height, (214, 220, 222))
    for left in (0.04, 0.50):
        canvas.box(x + left, y + 0.04, 0.41, height - 0.08, (228, 233, 235))
        canvas.disc(x + 0.475, y + height / 2, 0.016, (130, 135, 140))


def _planks(
    canvas: Canvas, random: Random, width: float, length: float, hue: float, value: float
) -> None:
    for column in range(int(np.ceil(canvas.width / width))):
        y = -random.uniform(0, length)
        while y < canvas.height:
            tone = value * random.uniform(0.92, 1.06)
            canvas.box(column * width, y, width, length, colour(hue, 0.38, min(tone, 0.98)))
            for _ in range(5):
                start = column * width + random.uniform(0.1, 0.9) * width
                along = np.linspace(y, y + length, 9)
                across = np.clip(
                    start + np.cumsum(random.normal(0, 0.004, 9)),
                    column * width + 0.006,
                    column * width + width - 0.006,
                )
                grain = colour(hue, 0.42, min(tone, 0.98) * 0.93)
                canvas.line(np.column_stack((across, along)), grain, 0.003)
            canvas.box(column * width, y, width, 0.004, colour(hue, 0.42, tone * 0.6))
            y += length
        canvas.box(column * width - 0.002, 0, 0.004, canvas.height, colour(hue, 0.42, value * 0.65))


def _shadow(canvas: Canvas, x: float, y: float, width: float, height: float) -> None:
    """Darken the wall below and to the right of a thing that stands out from it."""
    for spread in (0.045, 0.035, 0.025, 0.015):
        left, top, right, bottom = (
            max(0, round(value * canvas.metre_px))
            for value in (x + spread / 2, y + spread / 2, x + width + spread, y + height + spread)
        )
        region = canvas.image[top:bottom, left:right]
        region[:] = region * 0.95
