# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How far a session with the robot's media has come, which is what to look at if it fails."""

from enum import StrEnum


class Stage(StrEnum):
    """What is next on the way to the robot's pictures; what failed, if nothing comes of it."""

    NAME = "name"
    """The host's address is looked up."""
    CONNECT = "connect"
    """TCP to the signalling port."""
    SIGNALLING = "signalling"
    """The websocket, and answers on it."""
    PRODUCER = "producer"
    """The robot's media at the signalling server."""
    OFFER = "offer"
    """The robot's description of what it sends."""
    CANDIDATES = "candidates"
    """Addresses for the media, ours and the robot's."""
    ICE = "ice"
    """A pair of these between which UDP passes."""
    DTLS = "dtls"
    """The handshake for the encryption."""
    PACKETS = "packets"
    """The first picture's packets, or the next picture's."""
    KEY_FRAME = "key_frame"
    """A picture that decoding can begin with."""
    DECODING = "decoding"
    """The first decoded picture."""
    STREAMING = "streaming"
    """Pictures come."""

    @property
    def rank(self) -> int:
        """Return its place on the way."""
        return _RANKS[self]


_RANKS = {stage: rank for rank, stage in enumerate(Stage)}
