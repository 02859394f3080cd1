# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``audio_record``: the robot's microphone into a WAV file, by way of the audio node."""

import sys

from reachy_mini_ros.signals import end_at_signals

PROGRAM = "audio_record"
LONGEST_S = 86400.0


def main() -> None:
    """Run the program."""
    end_at_signals()
    from pathlib import Path

    from reachy_mini_ros.command_line import NAMESPACE_HELP, Parser, fail, parse

    parser = Parser(
        PROGRAM,
        "Records the robot's microphone: writes what the audio node publishes on audio/pcm.",
        details=NAMESPACE_HELP,
    )
    parser.add_argument("file", type=Path, help="WAV file to write, 16 kHz")
    parser.add_argument(
        "--seconds",
        type=float,
        default=5.0,
        help=f"how long, up to {LONGEST_S:g} (default: 5); Ctrl-C ends it early",
    )
    options = parse(parser, sys.argv[1:])
    if not 0 < options.seconds <= LONGEST_S:
        parser.error(f"--seconds: {options.seconds:g} is outside 0 to {LONGEST_S:g}")
    from reachy_mini_ros.errors import ReachyMiniRosError
    from reachy_mini_ros.media.microphone import RATE_HZ
    from reachy_mini_ros.nodes.audio.file_recorder import record

    try:
        written = record(PROGRAM, options.file, options.seconds)
    except (ReachyMiniRosError, OSError) as error:
        fail(PROGRAM, error)
    print(f"{options.file}: {written} samples, {written / RATE_HZ:.2f} s")


if __name__ == "__main__":
    main()
