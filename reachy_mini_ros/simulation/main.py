# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``reachy_mini_sim``: the robot's real daemon without hardware, and its camera and sound."""

import argparse
import sys

from reachy_mini_ros.signals import end_at_signals, ignore_signals

MODULE = "reachy_mini_ros.simulation.main"


def main() -> None:
    """Run until SIGINT or SIGTERM; exit 1 with one line if something is in the way."""
    end_at_signals()
    from reachy_mini_ros.simulation.options import PROGRAM, options_of

    options = options_of(sys.argv[1:])
    if options.instances > 1:
        sys.exit(_several(options))
    from reachy_mini_ros.command_line import fail
    from reachy_mini_ros.errors import ReachyMiniRosError
    from reachy_mini_ros.simulation.robot import run_until_signal

    try:
        run_until_signal(options)
    except ReachyMiniRosError as error:
        fail(PROGRAM, error)
    finally:
        ignore_signals()


def _several(options: argparse.Namespace) -> int:
    """Run several robots until a signal, or until one ends by itself; return the exit code."""
    from reachy_mini_ros.children import Child, run
    from reachy_mini_ros.simulation.options import PROGRAM, of_instance

    def on_end(child: Child, how: str, left: int) -> bool:
        print(f"{PROGRAM}: {child.name} {how}", file=sys.stderr, flush=True)
        return False

    numbers = range(options.instances)
    robots = [Child(f"robot {n + 1}", MODULE, of_instance(options, n)) for n in numbers]
    return run([robots], on_end)


if __name__ == "__main__":
    main()
