# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Everything this package raises on purpose; each text says what, why and what to do."""

from reachy_mini_ros.texts import LONGEST_SENTENCE, shown


class ReachyMiniRosError(Exception):
    """Base of all errors raised on purpose.

    Its text is one line of bounded length, whatever came from outside into it.
    """

    def __str__(self) -> str:
        return shown(super().__str__(), LONGEST_SENTENCE)


class InvalidCommandError(ReachyMiniRosError, ValueError):
    """A command was refused before it reached the robot: its content is wrong."""


class UnreachableError(InvalidCommandError):
    """A target is well formed, and the robot cannot get there."""


class BusyError(ReachyMiniRosError):
    """A command was refused because of what the robot does now, or because its motors are off."""


class PreemptedError(ReachyMiniRosError):
    """A command was being carried out, and another one ended it."""


class NotConnectedError(ReachyMiniRosError, ConnectionError):
    """The robot is away at the moment."""


class RobotError(ReachyMiniRosError):
    """The robot's daemon answered, and its answer was an error."""


class MalformedError(RobotError):
    """What came from the robot is not what it should be: no JSON, a wrong type, an absurd value."""


class TimedOutError(RobotError):
    """The robot's daemon did not report the end of a command in time."""


class SetupError(ReachyMiniRosError):
    """Something a person must put right first: a used port, a missing package, a bad parameter.

    Its text is for a terminal, and what stands in it came from there.
    """

    def __str__(self) -> str:
        return Exception.__str__(self)


class StoppedError(ReachyMiniRosError):
    """The program was asked to end while it still waited for something to begin with."""


class UnavailableError(SetupError):
    """A part cannot be there as the machine is now; the parts beside it can do without it."""
