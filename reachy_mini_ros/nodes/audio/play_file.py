# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``audio_play_file``: a sound file to the robot's speaker, by way of the audio node."""

import sys

from reachy_mini_ros.signals import end_at_signals, interruptible

PROGRAM = "audio_play_file"


def main() -> None:
    """Run the program."""
    end_at_signals()
    from pathlib import Path

    from reachy_mini_ros.command_line import NAMESPACE_HELP, Parser, fail, parse

    parser = Parser(
        PROGRAM,
        "Plays a sound file on the robot's speaker: publishes it on audio/play for the audio node.",
        details=NAMESPACE_HELP,
    )
    parser.add_argument("file", type=Path, help="WAV, FLAC, MP3, Ogg or another that FFmpeg reads")
    file = parse(parser, sys.argv[1:]).file
    from reachy_mini_ros.errors import ReachyMiniRosError
    from reachy_mini_ros.nodes.audio.file_player import play

    with interruptible():
        try:
            print(f"{file}: {play(PROGRAM, file):.2f} s")
        except ReachyMiniRosError as error:
            fail(PROGRAM, error)


if __name__ == "__main__":
    main()
