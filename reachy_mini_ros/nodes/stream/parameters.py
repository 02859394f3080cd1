# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Parameters of the stream node, and what they ask for."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reachy_mini_ros.hosts import network_address
from reachy_mini_ros.media.streaming.target import Target, folder, servers
from reachy_mini_ros.nodes.common.parameters import ROBOT_HOST, SIGNALLING_PORT, Param

BITRATE_KBPS = 2500

PARAMETERS = (
    ROBOT_HOST,
    SIGNALLING_PORT,
    Param(
        "autostart", False, "Stream from the start; else stream/start asks for it", read_only=True
    ),
    Param(
        "destinations",
        (),
        "Servers to stream to: rtmp://, rtmps://, rtsp:// or, where FFmpeg knows it, srt:// URLs "
        "with their keys; empty: those of destinations_file",
        secret=True,
    ),
    Param(
        "destinations_file",
        "",
        "File with one of these URLs a line; empty: the environment variable "
        "REACHY_MINI_DESTINATIONS, or none",
        read_only=True,
        path=True,
    ),
    Param("hls", True, "Stream into the dashboard's /live/hls/index.m3u8"),
    Param("dash", False, "Stream into the dashboard's /live/dash/manifest.mpd"),
    Param(
        "video",
        "auto",
        "Whether the robot's H264 is copied or pictures are encoded; auto copies where there is a "
        "video_topic with H264 and bitrate is as it was",
        choices=("auto", "copy", "encode"),
    ),
    Param(
        "sound",
        "auto",
        "auto copies the robot's Opus to hls, dash and rtsp:// and makes AAC for the others; "
        "encode makes AAC for all, for players that know no Opus",
        choices=("auto", "encode"),
    ),
    Param(
        "bitrate",
        BITRATE_KBPS,
        "Of the picture where it is encoded, kbit/s; sound takes 128 more",
        100,
        20000,
    ),
    Param(
        "keyframe_interval",
        2.0,
        "Seconds between key frames, where viewers can begin and files are cut; of a copied "
        "picture, see the camera's",
        0.5,
        10.0,
    ),
    Param(
        "live_directory",
        "",
        "Where HLS and DASH are written, the dashboard's of the same name; empty: a folder in RAM",
        read_only=True,
        path=True,
    ),
    Param(
        "video_topic",
        "camera/video",
        "H264 to copy, subscribed to only while streaming",
        read_only=True,
        topic=True,
    ),
    Param(
        "image_topic",
        "camera/image_raw/compressed",
        "JPEG pictures to encode, subscribed to only while streaming",
        read_only=True,
        topic=True,
    ),
    Param(
        "audio_topic",
        "audio/pcm",
        "Sound to encode, subscribed to only while a destination needs it; empty: silence",
        read_only=True,
        topic=True,
    ),
    Param(
        "opus_topic",
        "audio/opus",
        "Opus to copy, subscribed to only while streaming; empty: none",
        read_only=True,
        topic=True,
    ),
    Param(
        "public_host",
        "127.0.0.1",
        "Name or address of this machine in the URLs for viewers",
        read_only=True,
    ),
    Param("dashboard_port", 8042, "Port of the dashboard in those URLs", 1, 65535, read_only=True),
    Param(
        "web_video_server_port",
        8080,
        "Port of web_video_server in those URLs",
        1,
        65535,
        read_only=True,
    ),
)


def dashboard_url(values: Mapping[str, Any]) -> str:
    """Return where viewers find the dashboard, without a slash at the end."""
    return f"http://{network_address(values['public_host'], values['dashboard_port'])}"


def targets(
    values: Mapping[str, Any], directory: Path, destinations: Sequence[str]
) -> list[Target]:
    """Return where to stream to; ``directory`` is what the dashboard serves as /live/.

    ``destinations`` are those that count where the parameter of this name is empty.

    Raises ValueError, which tells no secret, if a destination is none.
    """
    urls = values["destinations"] or destinations
    base_url = f"{dashboard_url(values)}/live"
    found = [
        folder(kind, directory, base_url, values["keyframe_interval"])
        for kind in ("hls", "dash")
        if values[kind]
    ]
    return [*found, *servers(urls)]
