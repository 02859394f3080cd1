# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How the robot does, by what its daemon tells of its control loop, its motors and its media.

A daemon whose motor controller is dead goes on to report the motor mode `enabled`. What tells is
the time at which the motors last answered: it stands still.
"""

import re
import time
from dataclasses import dataclass
from enum import Enum

from reachy_mini_ros.robot.state import Health, RobotInfo
from reachy_mini_ros.texts import shown

HEARD_S = 5.0
"""What the daemon told of itself, once a second, holds for so long."""
DEAD_S = 1.5
"""Motors that have not answered for so long do not: the daemon itself gives up after 1 s."""
SLOWEST_HZ = 40.0
"""The control loop is to run at 50 Hz."""
LONGEST_INTERVAL_S = 0.2
MOTOR_ERRORS_S = 3.0
"""The daemon logs a motor's error each second for as long as it lasts."""
AGAIN_S = 0.5
"""It counts when it comes again: the daemon's log begins with what was, all at once."""
_MOTOR_ERROR = re.compile(r"Motor '(\w{1,40})' hardware errors: (.{1,200})")


class Severity(Enum):
    """How bad it is; the names are those of diagnostic_msgs."""

    OK = 0
    WARN = 1
    ERROR = 2
    STALE = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the robot does, in a word and a sentence."""

    severity: Severity
    text: str


class HealthWatch:
    """Judges one robot by what comes from it; belongs to one event loop, but for reading."""

    def __init__(self) -> None:
        self.imu_celsius: float | None = None
        """Temperature of the IMU; None without one."""
        self._info: RobotInfo | None = None
        self._heard_s = self._answered_s = 0.0
        self._motor_errors: dict[str, tuple[float, float, str]] = {}
        """By motor: first and last time that it was told, monotonic, and the error."""

    def note(self, info: RobotInfo) -> None:
        """Take what the daemon tells of itself."""
        now_s = time.monotonic()
        known, self._info = self._info, info
        self._heard_s = now_s
        if known is None or known.health.motors_answered != info.health.motors_answered:
            self._answered_s = now_s

    def note_log(self, line: str) -> None:
        """Take a line of the daemon's log, which tells the errors of motors, and nothing else."""
        found = _MOTOR_ERROR.search(line)
        if found is None:
            return
        now_s = time.monotonic()
        first_s, last_s, _ = self._motor_errors.get(found[1], (now_s, now_s, ""))
        if now_s - last_s > MOTOR_ERRORS_S:
            first_s = now_s
        self._motor_errors[found[1]] = first_s, now_s, shown(found[2].strip())

    def lost(self) -> None:
        """Forget what holds only while the link does; a daemon in error tells itself over HTTP."""
        self.imu_celsius = None
        self._motor_errors.clear()

    @property
    def health(self) -> Health | None:
        """The newest, None if it is too old."""
        info = self._fresh()
        return None if info is None else info.health

    def silent_s(self) -> float | None:
        """Return for how long they had not answered when the daemon last told; None if it does not.

        Not until now: that its word is late says nothing of the motors.
        """
        info = self._fresh()
        if info is None or info.health.motors_answered is None:
            return None
        return self._heard_s - self._answered_s

    def motor_errors(self) -> str:
        """Return the errors of motors that last, empty without any."""
        now_s = time.monotonic()
        return "; ".join(
            f"{motor}: {error}"
            for motor, (first_s, last_s, error) in tuple(self._motor_errors.items())
            if last_s - first_s >= AGAIN_S and now_s - last_s <= MOTOR_ERRORS_S
        )

    def verdict(self) -> Verdict:
        """Return how the robot does now: the worst that is wrong, with what to do."""
        info = self._fresh()
        if info is None:
            return Verdict(Severity.STALE, "the daemon tells nothing of itself")
        if error := self._error(info):
            return Verdict(Severity.ERROR, error)
        if warning := _warning(info.health):
            return Verdict(Severity.WARN, warning)
        if info.daemon_state != "running":
            return Verdict(Severity.WARN, f"the daemon is '{info.daemon_state}'")
        return Verdict(Severity.OK, "works")

    def _error(self, info: RobotInfo) -> str:
        """Return why the robot cannot move as it should, empty if it can."""
        behind = f"although the motor mode is '{info.motor_mode}'" if info.motor_mode else ""
        advice = "check the robot's power and cable, then call daemon/restart"
        if info.error or info.daemon_state == "error":
            return f"the daemon is in error: {info.error or 'it does not say why'}: {advice}"
        silent_s = self.silent_s()
        if silent_s is not None and silent_s > DEAD_S:
            return f"the motors have not answered for {silent_s:.0f} s, {behind}: {advice}"
        if info.health.ready is False and info.daemon_state == "running":
            return f"the daemon's control loop does not run, {behind}: {advice}"
        if errors := self.motor_errors():
            return f"motors report errors: {errors}: relieve them, switch them off and on again"
        return ""

    def _fresh(self) -> RobotInfo | None:
        return self._info if time.monotonic() - self._heard_s < HEARD_S else None


def _warning(health: Health) -> str:
    if health.errors:
        return f"{health.errors} reads of the motors failed within a second: check the cable"
    if health.rate_hz is not None and health.rate_hz < SLOWEST_HZ:
        return f"the daemon's control loop runs at {health.rate_hz:.0f} Hz: its computer is busy"
    if (health.longest_interval_s or 0.0) > LONGEST_INTERVAL_S:
        return f"the daemon's control loop paused for {health.longest_interval_s:.2f} s"
    if health.media == "released":
        return "the robot's media are released to another program: media/acquire takes them back"
    return ""
