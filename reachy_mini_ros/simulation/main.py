# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``reachy_mini_sim``: the robot's real daemon without hardware, and its camera and sound."""

import sys

from reachy_mini_ros.signals import end_at_signals, ignore_signals


def main() -> None:
    """Run until SIGINT or SIGTERM; exit 1 with one line if something is in the way."""
    end_at_signals()
    from reachy_mini_ros.simulation.options import PROGRAM, options_of

    options = options_of(sys.argv[1:])
    from reachy_mini_ros.command_line import fail
    from reachy_mini_ros.errors import ReachyMiniRosError
    from reachy_mini_ros.simulation.robot import run_until_signal

    try:
        run_until_signal(options)
    except ReachyMiniRosError as error:
        fail(PROGRAM, error)
    finally:
        ignore_signals()


if __name__ == "__main__":
    main()
