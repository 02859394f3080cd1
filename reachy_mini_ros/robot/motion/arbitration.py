# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The rules of one owner at a time. No I/O: whoever moves the robot asks here first.

The daemon has no such rules: two gotos at once interleave every tick, targets that are streamed
during a move are dropped without a word, and so is everything while the motors are off.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from reachy_mini_ros.errors import BusyError
from reachy_mini_ros.robot.motion.lease import Lease


class Owner(StrEnum):
    """What moves the robot."""

    IDLE = "idle"
    STREAMING = "streaming"
    GOTO = "goto"
    TRAJECTORY = "trajectory"
    MOVE = "move"
    SLEEPING = "sleeping"
    """Falls asleep, sleeps or wakes up."""


class Situation(StrEnum):
    """What decides: the owner, or why the motors do not follow."""

    IDLE = "idle"
    STREAMING = "streaming"
    GOTO = "goto"
    TRAJECTORY = "trajectory"
    MOVE = "move"
    TRANSITION = "waking up or falling asleep"
    ASLEEP = "asleep"
    MOTORS_OFF = "motors off"
    COMPLIANT = "gravity compensation"


class Command(StrEnum):
    """What wants to move the robot. `stop` and switching the motors are always allowed."""

    TARGET = "set_target"
    GOTO = "goto"
    TRAJECTORY = "trajectory"
    MOVE = "move"
    WAKE_UP = "wake_up"
    GOTO_SLEEP = "goto_sleep"


class Verdict(StrEnum):
    """What happens to a command; all but the first two refuse it."""

    START = "starts"
    PREEMPT = "preempts"
    BUSY = "refused: running"
    ASLEEP = "refused: asleep"
    OFF = "refused: motors off"
    COMPLIANT = "refused: compliant"


MESSAGES = {
    Verdict.BUSY: "{owner} is running: wait for its end or call stop",
    Verdict.ASLEEP: "the robot is asleep: call wake_up",
    Verdict.OFF: "the motors are off: call wake_up or enable_motors",
    Verdict.COMPLIANT: "gravity compensation is on and the motors follow no target: switch it off "
    "or call enable_motors",
}
OVERTAKEN_MESSAGE = "it was sent before the stop: send it again if it still holds"
STOPPED_MESSAGE = (
    "the robot was stopped: pause the streamed targets for {pause_s} s, then send them again"
)

_S, _P, _B = Verdict.START, Verdict.PREEMPT, Verdict.BUSY
_A, _O, _C = Verdict.ASLEEP, Verdict.OFF, Verdict.COMPLIANT
# In the order of Command. A deliberate command takes the place of an older one, a stream never
# does: it would come again and again, and win over everything.
_ROWS = {
    Situation.IDLE: (_S, _S, _S, _S, _S, _S),
    Situation.STREAMING: (_S, _P, _P, _P, _P, _P),
    Situation.GOTO: (_B, _P, _P, _P, _P, _P),
    Situation.TRAJECTORY: (_B, _P, _P, _P, _P, _P),
    Situation.MOVE: (_B, _P, _P, _P, _P, _P),
    Situation.TRANSITION: (_B, _B, _B, _B, _B, _B),
    Situation.ASLEEP: (_A, _A, _A, _A, _S, _A),
    Situation.MOTORS_OFF: (_O, _O, _O, _O, _S, _O),
    Situation.COMPLIANT: (_C, _C, _C, _C, _S, _S),
}
RULES = {
    situation: dict(zip(Command, verdicts, strict=True)) for situation, verdicts in _ROWS.items()
}

_OWNERS = {
    Command.TARGET: Owner.STREAMING,
    Command.GOTO: Owner.GOTO,
    Command.TRAJECTORY: Owner.TRAJECTORY,
    Command.MOVE: Owner.MOVE,
    Command.WAKE_UP: Owner.SLEEPING,
    Command.GOTO_SLEEP: Owner.SLEEPING,
}


