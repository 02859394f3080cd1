# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the daemon tells of the robot's insides, judged."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from reachy_mini.io.protocol import DaemonStatus, MotorControlMode, RobotBackendStatus

from reachy_mini_ros.robot import health, sdk
from reachy_mini_ros.robot.health import HealthWatch, Severity
from reachy_mini_ros.robot.state import Health, RobotInfo

OVERLOAD = "2026-11-25T10:00:00+0000 reachy-mini daemon[1]: Motor 'stewart_3' hardware errors: "


def told(
    last_alive: float | None = 1.0,
    more: Mapping[str, object] = MappingProxyType({}),
    ready: bool = True,
    **stats: Any,
) -> RobotInfo:
    """Return what a real robot's daemon tells, parsed as it is from its message."""
    status = DaemonStatus(
        robot_name="r",
        state="running",
        wireless_version=True,
        desktop_app_daemon=False,
        simulation_enabled=False,
        mockup_sim_enabled=False,
        backend_status=RobotBackendStatus(
            ready=ready,
            motor_control_mode=MotorControlMode.Enabled,
            last_alive=last_alive,
            control_loop_stats=stats,
        ),
        **more,
    )
    return sdk.parse_status(json.loads(status.model_dump_json()))


class Clock:
    """The watch's time, which passes when it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 1000.0
        monkeypatch.setattr(health.time, "monotonic", lambda: self.now_s)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_motors_are_silent_by_the_robot_s_own_clock_whatever_it_says(clock: Clock) -> None:
    watch = HealthWatch()
    assert watch.verdict().severity is Severity.STALE
    for second in range(5):
        watch.note(told(last_alive=5e8 + second))
        assert watch.verdict().severity is Severity.OK
        clock.now_s += 1.0
    clock.now_s += 2.0
    assert watch.verdict().severity is Severity.OK, "the daemon's word is late, not the motors"
    watch.note(told(last_alive=5e8 + 4))
    verdict = watch.verdict()
    assert verdict.severity is Severity.ERROR
    assert "the motors have not answered for 3 s, although the motor mode is" in verdict.text
    watch.note(told(last_alive=5e8 + 7))
    assert watch.verdict().severity is Severity.OK
    clock.now_s += health.HEARD_S
    assert watch.verdict().severity is Severity.STALE
    assert watch.health is None


def test_an_error_of_a_motor_counts_when_it_comes_again_and_for_as_long_as_it_does(
    clock: Clock,
) -> None:
    watch = HealthWatch()
    for _ in range(50):  # the log begins with what was
        watch.note_log(OVERLOAD + "['Overload Error']")
    watch.note_log("daemon[1]: INFO: Motor control mode: enabled")
    assert watch.motor_errors() == ""
    for second in range(3):
        clock.now_s += 1.0
        watch.note(told(last_alive=float(second)))
        watch.note_log(OVERLOAD + "['Overload Error']\n")
    assert watch.motor_errors() == "stewart_3: ['Overload Error']"
    verdict = watch.verdict()
    assert verdict.severity is Severity.ERROR
    assert "stewart_3" in verdict.text
    clock.now_s += health.MOTOR_ERRORS_S + 0.1
    watch.note(told(last_alive=9.0))
    assert watch.verdict().severity is Severity.OK


@pytest.mark.parametrize("worthless", ["fast", None, True, [50], 10**400])
def test_statistics_that_are_no_numbers_are_not_known(worthless: object) -> None:
    stats = {"mean_control_loop_frequency": worthless, "nb_error": worthless}
    assert told(**stats).health == Health(ready=True, motors_answered=1.0, media="available")


def test_what_changes_each_second_is_no_news() -> None:
    assert told(1.0, nb_error=0) == told(2.0, nb_error=3)


@pytest.mark.parametrize(
    ("told_so", "severity", "text"),
    [
        (told(nb_error=3), Severity.WARN, "3 reads of the motors failed"),
        (told(mean_control_loop_frequency=21.0), Severity.WARN, "runs at 21 Hz"),
        (told(max_control_loop_interval=0.31), Severity.WARN, "paused for 0.31 s"),
        (told(more={"media_released": True}), Severity.WARN, "released to another program"),
        (told(ready=False), Severity.ERROR, "does not run, although the motor mode is 'enabled'"),
        (told(more={"error": "No response"}), Severity.ERROR, "in error: No response"),
        (told(mean_control_loop_frequency=49.0, nb_error=0), Severity.OK, "works"),
    ],
)
def test_what_is_wrong_is_told(told_so: RobotInfo, severity: Severity, text: str) -> None:
    watch = HealthWatch()
    watch.note(told_so)
    verdict = watch.verdict()
    assert (verdict.severity, text in verdict.text) == (severity, True), verdict


@pytest.mark.parametrize(
    ("told_so", "severity"),
    [
        (told(mean_control_loop_frequency=40.0), Severity.OK),
        (told(mean_control_loop_frequency=39.9), Severity.WARN),
        (told(max_control_loop_interval=0.2), Severity.OK),
        (told(max_control_loop_interval=0.201), Severity.WARN),
        (told(nb_error=1), Severity.WARN),
    ],
)
def test_bounds_are_where_they_are_said_to_be(told_so: RobotInfo, severity: Severity) -> None:
    watch = HealthWatch()
    watch.note(told_so)
    assert watch.verdict().severity is severity
    assert watch.health == told_so.health


def test_a_second_and_a_half_of_silence_is_the_end_of_motors(clock: Clock) -> None:
    watch = HealthWatch()
    assert watch.silent_s() is None
    watch.note(told(last_alive=7.0))
    for silent_s, severity in ((1.5, Severity.OK), (1.6, Severity.ERROR)):
        clock.now_s = 1000.0 + silent_s
        watch.note(told(last_alive=7.0))
        assert watch.silent_s() == pytest.approx(silent_s)
        assert watch.verdict().severity is severity
    watch.note(told(last_alive=None))
    assert watch.silent_s() is None, "a daemon that does not tell"


def test_what_is_told_holds_for_five_seconds_and_an_error_for_three(clock: Clock) -> None:
    watch = HealthWatch()
    watch.note(told())
    watch.note_log(OVERLOAD + "first")
    clock.now_s = 1000.4
    watch.note_log(OVERLOAD + "again, too soon")
    assert watch.motor_errors() == ""
    clock.now_s = 1000.5
    watch.note_log(OVERLOAD + "again")
    assert watch.motor_errors() == "stewart_3: again"
    clock.now_s = 1003.5
    assert watch.motor_errors() == "stewart_3: again"
    clock.now_s = 1003.6
    assert watch.motor_errors() == ""
    watch.note_log(OVERLOAD + "after more than three seconds it begins anew")
    assert watch.motor_errors() == ""
    clock.now_s = 1004.9
    assert watch.health == told().health
    clock.now_s = 1005.0
    assert watch.health is None
    watch.note_log(OVERLOAD + "again")
    assert watch.motor_errors() == "stewart_3: again"
    watch.imu_celsius = 30.0
    watch.lost()
    assert (watch.imu_celsius, watch.motor_errors()) == (None, "")
    assert {one.name: one.value for one in Severity} == dict(OK=0, WARN=1, ERROR=2, STALE=3)


def test_the_health_of_the_robot_changes_each_second_and_is_no_news() -> None:
    one, other = told(last_alive=1.0), told(last_alive=2.0, nb_error=3)
    assert one.health != other.health
    assert one == other
    assert "health" not in one.facts()
