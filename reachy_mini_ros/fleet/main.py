# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``fleet_page``: one page for all robots of a fleet."""

import sys
from pathlib import Path

from reachy_mini_ros.signals import end_at_signals, ignore_signals

PROGRAM = "fleet_page"


def main() -> None:
    """Serve until SIGINT or SIGTERM; exit 1 with one line if it cannot, 2 for a wrong file."""
    end_at_signals()
    from reachy_mini_ros.command_line import Parser, fail
    from reachy_mini_ros.errors import SetupError
    from reachy_mini_ros.fleet.reading import MistakesError

    parser = Parser(
        PROGRAM,
        "One page that shows all robots of a fleet and stops them; bringup --fleet and\n"
        "fleet.launch.py start it.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the fleet's (docs/fleet.md)")
    file = parser.parse_args().file
    try:
        from reachy_mini_ros.fleet.serve import serve

        serve(file)
    except MistakesError as error:
        for mistake in error.mistakes:
            print(f"{PROGRAM}: {mistake}", file=sys.stderr)
        sys.exit(2)
    except SetupError as error:
        fail(PROGRAM, error)
    finally:
        ignore_signals()


if __name__ == "__main__":
    main()