@dataclass(frozen=True, slots=True)
class MotionStatus:
    """Who moves the robot, and what its motors do."""

    owner: Owner = Owner.IDLE
    motor_mode: str = ""
    """`enabled`, `disabled` or `gravity_compensation`; empty if the robot has not said."""


class Motion:
    """Says who owns the robot's motion, and decides by :data:`RULES` which command may begin.

    A stream owns the motion until no target came for ``command_timeout_s``. After a stop, streamed
    targets are refused until they have paused for as long: what was on its way must not undo it.
    """

    def __init__(
        self, command_timeout_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.command_timeout_s = command_timeout_s
        self._motor_mode = ""
        self._clock = clock
        self._running: Command | None = None
        self._streamed_s = 0.0
        self._slept = False
        self._stopped = False
        self._quiet_since_s = 0.0
        self.lease = Lease(clock)
        """Of who commands alone."""
        self.stops = 0
        """How many stops there have been."""

    @property
    def motor_mode(self) -> str:
        """`enabled`, `disabled` or `gravity_compensation`; empty if the robot has not said."""
        return self._motor_mode

    @motor_mode.setter
    def motor_mode(self, mode: str) -> None:
        self._motor_mode = mode
        if mode != "disabled":
            self._slept = False

    @property
    def running(self) -> Command | None:
        """The command that owns the motion now."""
        return self._running

    @property
    def moves(self) -> bool:
        """Whether a move runs; a stream does not count, it may stand still."""
        return self._running not in (None, Command.TARGET)

    @property
    def owner(self) -> Owner:
        """Who owns the motion now."""
        if self._running is not None:
            return _OWNERS[self._running]
        return Owner.SLEEPING if self.situation is Situation.ASLEEP else Owner.IDLE

    @property
    def status(self) -> MotionStatus:
        """What there is to tell of it."""
        return MotionStatus(self.owner, self._motor_mode)

    @property
    def situation(self) -> Situation:
        """The row of :data:`RULES` that holds now."""
        if self._running in (Command.WAKE_UP, Command.GOTO_SLEEP):
            return Situation.TRANSITION
        if self._motor_mode == "disabled":
            return Situation.ASLEEP if self._slept else Situation.MOTORS_OFF
        if self._motor_mode == "gravity_compensation":
            return Situation.COMPLIANT
        return Situation.IDLE if self._running is None else Situation(_OWNERS[self._running].value)

    def admit(self, command: Command, stops: int | None = None) -> Verdict:
        """Return START or PREEMPT if a command may begin now; raises BusyError if not.

        ``stops`` is :attr:`stops` when the command came: it may have been got ready meanwhile.
        """
        if stops is not None and stops != self.stops:
            raise BusyError(OVERTAKEN_MESSAGE)
        verdict = RULES[self.situation][command]
        if verdict in MESSAGES:
            raise BusyError(MESSAGES[verdict].format(owner=self._running))
        if command is Command.TARGET:
            self._admit_stream()
        return verdict

    def began(self, command: Command) -> None:
        """Note that an admitted command has the robot; for a stream, with each target."""
        self._running = command
        self._streamed_s = self._clock()
        self._slept = False

    def ended(self, *, asleep: bool = False) -> None:
        """Note that the command is over that had the robot, and whether it sleeps now."""
        self._running = None
        self._slept = asleep

    def stream_is_over(self) -> bool:
        """Tell whether a stream has the robot, and no target has come for long enough."""
        return self._running is Command.TARGET and (
            self._clock() - self._streamed_s >= self.command_timeout_s
        )

    def stopped(self) -> None:
        """Note a stop: nothing moves the robot, and no stream may until it has paused."""
        self._stopped = True
        self._quiet_since_s = self._clock()
        self._running = None
        self.stops += 1

    def _admit_stream(self) -> None:
        now_s = self._clock()
        if self._stopped and now_s - self._quiet_since_s < self.command_timeout_s:
            self._quiet_since_s = now_s
            raise BusyError(STOPPED_MESSAGE.format(pause_s=self.command_timeout_s))
        self._stopped = False
