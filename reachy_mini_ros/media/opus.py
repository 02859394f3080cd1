# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What of Opus (RFC 6716) must be known to hand its packets on."""

OPUS = "opus"
"""The codec's name in ``EncodedSound`` and in messages."""
RATE_HZ = 48_000
"""Of all times in Opus, whatever was encoded."""
SILENCE = b"\xfc\xff\xfe"
"""20 ms of digital silence in stereo, as libopus encodes it."""
LONGEST = RATE_HZ * 120 // 1000
"""Samples that a packet has at most (RFC 6716, section 3.4)."""

_SPEECH_MS = (10, 20, 40, 60)
_HYBRID_MS = (10, 20)
_MUSIC_MS = (2.5, 5, 10, 20)
_FIRST_HYBRID, _FIRST_MUSIC = 12, 16


def duration(packet: bytes) -> int:
    """Return how many samples a packet has (RFC 6716, section 3.1); 0 for what is no packet."""
    if not packet:
        return 0
    configuration, code = packet[0] >> 3, packet[0] & 3
    if configuration < _FIRST_HYBRID:
        frame_ms: float = _SPEECH_MS[configuration % 4]
    elif configuration < _FIRST_MUSIC:
        frame_ms = _HYBRID_MS[configuration % 2]
    else:
        frame_ms = _MUSIC_MS[configuration % 4]
    many = packet[1] & 0x3F if len(packet) > 1 else 0
    frames = (1, 2, 2, many)[code]
    samples = round(frames * frame_ms * RATE_HZ / 1000)
    return samples if samples <= LONGEST else 0


def head(channels: int) -> bytes:
    """Return what describes a stream that begins anywhere (RFC 7845, section 5.1)."""
    parts = (b"OpusHead", b"\x01", bytes([channels]), bytes(2), RATE_HZ.to_bytes(4, "little"))
    return b"".join(parts) + bytes(3)
