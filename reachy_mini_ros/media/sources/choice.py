# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which source of pictures to take, and why."""

import socket
from dataclasses import dataclass

from reachy_mini_ros.errors import SetupError
from reachy_mini_ros.hosts import is_loopback
from reachy_mini_ros.media.sources import local
from reachy_mini_ros.robot import sdk

NAMES = ("auto", "webrtc", "sdk", "opencv", "synthetic")


@dataclass(frozen=True, slots=True)
class Choice:
    """A source's name, never ``auto``, and the reason for it."""

    name: str
    reason: str


def choose(wanted: str, robot_host: str, frame_rate_hz: float) -> Choice:
    """Return what ``wanted``, one of :data:`NAMES`, means for this robot and rate.

    The daemon's local socket costs least, but gives few pictures and only on its own machine.
    """
    if wanted != "auto":
        return Choice(wanted, "asked for")
    if not is_this_machine(robot_host):
        return Choice("webrtc", f"{robot_host} is another machine")
    if frame_rate_hz > local.RATE_HZ:
        reason = f"the daemon's local socket gives {local.RATE_HZ:g} pictures a second at most"
        return Choice("webrtc", reason)
    try:
        path = sdk.camera_socket()
        if not path.exists():
            return Choice("webrtc", f"the daemon has no local socket {path}")
        sdk.require_local_camera()
    except SetupError as error:
        return Choice("webrtc", str(error))
    return Choice("sdk", f"the daemon's local socket {path} is here")


def is_this_machine(host: str) -> bool:
    """Return whether ``host`` is surely this machine, by its loopback address or its name."""
    own = socket.gethostname().lower()
    return is_loopback(host) or host.lower().removesuffix(".") in (own, f"{own}.local")
