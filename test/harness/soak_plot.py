# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Lines over time as SVG."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

Line = tuple[NDArray[np.float64], NDArray[np.float64]]
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 900, 460, 60, 150, 20, 50
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000", "#999999")
POINTS = 240
"""Of a line; of more only some are drawn."""
APART = 15


def plot(lines: Mapping[str, Line], across: str, along: str) -> str:
    """Return a picture of named lines, from 0 on; ``across`` and ``along`` are the axes' units."""
    most_x = max(float(x[-1]) for x, _ in lines.values()) or 1.0
    step_x, step_y = _step(most_x), _step(max(float(y.max()) for _, y in lines.values()))
    most_y = step_y * np.ceil(max(float(y.max()) for _, y in lines.values()) / step_y)

    def place(x: float, y: float) -> tuple[float, float]:
        return (
            LEFT + (WIDTH - LEFT - RIGHT) * x / most_x,
            HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * y / most_y,
        )

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
    ]
    for y in np.arange(0, most_y + step_y / 2, step_y):
        left, at = place(0, y)
        parts.append(f'<path d="M{left:.0f} {at:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 8:.0f}" y="{at + 4:.1f}" text-anchor="end">{y:g}</text>')
    for x in np.arange(0, most_x + step_x / 100, step_x):
        at, base = place(x, 0)
        parts.append(f'<text x="{at:.1f}" y="{base + 20:.0f}" text-anchor="middle">{x:g}</text>')
    middle = LEFT + (WIDTH - LEFT - RIGHT) / 2
    parts.append(f'<text x="{middle:.0f}" y="{HEIGHT - 8}" text-anchor="middle">{across}</text>')
    parts.append(f'<text x="12" y="{TOP + 4}">{along}</text>')
    ends = {name: place(float(x[-1]), float(y[-1])) for name, (x, y) in lines.items()}
    labels = dict(_spread({name: at for name, (_, at) in ends.items()}))
    for (name, (x, y)), colour in zip(lines.items(), COLOURS * 2, strict=False):
        some = slice(None, None, max(1, len(x) // POINTS))
        points = " ".join(
            "{:.1f},{:.1f}".format(*place(one, other))
            for one, other in zip(x[some], y[some], strict=True)
        )
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.8"/>'
        )
        at = labels[name] + 4
        parts.append(f'<text x="{WIDTH - RIGHT + 8}" y="{at:.1f}" fill="{colour}">{name}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _step(most: float) -> float:
    """Return a round step of which five to twelve make the whole."""
    rough = most / 6
    power = 10.0 ** np.floor(np.log10(rough))
    return float(next(power * one for one in (1, 2, 5, 10) if power * one >= rough))


def _spread(ends: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    """Give each label a place of its own, near the end of its line."""
    last = -np.inf
    for name, at in sorted(ends.items(), key=lambda one: one[1]):
        last = max(at, last + APART)
        yield name, float(last)
