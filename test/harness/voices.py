# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Who listens to the robot through the page, and who talks."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from websockets.sync.client import ClientConnection, connect

from harness.waiting import patience, wait_for

RATE_HZ = 24_000
PIECE = RATE_HZ // 50


@contextmanager
def socket(port: int, path: str) -> Iterator[ClientConnection]:
    """Open a WebSocket of the page's."""
    url = f"ws://127.0.0.1:{port}/api/{path}"
    with connect(url, open_timeout=patience(10), proxy=None) as connection:
        yield connection


def heard(port: int, seconds: float) -> tuple[dict[str, Any], NDArray[np.int16]]:
    """Listen until there is so much sound of 16 kHz; return what was told of it too."""
    told: dict[str, Any] = {}
    sound = b""
    with socket(port, "hear") as listener:
        while len(sound) < 2 * 16_000 * seconds:
            message = listener.recv(timeout=patience(15))
            if isinstance(message, bytes):
                sound += message
            else:
                told = json.loads(message)
    return told, np.frombuffer(sound, np.int16)


def say(port: int, pitch_hz: float, seconds: float) -> Iterator[None]:
    """Talk at the pace of a voice: a tone; yield after it is begun and after each piece."""
    wave = np.sin(2 * np.pi * pitch_hz * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)
    samples = np.round(8000 * wave).astype("<i2")
    with socket(port, "talk") as talker:
        talker.send(json.dumps({"rate": RATE_HZ}))
        assert json.loads(talker.recv(timeout=patience(10))) == {"playing": True}
        begun_s = time.monotonic()
        for number, begin in enumerate(range(0, len(samples), PIECE)):
            talker.send(samples[begin : begin + PIECE].tobytes())
            due_s = begun_s + number / 50
            wait_for(lambda due_s=due_s: time.monotonic() >= due_s)
            yield
