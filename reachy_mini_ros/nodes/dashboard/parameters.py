# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The parameters of the dashboard node."""

from reachy_mini_ros.nodes.common.parameters import Param

PARAMETERS = (
    Param(
        "address",
        "127.0.0.1",
        "Address to listen on; any but loopback needs a token",
        read_only=True,
    ),
    Param("port", 8042, "Port to listen on", 1, 65535, read_only=True),
    Param(
        "token",
        "",
        "Secret that the page is opened with once, as ?token=...; empty: that of token_file",
        read_only=True,
        secret=True,
    ),
    Param(
        "token_file",
        "",
        "File with the token in it; empty: the environment variable REACHY_MINI_TOKEN, or none",
        read_only=True,
        path=True,
    ),
    Param(
        "certfile",
        "",
        "PEM file with a certificate, for HTTPS, which browsers want for push to talk from another "
        "computer; empty: HTTP",
        read_only=True,
        path=True,
    ),
    Param("keyfile", "", "PEM file with its key; empty: in certfile", read_only=True, path=True),
    Param(
        "read_only",
        "auto",
        "Whether commands are refused; auto: unless the address is loopback",
        choices=("auto", "true", "false"),
        read_only=True,
    ),
    Param(
        "photo_directory",
        "~/Pictures/reachy_mini",
        "Folder of the gallery: the camera's photo_directory",
        read_only=True,
        path=True,
    ),
    Param(
        "record_directory",
        "~/Videos/reachy_mini",
        "Folder of the clips: the camera's record_directory",
        read_only=True,
        path=True,
    ),
    Param(
        "live_directory",
        "",
        "Folder of the live streams below /live/, the stream node's; empty: one in memory",
        read_only=True,
        path=True,
    ),
    Param(
        "image_topic",
        "camera/image_raw/compressed",
        "JPEG pictures to show, subscribed to only while somebody looks",
        read_only=True,
        topic=True,
    ),
    Param(
        "video_topic",
        "camera/video",
        "The robot's own H264 to show, subscribed to only while somebody looks",
        read_only=True,
        topic=True,
    ),
    Param(
        "timeline_sound",
        False,
        "Whether the timeline notes sound and speech also while nobody asks for the sound: the "
        "audio node reads the microphone for it",
        read_only=True,
    ),
)
