# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Everything this package raises on purpose; each text says what, why and what to do."""


class ReachyMiniRosError(Exception):
    """Base of all errors raised on purpose."""


class InvalidCommandError(ReachyMiniRosError, ValueError):
    """A command was refused before it reached the robot: its content is wrong."""


class BusyError(ReachyMiniRosError):
    """A command was refused because something else moves the robot."""


class PreemptedError(ReachyMiniRosError):
    """A command was being carried out, and another one ended it."""


class NotConnectedError(ReachyMiniRosError, ConnectionError):
    """The robot is away at the moment."""


class RobotError(ReachyMiniRosError):
    """The robot's daemon answered, and its answer was an error."""


class SetupError(ReachyMiniRosError):
    """Something a person must put right first: a used port, a missing package, a bad parameter."""
