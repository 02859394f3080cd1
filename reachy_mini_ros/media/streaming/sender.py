# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Sends a live stream to one destination: a program of its own, for its parent only.

Connecting, writing and closing in FFmpeg may take until the network gives up, and PyAV holds the
interpreter meanwhile: in the node's process one dead server would stop everything. This can be
killed at any time.

On stdin comes a line of JSON (url, format, options, host), not to be seen in the list of processes,
then FLV until the end. On stdout goes a line of JSON: {"active": true} once the stream can be seen,
or {"error": reason, "final": whether to try again makes no sense}. No text of FFmpeg's gets out,
as it may hold the URL.
"""

import ctypes
import errno
import io
import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import OutputContainer
from av.stream import Stream

from reachy_mini_ros.media.opus import RATE_HZ
from reachy_mini_ros.media.streaming.flv import AUDIO, FILE_HEADER, VIDEO, Tag, TagReader

_MILLISECOND = Fraction(1, 1000)
_PR_SET_PDEATHSIG = 1
_REASONS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (ConnectionRefusedError, "nothing listens there"),
    (TimeoutError, "no answer"),
    (PermissionError, "permission denied"),
    (FileNotFoundError, "the folder is gone"),
)
_REFUSED = "the server refused or ended it: is the key right, and in use by nobody else?"


def _tags() -> Iterator[Tag]:
    reader = TagReader()
    while piece := os.read(0, 65536):
        yield from reader.add(piece)


def _job() -> dict[str, Any]:
    line = bytearray()
    while not line.endswith(b"\n") and (byte := os.read(0, 1)):
        line += byte
    job: dict[str, Any] = json.loads(line)
    return job


def _tell(**what: object) -> None:
    print(json.dumps(what), flush=True)


def _open(job: dict[str, Any], described: list[Tag]) -> tuple[OutputContainer, dict[int, Stream]]:
    """Open the output, with streams like those of the tags."""
    # Before FFmpeg 8 it knows no Opus in FLV.
    opus = any(tag.is_opus for tag in described)
    content = FILE_HEADER + b"".join(tag.encode() for tag in described if not tag.is_opus)
    with av.open(io.BytesIO(content), format="flv") as like:
        output = av.open(job["url"], "w", format=job["format"], options=job["options"])
        streams: dict[int, Stream] = {
            VIDEO: output.add_stream_from_template(like.streams.video[0], opaque=True)
        }
        if opus:
            streams[AUDIO] = output.add_stream("libopus", rate=RATE_HZ, layout="stereo")
        else:
            streams[AUDIO] = output.add_stream_from_template(like.streams.audio[0], opaque=True)
        output.start_encoding()
    return output, streams


def _packet(tag: Tag, stream: Stream) -> "av.Packet[Any]":
    packet = av.Packet(tag.payload)
    packet.stream = stream
    packet.time_base = _MILLISECOND
    packet.pts = packet.dts = tag.time_ms  # there are no B-frames
    packet.is_keyframe = tag.key or tag.kind == AUDIO
    return packet


def _send(job: dict[str, Any]) -> None:
    tags = _tags()
    beginning: list[Tag] = []
    while not {VIDEO, AUDIO} <= {tag.kind for tag in beginning if not tag.describes}:
        tag = next(tags, None)
        if tag is None:
            return
        beginning.append(tag)
    if job["host"] is not None:
        socket.getaddrinfo(*job["host"])
    output, streams = _open(job, beginning)
    seen = False
    for packets in (iter(beginning), tags):
        for tag in packets:
            if not tag.describes:
                output.mux(_packet(tag, streams[tag.kind]))
            if not seen and (job["host"] is not None or Path(job["url"]).exists()):
                seen = True
                _tell(active=True)
    output.close()


def _reason(error: Exception, *, network: bool) -> str:
    if isinstance(error, socket.gaierror):
        return "its name cannot be resolved"
    for kind, reason in _REASONS:
        if isinstance(error, kind):
            return reason
    # FFmpeg has no better words for what an RTMP or RTSP server answers.
    ended = (av.EOFError, av.HTTPError, BrokenPipeError, ConnectionResetError)
    if network and (isinstance(error, ended) or getattr(error, "errno", 0) == errno.EIO):
        return _REFUSED
    return f"FFmpeg says: {getattr(error, 'strerror', None) or type(error).__name__}"


def main() -> None:
    """Send until stdin ends or nothing can be sent any more."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    job = _job()
    try:
        _send(job)
    except av.error.ProtocolNotFoundError:
        _tell(error="the FFmpeg of this machine's PyAV does not know this protocol", final=True)
    except (av.FFmpegError, OSError, ValueError) as error:
        _tell(error=_reason(error, network=job["host"] is not None), final=False)
    else:
        return
    sys.stdout.flush()
    os._exit(1)  # without closing, which may hang


if __name__ == "__main__":
    main()
