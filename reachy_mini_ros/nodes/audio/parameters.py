# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The parameters of the audio node."""

from reachy_mini_ros.nodes.common import pcm
from reachy_mini_ros.nodes.common.parameters import (
    AUTOSTART,
    FRAME_PREFIX,
    ROBOT_HOST,
    ROBOT_PORT,
    SIGNALLING_PORT,
    Param,
)

FRAME_ID = "head"
"""Of all sound: the microphones are in the head."""
AS_IT_IS = -1
"""A volume that is not touched."""

PARAMETERS = (
    ROBOT_HOST,
    ROBOT_PORT,
    SIGNALLING_PORT,
    AUTOSTART,
    FRAME_PREFIX,
    Param("channels", 1, "Channels of pcm; 1 is the mean of both", 1, 2, read_only=True),
    Param("fill_gaps", False, "Put silence where sound was lost, so that time stays true"),
    Param("activity_threshold", -40.0, "Level above which activity begins, dBFS", -90.0, 0.0),
    Param(
        "play_sample_rate",
        16000,
        "Rate of what comes on play without a sample_rate in its layout, Hz",
        pcm.LOWEST_RATE_HZ,
        pcm.HIGHEST_RATE_HZ,
    ),
    Param(
        "speaker_volume",
        AS_IT_IS,
        "Volume of the robot's speaker, %, for all its clients; setting it makes the robot play a "
        "sound; -1: as it is",
        AS_IT_IS,
        100,
    ),
    Param(
        "microphone_volume",
        AS_IT_IS,
        "Volume of the robot's microphone, %, for all its clients; -1: as it is",
        AS_IT_IS,
        100,
    ),
)
