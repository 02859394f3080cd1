# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How a link to the robot is, whichever link it is."""

from enum import StrEnum


class Connection(StrEnum):
    """How the link to the robot is; ``stalled``: the socket is open but nothing comes."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    STALLED = "stalled"
    LOST = "lost"
