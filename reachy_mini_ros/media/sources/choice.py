# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which source of pictures to take, and why."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reachy_mini_ros.aio import Supervisor
from reachy_mini_ros.errors import SetupError
from reachy_mini_ros.hosts import is_loopback
from reachy_mini_ros.media.sessions import SharedSession
from reachy_mini_ros.media.sources import local, synthetic
from reachy_mini_ros.media.sources.base import OnConnection, VideoSource
from reachy_mini_ros.media.sources.local import LocalSource
from reachy_mini_ros.media.sources.opencv import OpenCvSource
from reachy_mini_ros.media.sources.synthetic import SyntheticSource
from reachy_mini_ros.robot import sdk
from reachy_mini_ros.robot.daemon.api import DaemonApi


@dataclass(frozen=True, slots=True)
class Choice:
    """A source's name, never ``auto``, and the reason for it."""

    name: str
    reason: str

    @property
    def from_robot(self) -> bool:
        """Return whether the pictures are those of the daemon's camera."""
        return self.name in ("webrtc", "sdk")


def choose(wanted: str, robot_host: str, frame_rate_hz: float) -> Choice:
    """Return what ``wanted``, one of the names of this package, means for this robot and rate.

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


def build(
    choice: Choice,
    values: Mapping[str, Any],
    api: DaemonApi,
    on_connection: OnConnection,
    supervisor: Supervisor,
) -> VideoSource:
    """Return the source that was chosen, closed; ``values`` are the camera node's parameters.

    Raises SetupError, naming what to install or to set, if it cannot be used here.
    """
    match choice.name:
        case "webrtc":
            return SharedSession(
                values["robot_host"],
                values["signalling_port"],
                on_connection=on_connection,
                supervisor=supervisor,
            )
        case "sdk":
            return LocalSource(api, on_connection, supervisor)
        case "opencv":
            return OpenCvSource(values["opencv_source"], on_connection, supervisor)
        case "synthetic":
            rate_hz = max(synthetic.RATE_HZ, values["frame_rate"])
            return SyntheticSource(rate_hz, on_connection, supervisor)
    raise AssertionError(f"no source {choice.name}")


def is_this_machine(host: str) -> bool:
    """Return whether ``host`` is surely this machine, by its loopback address or its name."""
    own = socket.gethostname().lower()
    return is_loopback(host) or host.lower().removesuffix(".") in (own, f"{own}.local")
