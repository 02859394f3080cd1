# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Rates by what senders say of themselves: stamps of messages, and the simulated camera's count."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from harness.waiting import patience, too_slow
from reachy_mini_ros.simulation import overlay
from reachy_mini_ros.simulation.overlay import Overlay

if TYPE_CHECKING:
    from sensor_msgs.msg import CompressedImage

    from harness.ros import Collector

STEADY = 0.93
"""Share of its rate from which on a source counts as one that keeps it."""


def stamps_s(messages: list[Any]) -> NDArray[np.float64]:
    """Return the stamps of messages with a header, in seconds."""
    return np.array([m.header.stamp.sec + m.header.stamp.nanosec / 1e9 for m in messages])


def rate_hz(messages: list[Any]) -> float:
    """Return the rate of messages by their stamps."""
    stamps = stamps_s(messages)
    return float((len(stamps) - 1) / (stamps[-1] - stamps[0]))


def ascending(numbers: list[int]) -> bool:
    """Tell whether these are the numbers of pictures that follow one another."""
    return numbers == [*range(numbers[0], numbers[0] + len(numbers))] and numbers[0] >= 0


def seen(message: CompressedImage) -> Overlay:
    """Return what the simulated camera wrote into a JPEG."""
    image = cv2.imdecode(np.frombuffer(message.data, np.uint8), cv2.IMREAD_COLOR)
    read = overlay.read(image)
    assert read is not None
    return read


def made_hz(first: Overlay, last: Overlay) -> float:
    """Return how many pictures a second the camera made between two, by its count and clock."""
    return (last.frame - first.frame) / (last.time_ns - first.time_ns) * 1e9


def of_a_steady_source(
    pictures: Callable[[], list[Any]],
    read: Callable[[Any], Overlay],
    source_hz: float,
    timeout_s: float = 30.0,
) -> list[Any]:
    """Return the first ``pictures()`` during which the simulated camera kept its rate.

    Where it never does, the machine is too slow for a test of rates: it is skipped with what the
    camera itself says.
    """
    deadline_s = time.monotonic() + patience(timeout_s)
    best_hz = 0.0
    while time.monotonic() < deadline_s:
        taken = pictures()
        best_hz = max(best_hz, made_hz(read(taken[0]), read(taken[-1])))
        if best_hz > STEADY * source_hz:
            return taken
    too_slow(
        f"by its own count, the simulated camera makes {best_hz:.1f} of its {source_hz:g} "
        "pictures a second at best"
    )


def next_of(collector: Collector, count: int) -> list[Any]:
    """Return the next messages of a topic, whenever they come."""
    collector.wait_count(collector.count + count, 10 + count / 5)
    return collector.messages[-count:]
